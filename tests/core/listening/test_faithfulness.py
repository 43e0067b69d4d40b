"""Faithfulness: predictions for the parts of a song, analysed again from their waveforms."""

from __future__ import annotations

import json

import numpy as np
import pytest

import core.listening.faithfulness
from core.analysis import analyze
from core.audio.io import Audio, load_audio
from core.audio.loudness import loudness, match_loudness
from core.constants import EXAMPLES_DIR, SAMPLE_RATE
from core.explanation.explain import explain
from core.features.spectrogram import FeatureParameters
from core.listening.faithfulness import NAMES, faithfulness, part_probabilities
from core.listening.filtering import divide, listen
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_spectrogram_model
from tests.synthetic import song_samples, tiny_model
from tests.synthetic_explanation import synthetic_explanation

LIMITER_EFFECT = 0.01  # largest change of a mean probability, over all genres
SEGMENT_S = FeatureParameters().segment_s


def test_probabilities_come_from_a_new_analysis_of_each_part(
    song: Audio, tiny: SpectrogramModel
) -> None:
    explanation = explain(song, tiny, segments=[2, 0])
    genre = tiny.genres.index(explanation.target)
    found = part_probabilities(tiny, song, explanation, keep=0.3)
    for name, audio in {
        "original": song,
        "kept": listen(song, explanation, keep=0.3),
        "removed": listen(song, explanation, keep=0.3, mode="remove"),
    }.items():
        expected = analyze(audio, tiny).probabilities[[2, 0]]
        np.testing.assert_allclose(getattr(found, name), expected, atol=1e-6)
        np.testing.assert_allclose(found.by_segment[name], expected[:, genre], atol=1e-6)
        assert found.means[name] == pytest.approx(expected[:, genre].mean(), abs=1e-6)


def test_options_select_the_regions_as_divide_does(song: Audio, tiny_cnn: SpectrogramModel) -> None:
    explanation = explain(song, tiny_cnn, target="jazz")
    ranking = np.random.RandomState(0).standard_normal(explanation.mel.shape)
    found = part_probabilities(
        tiny_cnn, song, explanation, keep=0.4, of="evidence", ranking=ranking
    )
    parts = divide(song, explanation, keep=0.4, of="evidence", ranking=ranking)
    for name, part in zip(("kept", "removed"), parts, strict=True):
        np.testing.assert_array_equal(getattr(found, name), analyze(part, tiny_cnn).probabilities)


def test_available_parts_and_analyses_are_not_computed_again(
    song: Audio, tiny_cnn: SpectrogramModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    explanation = explain(song, tiny_cnn, target="jazz")
    expected = part_probabilities(tiny_cnn, song, explanation)
    parts, analysis = divide(song, explanation), analyze(song, tiny_cnn)
    monkeypatch.setattr(core.listening.faithfulness, "divide", None)
    found = part_probabilities(tiny_cnn, song, explanation, parts=parts, analysis=analysis)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_a_model_with_other_segments_predicts_at_the_same_moments(
    tiny_cnn: SpectrogramModel,
) -> None:
    song = Audio(song_samples(12.5))
    explanation = explain(song, tiny_cnn, target="jazz")
    assert len(explanation) == 4
    model = tiny_model("cnn", parameters=FeatureParameters(segment_frames=24), seed=4)
    analysis = analyze(song, model)
    found = part_probabilities(model, song, explanation)
    np.testing.assert_array_equal(found.original, analysis.probabilities[1::3][:4])
    np.testing.assert_allclose(analysis.starts_s[1::3][:4], SEGMENT_S * (np.arange(4) + 1 / 3))


def test_faithfulness_holds_means_segments_and_metrics(song: Audio, tiny: SpectrogramModel) -> None:
    explanation = explain(song, tiny, segments=[2, 0])
    measured = faithfulness(tiny, song, explanation, keep=0.3)
    expected = part_probabilities(tiny, song, explanation, keep=0.3)
    for name in NAMES:
        assert measured[f"probability_{name}"] == pytest.approx(expected.means[name])
        np.testing.assert_allclose(
            measured["segments"][f"probability_{name}"], expected.by_segment[name]
        )
    assert measured["FF"] == pytest.approx(
        measured["probability_original"] - measured["probability_removed"], abs=1e-6
    )
    assert 0.7 < measured["SPS"] < 1
    json.dumps(measured, allow_nan=False)


def test_the_audio_may_have_any_sampling_rate(tiny_cnn: SpectrogramModel) -> None:
    song = Audio(song_samples(6.5, sample_rate=44_100), 44_100)
    explanation = explain(song, tiny_cnn)
    measured = faithfulness(tiny_cnn, song, explanation, keep=0.3)
    own_rate = Audio(song_samples(6.5), SAMPLE_RATE)
    expected = faithfulness(tiny_cnn, own_rate, explain(own_rate, tiny_cnn), keep=0.3)
    assert set(measured) == set(expected)
    kept, rest = divide(song, explanation, keep=0.3)
    genre = tiny_cnn.genres.index(explanation.target)
    for name, part in (("kept", kept), ("removed", rest)):
        again = analyze(part, tiny_cnn).probabilities[:, genre].mean()
        assert measured[f"probability_{name}"] == pytest.approx(again, abs=1e-6)


def test_keeping_everything_loses_nothing_and_leaves_silence(tiny_cnn: SpectrogramModel) -> None:
    song = Audio(song_samples(9.0)[: 3 * 72 * 915 - 1])  # three segments without a remainder
    explanation = synthetic_explanation(song)
    measured = faithfulness(tiny_cnn, song, explanation, keep=1)
    assert measured["probability_kept"] == pytest.approx(measured["probability_original"], abs=1e-3)
    silence = analyze(Audio(np.zeros_like(song.samples)), tiny_cnn).probabilities
    jazz = tiny_cnn.genres.index("jazz")
    assert measured["probability_removed"] == pytest.approx(silence[:, jazz].mean(), abs=1e-6)


@pytest.mark.parametrize("keep", [0, 0.2])
def test_silent_audio_has_finite_metrics(tiny_cnn: SpectrogramModel, keep: float) -> None:
    for samples in (song_samples(3.0), np.zeros(70_000, dtype=np.float32)):
        song = Audio(samples)
        measured = faithfulness(tiny_cnn, song, synthetic_explanation(song), keep=keep)
        assert all(np.isfinite(value) for name, value in measured.items() if name != "segments")


def test_the_limiter_for_playback_hardly_changes_the_predictions() -> None:
    model = load_spectrogram_model("cnn")
    song = load_audio(EXAMPLES_DIR / "slow_harbour.ogg")  # the largest change among the examples
    explanation, analysis = explain(song, model), analyze(song, model)
    parts = divide(song, explanation)
    loud = np.abs(parts[0].samples) > 0.1
    played = tuple(match_loudness(part, loudness(song)) for part in parts)
    gains = played[0].samples[loud] / parts[0].samples[loud]
    assert np.ptp(gains) > 0.05, "the limiter acts on the kept part"
    analysed, heard = (
        part_probabilities(model, song, explanation, parts=each, analysis=analysis)
        for each in (parts, (played[0], played[1]))
    )
    for name in ("kept", "removed"):
        means = [getattr(found, name).mean(axis=0) for found in (analysed, heard)]
        assert np.abs(means[0] - means[1]).max() < LIMITER_EFFECT
