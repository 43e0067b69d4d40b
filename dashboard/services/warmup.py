"""Load the libraries and the models in the background, while the page is already shown."""

from __future__ import annotations

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
"""Called with the current work and, if known, the finished share; may raise to stop the work."""


class WarmUp:
    """Loads the libraries and the models once, in a thread of its own.

    Parameters
    ----------
    models : sequence of str
        Names of the models.
    song : callable
        Returns the file of a song for a first run of everything, or None.
    """

    def __init__(self, models: Sequence[str], song: Callable[[], Path | None]) -> None:
        self._models = models
        self._song = song
        self._thread = threading.Thread(target=self._run, name="warm-up", daemon=True)
        self._lock = threading.Lock()
        self._ready = threading.Event()

    @property
    def ready(self) -> bool:
        """Whether songs can be analysed without waiting for anything to load."""
        return self._ready.is_set()

    def start(self) -> None:
        """Start loading, once."""
        with self._lock:
            if self._thread.ident is None:
                self._thread.start()

    def wait(self, report: ProgressCallback) -> None:
        """Wait until everything is loaded, reporting progress."""
        self.start()
        while not self._ready.wait(0.2):
            report("Loading the networks (once, after the server has started) …", None)

    def _run(self) -> None:
        try:
            models = self._load()
            self._ready.set()
            self._run_once(models)
            _prepare_server()
        except Exception:  # a page that needs the failed part shows a message
            traceback.print_exc(file=sys.stderr)
        finally:
            self._ready.set()

    def _load(self) -> list[GenreModel]:
        from core.errors import ModelError
        from core.listening import filtering  # noqa: F401
        from core.models.store import load_model

        models = []
        for name in self._models:
            # A page that needs a damaged model shows a message.
            with suppress(ModelError):
                models.append(load_model(name))
        return models

    def _run_once(self, models: list[GenreModel]) -> None:
        """Analyse and explain the beginning of a song, because the first time takes far longer.

        The large network is not explained: that takes long at any time.
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
            n_samples = round(model.parameters.segment_s * song.sample_rate)
            segment = Audio(song.samples[:n_samples], song.sample_rate, song.name)
            analyze(segment, model)
            if model.parameters.n_mfcc < model.parameters.n_mels:
                listen(segment, explain(segment, model))


def _prepare_server() -> None:
    """Prepare TensorFlow and Keras for serving, if Streamlit serves pages in this process."""
    from streamlit import runtime

    from core.models.runtime import prepare_for_serving

    if runtime.exists():
        prepare_for_serving()
