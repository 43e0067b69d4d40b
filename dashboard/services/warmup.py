"""Prepare new workers: load libraries and models, and run everything once."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.constants import EXAMPLES_DIR
from core.models.registry import SHOWN_MODELS
from dashboard.services import housekeeping

if TYPE_CHECKING:
    from core.models.base import GenreModel

ProgressCallback = Callable[[str, float | None], None]
"""Called with the current work and, if known, the finished share; may raise to stop the work."""

WORKER_BYTES = 128 << 20  # of all results cached in a worker


def prepare_to_decode(*, report: ProgressCallback) -> None:
    """Decode a song, which loads all decoders."""
    from core.audio.io import load_audio

    if path := first_example():
        load_audio(path)
    housekeeping.note_baseline()


def prepare_to_compute(*, report: ProgressCallback) -> None:
    """Load the models of the first page, and run them once.

    A failure is logged: a page that needs the failed part shows a message.
    """
    from core.models.runtime import prepare_for_serving
    from dashboard.services.cache import results

    results.limit(WORKER_BYTES)
    try:
        run_once(load_models(SHOWN_MODELS), first_example())
        prepare_for_serving()
    except Exception:
        traceback.print_exc(file=sys.stderr)
    housekeeping.note_baseline()


def first_example() -> Path | None:
    """Find the file of a bundled song."""
    return min(EXAMPLES_DIR.glob("*.ogg"), default=None)


def load_models(names: Sequence[str]) -> list[GenreModel]:
    """Load models, except those that are damaged: a page that needs one shows a message."""
    from core.errors import ModelError
    from core.listening import filtering  # noqa: F401
    from core.models.store import load_model

    models = []
    for name in names:
        with suppress(ModelError):
            models.append(load_model(name))
    return models


def run_once(models: Sequence[GenreModel], path: Path | None) -> None:
    """Analyse and explain the beginning of a song, because the first time takes far longer.

    The large network is not explained: that takes long at any time.
    """
    from core.analysis import analyze
    from core.audio.io import Audio, load_audio
    from core.explanation.explain import explain
    from core.listening.filtering import listen

    if path is None:
        return
    for model in models:
        song = load_audio(path, sample_rate=model.parameters.sample_rate)
        n_samples = round(model.parameters.segment_s * song.sample_rate)
        segment = Audio(song.samples[:n_samples], song.sample_rate, song.name)
        analyze(segment, model)
        if model.parameters.n_mfcc < model.parameters.n_mels:
            listen(segment, explain(segment, model))
