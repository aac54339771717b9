"""Tell the truth about a pipeline of coding agents, from plain files in git."""

__version__ = "0.1.0"
