"""The example songs, each composed in its own module."""
