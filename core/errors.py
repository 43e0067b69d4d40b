"""Exceptions whose messages are sentences that tell the user what to do."""

from __future__ import annotations


class AudioError(ValueError):
    """An audio file cannot be read or written."""


class ModelError(ValueError):
    """A model cannot be loaded or used."""


class TrainingError(ValueError):
    """A training run cannot be started or resumed."""


class DatasetError(ValueError):
    """Training data cannot be found or used."""


class ExplanationError(ValueError):
    """An explanation cannot be computed."""


class EngineError(RuntimeError):
    """A computation in a worker process has failed, or no worker can be reached."""


class LibraryError(RuntimeError):
    """A library of songs cannot be analysed, or its results cannot be read or written."""
