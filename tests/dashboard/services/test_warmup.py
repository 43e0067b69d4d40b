"""Loading in the background: once, whoever asks, and never in the way when it fails."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest

from core.errors import ModelError
from core.models.base import GenreModel
from dashboard.services.warmup import WarmUp, settle


class Stopped(BaseException):
    """Stands for Streamlit's own way to end a run."""


def no_song() -> Path | None:
    return None


def quiet(text: str, share: float | None) -> None:
    """Report nothing."""


def test_models_are_loaded_once_and_a_damaged_one_is_left_to_the_page(
    monkeypatch: pytest.MonkeyPatch, tiny_cnn: GenreModel
) -> None:
    asked = []

    def load(name: str) -> GenreModel:
        asked.append(name)
        if name == "damaged":
            raise ModelError("damaged")
        return tiny_cnn

    monkeypatch.setattr("core.models.store.load_model", load)
    warm_up = WarmUp(["damaged", "cnn"], no_song)
    assert not warm_up.ready
    for _ in range(3):
        warm_up.wait(quiet)
    assert warm_up.ready
    assert asked == ["damaged", "cnn"]


def test_waiting_tells_the_page_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr("core.models.store.load_model", lambda name: release.wait(30))
    warm_up = WarmUp(["cnn"], no_song)
    said = []

    def report(text: str, share: float | None) -> None:
        said.append(text)
        if len(said) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        warm_up.wait(report)
    assert all("loading" in text for text in said)
    assert not warm_up.ready
    release.set()
    warm_up.wait(quiet)


def test_a_failure_lets_the_page_go_on_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> GenreModel:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("core.models.store.load_model", fail)
    WarmUp(["cnn"], no_song).wait(quiet)
    assert "out of memory" in capsys.readouterr().err


def test_what_is_loaded_stays_out_of_what_happens_after_every_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import keras

    monkeypatch.setattr(keras.backend, "clear_session", keras.backend.clear_session)
    marked = keras.backend.get_uid("layer of a loaded model")
    settle()
    try:
        keras.backend.clear_session()
        assert keras.backend.get_uid("layer of a loaded model") == marked + 1
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.unfreeze()
