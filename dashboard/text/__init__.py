"""Text: formats, sentences, tables and HTML fragments as pure functions.

In: numbers, names and arrays. Out: strings, with untrusted names escaped.

May import: `core.constants` and `core.models.registry`, nothing else of `core`.
"""
