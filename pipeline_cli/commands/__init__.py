"""One thin module a subcommand: options, load, one domain call, emit."""
