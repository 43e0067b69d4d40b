"""A new worker loads what it can, runs it once, and takes turns whatever has failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ModelError
from core.models.base import GenreModel
from core.models.spectrogram_models import SpectrogramModel
from dashboard.services import cache, warmup


def quiet(text: str, share: float | None) -> None:
    """Report nothing."""


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the bound of the shared cache."""
    monkeypatch.setattr(cache, "results", cache.ResultCache(cache.MAX_BYTES))


def test_a_damaged_model_is_skipped(monkeypatch: pytest.MonkeyPatch, tiny_cnn: GenreModel) -> None:
    def load(name: str) -> GenreModel:
        if name == "damaged":
            raise ModelError("damaged")
        return tiny_cnn

    monkeypatch.setattr("core.models.store.load_model", load)
    assert warmup.load_models(["damaged", "cnn"]) == [tiny_cnn]


def test_a_failure_is_logged_and_the_worker_takes_turns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> GenreModel:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("core.models.store.load_model", fail)
    warmup.prepare_to_compute(report=quiet)
    assert "out of memory" in capsys.readouterr().err


def test_keras_is_prepared_and_the_cache_is_bounded(
    monkeypatch: pytest.MonkeyPatch, tiny_cnn: SpectrogramModel
) -> None:
    prepared = []
    monkeypatch.setattr("core.models.store.load_model", lambda name: tiny_cnn)
    monkeypatch.setattr(warmup, "first_example", lambda: None)
    monkeypatch.setattr("core.models.runtime.prepare_for_serving", lambda: prepared.append(1))
    warmup.prepare_to_compute(report=quiet)
    assert prepared == [1]
    assert cache.results._max_bytes == warmup.WORKER_BYTES


def test_everything_runs_once_on_the_first_example(tiny_cnn: SpectrogramModel) -> None:
    path = warmup.first_example()
    assert isinstance(path, Path)
    warmup.run_once([tiny_cnn], path)
    warmup.run_once([tiny_cnn], None)


def test_the_worker_that_decodes_needs_no_song(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warmup, "first_example", lambda: None)
    warmup.prepare_to_decode(report=quiet)
