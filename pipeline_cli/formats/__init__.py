"""Text to domain and back, pure and lossless."""
