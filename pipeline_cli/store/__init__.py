"""The only input and output: find, read, lock, write."""
