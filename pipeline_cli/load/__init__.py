"""Workspace to typed inputs: the only place where store meets formats."""
