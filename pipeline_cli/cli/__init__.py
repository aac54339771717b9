"""The command line. Knows no file format."""
