"""Exceptions whose messages tell a user what to do."""

from __future__ import annotations


class AudioError(ValueError):
    """A song cannot be read or written; the message is a sentence a user can act on."""


class ModelError(ValueError):
    """A model cannot be used; the message is a sentence that says what to do."""


class DatasetError(ValueError):
    """Training data cannot be used; the message is a sentence that says what to do."""


class ExplanationError(ValueError):
    """An explanation cannot be made; the message is a sentence that says what to do."""
