"""Scripts that make the figures of the README."""
