"""Example songs, one module each."""
