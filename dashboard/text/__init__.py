"""Text: numbers, sentences and HTML fragments as pure functions.

May import: the names and titles in `core.models.registry`, nothing else of `core`.
"""
