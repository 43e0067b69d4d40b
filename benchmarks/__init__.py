"""Scripts that produce the results in the README."""
