"""Smallest parts in the services: found once, encoded, and classified by both models."""

from __future__ import annotations

import io

import pytest
import soundfile

from core.models.spectrogram_models import SpectrogramModel
from dashboard.services import explanations, models, songs
from dashboard.services.smallest_parts import smallest_parts_of


class Stopped(BaseException):
    """Stands for the exception with which Streamlit ends a run."""


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


def test_both_models_classify_the_smallest_parts_of_one(
    chosen: songs.Song,
    tiny_cnn: SpectrogramModel,
    tiny_cnn_lstm: SpectrogramModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(models, "model_of", {"cnn": tiny_cnn, "cnn_lstm": tiny_cnn_lstm}.get)
    monkeypatch.setitem(tiny_cnn_lstm.card["weights"], "sha256", "other")
    pair = ("cnn", "cnn_lstm")

    def stop(text: str, share: float | None) -> None:
        if text.startswith("Finding the smallest"):
            raise Stopped

    with pytest.raises(Stopped):
        smallest_parts_of(chosen, pair, "cnn", 4.5, stop)
    found = smallest_parts_of(chosen, pair, "cnn", 4.5, silent)
    assert smallest_parts_of(chosen, pair, "cnn", 4.6, stop) is found
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    own = analysis.probabilities[1]
    assert found.genre == tiny_cnn.genres[int(own.argmax())]
    assert found.probability == pytest.approx(own.max())
    assert found.sufficient is not None
    genre = tiny_cnn.genres.index(found.genre)
    assert found.sufficient.probabilities["cnn"][genre] >= 0.9 * own.max()
    assert set(found.sufficient.probabilities) == set(pair)
    samples, _ = soundfile.read(io.BytesIO(found.sufficient.file))
    assert len(samples) == 72 * 915 - 1
    if found.necessary is not None:
        assert found.necessary.probabilities["cnn"].argmax() != genre
