"""Benchmarks: ours beside its opponents in the same run (`make bench`)."""
