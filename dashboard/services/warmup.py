"""Loading what is slow, in the background, while people already see the page."""

from __future__ import annotations

import gc
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.models.base import GenreModel

ProgressCallback = Callable[[str, float | None], None]
"""Tells the page what is being done and, if known, which share of it; may raise to stop it."""


class WarmUp:
    """Loads the libraries and the models in a thread of its own, once.

    Parameters
    ----------
    models : sequence of str
        Names of the models.
    song : callable
        Returns the file of a song to rehearse with, or None.
    """

    def __init__(self, models: Sequence[str], song: Callable[[], Path | None]) -> None:
        self._models = models
        self._song = song
        self._thread = threading.Thread(target=self._run, name="warm-up", daemon=True)
        self._lock = threading.Lock()
        self._ready = threading.Event()

    @property
    def ready(self) -> bool:
        """Whether songs can be heard without waiting for anything to load."""
        return self._ready.is_set()

    def start(self) -> None:
        """Start to load, unless that has been done before."""
        with self._lock:
            if self._thread.ident is None:
                self._thread.start()

    def wait(self, report: ProgressCallback) -> None:
        """Return when everything is loaded; tell the page about it until then."""
        self.start()
        while not self._ready.wait(0.2):
            report("The networks are loading. This happens once after the server's start …", None)

    def _run(self) -> None:
        try:
            models = self._load()
            self._ready.set()
            self._rehearse(models)
            settle()
        except Exception:  # a page that needs what failed will say so
            traceback.print_exc(file=sys.stderr)
        finally:
            self._ready.set()

    def _load(self) -> list[GenreModel]:
        from core.errors import ModelError
        from core.listening import filtering  # noqa: F401
        from core.models.store import load_model

        models = []
        for name in self._models:
            # A page that needs a damaged model will say so.
            with suppress(ModelError):
                models.append(load_model(name))
        return models

    def _rehearse(self, models: list[GenreModel]) -> None:
        """Do everything once with the beginning of a song: the first time takes far longer.

        The large network is not asked to explain: that is long work at any time.
        """
        from core.analysis import analyze
        from core.audio.io import Audio, load_audio
        from core.explanation.explain import explain
        from core.listening.filtering import listen

        path = self._song()
        if path is None:
            return
        for model in models:
            song = load_audio(path, sample_rate=model.parameters.sample_rate)
            seconds = round(model.parameters.segment_s * song.sample_rate)
            io = Audio(song.samples[:seconds], song.sample_rate, song.name)
            analyze(io, model)
            if model.parameters.n_mfcc < model.parameters.n_mels:
                listen(io, explain(io, model))


def settle() -> None:
    """Keep what is loaded out of what Streamlit does after every run of a page.

    It collects garbage, for which a third of a second goes into looking at all of TensorFlow's and
    librosa's own objects. It also tells Keras to clear its session, which drops all kernels that
    TensorFlow has looked up; nothing here leaves anything in that session.
    """
    import keras

    keras.backend.clear_session = lambda: None
    gc.collect()
    gc.freeze()
