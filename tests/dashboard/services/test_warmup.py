"""Loading in the background happens once, can be waited for, and never blocks the page."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import ModelError
from core.models.base import GenreModel
from dashboard.services.warmup import WarmUp


class Stopped(BaseException):
    """Stands for Streamlit's own way to end a run."""


def no_song() -> Path | None:
    return None


def quiet(text: str, share: float | None) -> None:
    """Report nothing."""


def test_models_are_loaded_once_and_a_damaged_one_is_skipped(
    monkeypatch: pytest.MonkeyPatch, tiny_cnn: GenreModel
) -> None:
    loaded = []

    def load(name: str) -> GenreModel:
        loaded.append(name)
        if name == "damaged":
            raise ModelError("damaged")
        return tiny_cnn

    monkeypatch.setattr("core.models.store.load_model", load)
    warm_up = WarmUp(["damaged", "cnn"], no_song)
    assert not warm_up.ready
    for _ in range(3):
        warm_up.wait(quiet)
    assert warm_up.ready
    assert loaded == ["damaged", "cnn"]


def test_waiting_reports_to_the_page_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr("core.models.store.load_model", lambda name: release.wait(30))
    warm_up = WarmUp(["cnn"], no_song)
    reports = []

    def report(text: str, share: float | None) -> None:
        reports.append(text)
        if len(reports) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        warm_up.wait(report)
    assert all("Loading" in text for text in reports)
    assert not warm_up.ready
    release.set()
    warm_up.wait(quiet)


def test_a_failure_is_logged_and_does_not_block_the_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> GenreModel:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("core.models.store.load_model", fail)
    WarmUp(["cnn"], no_song).wait(quiet)
    assert "out of memory" in capsys.readouterr().err


@pytest.mark.parametrize("serves", [False, True])
def test_keras_is_prepared_only_in_a_process_that_serves_pages(
    monkeypatch: pytest.MonkeyPatch, tiny_cnn: GenreModel, serves: bool
) -> None:
    prepared = []
    monkeypatch.setattr("core.models.store.load_model", lambda name: tiny_cnn)
    monkeypatch.setattr("streamlit.runtime.exists", lambda: serves)
    monkeypatch.setattr("core.models.runtime.prepare_for_serving", lambda: prepared.append(1))
    warm_up = WarmUp(["cnn"], no_song)
    warm_up.wait(quiet)
    warm_up._thread.join(30)
    assert prepared == [1] * serves
