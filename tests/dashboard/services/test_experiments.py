"""Experiments of the services: orders, playable versions, evidence in time."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from core.analysis import analyze
from core.audio.io import Audio, encode_audio, load_audio
from core.errors import ModelError
from core.features.frame_order import CHUNKS, seeded_order
from core.features.spectrogram import FeatureParameters
from core.listening.reordering import reordered_audio
from core.models.spectrogram_models import SpectrogramModel
from dashboard.services import experiments, models, songs
from dashboard.services.experiments import BACKWARDS, COLUMNS, ORIGINAL
from dashboard.services.explanations import ExplanationTarget
from tests.synthetic import tiny_model

JAZZ = ExplanationTarget("jazz")


class Stopped(BaseException):
    """Stands for the exception with which Streamlit ends a run."""


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


@pytest.fixture
def pair(
    chosen: songs.Song,
    tiny_cnn: SpectrogramModel,
    tiny_cnn_lstm: SpectrogramModel,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[str, str]:
    """Names of two models."""
    loaded = {"cnn": tiny_cnn, "cnn_lstm": tiny_cnn_lstm}

    def model(name: str) -> SpectrogramModel:
        if name not in loaded:
            raise ModelError(f"There is no model {name!r}.")
        return loaded[name]

    monkeypatch.setattr(models, "model_of", model)
    # Their digests are empty, so cached results would be mixed up.
    monkeypatch.setitem(tiny_cnn_lstm.card["weights"], "sha256", "other")
    return "cnn", "cnn_lstm"


def test_orders_are_computed_once_and_a_stop_is_passed_on(
    chosen: songs.Song, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(text: str, share: float | None) -> None:
        if text.startswith("Shuffling"):
            raise Stopped

    with pytest.raises(Stopped):
        experiments.order_of(chosen, "cnn", 1, stop)
    found = experiments.order_of(chosen, "cnn", 1, silent)
    assert found.chunks == CHUNKS
    assert found.shuffled.shape == (len(CHUNKS), 8, 1, 10)
    assert experiments.order_of(chosen, "cnn", 1, stop) is found


def test_versions_are_playable_and_their_predictions_are_those_of_the_played_song(
    chosen: songs.Song, pair: tuple[str, str], tiny_cnn_lstm: SpectrogramModel
) -> None:
    versions = experiments.versions_of(chosen, pair, 1, silent)
    names = [version.name for version in versions]
    assert names == [ORIGINAL, *(str(chunk) for chunk in CHUNKS[::-1]), BACKWARDS]
    audio = load_audio(chosen.content)
    original = analyze(audio, tiny_cnn_lstm)
    np.testing.assert_array_equal(versions[0].probabilities["cnn_lstm"], original.probabilities[1])
    shuffled = versions[names.index("4")]
    changed = reordered_audio(
        audio, original.parameters, int(original.starts[1]), seeded_order(72, 4, segment=1)
    )
    np.testing.assert_allclose(
        shuffled.probabilities["cnn_lstm"],
        analyze(changed, tiny_cnn_lstm).probabilities[1],
        atol=1e-3,
    )
    lengths = set()
    for version in versions:
        samples, rate = soundfile.read(io.BytesIO(version.file))
        lengths.add(len(samples))
        assert rate == 22_050
        assert version.envelope.shape == (72 * COLUMNS, 2)
        assert version.origins.shape == (72 * COLUMNS,)
        assert version.origins.min() < 0.02
        assert version.origins.max() > 0.98
    assert lengths == {72 * 915}
    assert np.all(np.diff(versions[0].origins) > 0)
    assert versions[-1].origins[0] > versions[-1].origins[-1]


def test_a_song_shorter_than_a_segment_has_fewer_versions(
    pair: tuple[str, str], song: Audio
) -> None:
    short = Audio(song.samples[: round(0.55 * 22_050)], 22_050)
    brief = songs.song_from_bytes(encode_audio(short, "WAV"), "short.wav")
    versions = experiments.versions_of(brief, pair, 0, silent)
    assert [version.name for version in versions] == [ORIGINAL, "8", "4", "2", "1", BACKWARDS]
    assert experiments.order_of(brief, "cnn", 0, silent).chunks == (1, 2, 4, 8)
    timing = experiments.evidence_in_time_of(brief, "cnn", JAZZ, 0, silent)
    assert timing.lags_s is None
    assert len(timing.mass) == 14


def test_a_silent_segment_has_all_experiments(pair: tuple[str, str], song: Audio) -> None:
    samples = np.concatenate([song.samples[: 3 * 22_050], np.zeros(7 * 22_050, dtype=np.float32)])
    quiet = songs.song_from_bytes(encode_audio(Audio(samples), "WAV"), "silence.wav")
    found = experiments.order_of(quiet, "cnn_lstm", 2, silent)
    np.testing.assert_allclose(found.shuffled[0, 0], found.original, atol=1e-5)
    for version in experiments.versions_of(quiet, pair, 2, silent):
        assert not version.envelope.any()
    timing = experiments.evidence_in_time_of(quiet, "cnn", JAZZ, 2, silent)
    assert not timing.has_onsets
    assert timing.correlation == 0
    assert timing.chance == 1


def test_evidence_in_time_is_measured_within_the_song(
    chosen: songs.Song, pair: tuple[str, str]
) -> None:
    timing = experiments.evidence_in_time_of(chosen, "cnn_lstm", JAZZ, 1, silent)
    assert timing.mass.shape == (72,)
    assert 0 < timing.half_share <= 0.5
    assert 0 <= timing.gini < 1
    assert timing.lags_s is not None
    assert all(abs(lag_s) < 12 * timing.frame_s for lag_s in timing.lags_s)
    assert 0 < timing.chance <= 1


def test_the_model_with_the_higher_sampling_rate_leads(
    chosen: songs.Song, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut at the lower rate, the versions would lack the frequencies above it."""
    slower = replace(FeatureParameters(), sample_rate=16_000, hop_length=664)
    low = tiny_model("cnn", parameters=slower, seed=4)
    low.card["weights"]["sha256"] = "low"
    known = models.model_of
    monkeypatch.setattr(models, "model_of", lambda name: low if name == "low" else known(name))
    assert experiments.leader_of(("low", "cnn")) == "cnn"
    assert experiments.leader_of(pair) == "cnn"
    versions = experiments.versions_of(chosen, ("cnn", "low"), 1, silent)
    changed = [version.probabilities["low"] for version in versions]
    np.testing.assert_allclose([each.sum() for each in changed], 1, atol=1e-5)
    assert len({tuple(each.round(6)) for each in changed}) > 1


def test_an_envelope_has_the_smallest_and_largest_sample_of_each_column() -> None:
    envelope = experiments.envelope_of(np.array([0.1, -0.2, 0.3, 0.0, 0.5, -0.6]), 3)
    np.testing.assert_allclose(envelope, [[-0.2, 0.1], [0.0, 0.3], [-0.6, 0.5]])
    assert experiments.envelope_of(np.zeros(0), 4).shape == (4, 2)
    assert experiments.envelope_of(np.ones(2), 4).shape == (4, 2)
