"""Analyses: times of the segments, probabilities, predicted genres and the JSON format."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis import analyze, analyze_songs, to_json
from core.audio.io import Audio, load_audio, resample
from core.constants import EXAMPLES_DIR, GENRES, SAMPLE_RATE
from core.errors import AudioError
from core.features.spectrogram import logmel, segment_starts
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_model
from tests.synthetic import novelty_score, song_samples

SEGMENT_S = 72 * 915 / SAMPLE_RATE


def audio(duration_s: float, level: float = 1.0) -> Audio:
    samples = np.float32(level) * song_samples(duration_s)
    return Audio(samples=samples, sample_rate=SAMPLE_RATE, name="song.wav")


def test_a_song_of_ten_seconds_has_three_segments(song: Audio, tiny: SpectrogramModel) -> None:
    analysis = analyze(song, tiny)
    assert analysis.probabilities.shape == (3, 10)
    assert analysis.logmel.shape == (3, 72, 128)
    assert analysis.inputs.shape == (3, 72, 13)
    np.testing.assert_allclose(analysis.starts_s, SEGMENT_S * np.arange(3))
    np.testing.assert_allclose(analysis.ends_s, SEGMENT_S * np.arange(1, 4))
    assert not analysis.padded
    assert (analysis.song, analysis.model, analysis.genres) == (song.name, tiny.name, GENRES)


def test_probabilities_are_predicted_from_the_mfccs_of_the_song(
    song: Audio, tiny: SpectrogramModel
) -> None:
    analysis = analyze(song, tiny)
    np.testing.assert_array_equal(analysis.probabilities, tiny.predict(analysis.inputs))
    np.testing.assert_array_equal(analysis.logmel[1], logmel(song.samples, tiny.parameters)[72:144])


def test_the_genre_of_a_song_has_the_largest_mean_probability(
    song: Audio, tiny: SpectrogramModel
) -> None:
    analysis = analyze(song, tiny)
    mean = analysis.probabilities.astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(analysis.song_probabilities, mean)
    assert analysis.song_probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert analysis.genre == GENRES[mean.argmax()]
    assert analysis.probability == pytest.approx(mean.max())


def test_a_song_shorter_than_a_segment_is_padded(tiny_cnn: SpectrogramModel) -> None:
    analysis = analyze(audio(1.0), tiny_cnn)
    assert analysis.padded
    assert analysis.probabilities.shape == (1, 10)
    assert (analysis.logmel[0, 30:] == -80).all()
    assert analysis.ends_s[0] == pytest.approx(1.0)


def test_a_half_full_last_segment_ends_with_the_song(
    tiny_cnn: SpectrogramModel,
) -> None:
    analysis = analyze(audio(5.0), tiny_cnn)
    assert len(analysis.probabilities) == 2
    assert not analysis.padded
    assert analysis.ends_s[-1] == pytest.approx(5.0)


@settings(max_examples=25)
@given(duration_s=st.floats(0.5, 14.0))
def test_segments_follow_each_other_within_the_song(
    tiny_cnn: SpectrogramModel, duration_s: float
) -> None:
    song = audio(duration_s)
    analysis = analyze(song, tiny_cnn)
    spectrogram = logmel(song.samples, tiny_cnn.parameters)
    starts = segment_starts(len(spectrogram), tiny_cnn.parameters)
    np.testing.assert_array_equal(analysis.starts, starts)
    np.testing.assert_array_equal(analysis.filled, np.minimum(len(spectrogram) - starts, 72))
    np.testing.assert_allclose(analysis.starts_s, analysis.starts * 915 / SAMPLE_RATE)
    np.testing.assert_allclose(analysis.starts_s[1:], analysis.ends_s[:-1])
    assert (analysis.starts_s < analysis.ends_s).all()
    assert analysis.ends_s[-1] <= song.duration_s


@pytest.mark.parametrize("level", [0.3, 0.01, 1e-4])
def test_the_level_of_a_song_has_no_influence(
    song: Audio, tiny: SpectrogramModel, level: float
) -> None:
    quiet = analyze(audio(song.duration_s, level), tiny)
    np.testing.assert_allclose(quiet.probabilities, analyze(song, tiny).probabilities, atol=1e-4)


def test_silence_has_probabilities(tiny: SpectrogramModel) -> None:
    analysis = analyze(audio(4.0, level=0.0), tiny)
    np.testing.assert_allclose(analysis.probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_a_song_at_another_sampling_rate_is_resampled(
    tiny_cnn: SpectrogramModel, sample_rate: int
) -> None:
    other = Audio(song_samples(7.0, sample_rate=sample_rate), sample_rate, "other.wav")
    found, expected = (analyze(one, tiny_cnn) for one in (other, resample(other, SAMPLE_RATE)))
    np.testing.assert_array_equal(found.probabilities, expected.probabilities)
    np.testing.assert_array_equal(found.starts, expected.starts)
    assert found.duration_s == other.duration_s
    assert found.song == "other.wav"


def test_musicnn_predicts_from_audio_at_the_default_rate_as_its_card_states() -> None:
    model = load_model("musicnn")
    cost = model.card["resampling"]
    song = EXAMPLES_DIR / "iron_weather.ogg"
    default = analyze(load_audio(song), model)
    own_rate = analyze(load_audio(song, sample_rate=model.sample_rate), model)
    difference = np.abs(default.probabilities - own_rate.probabilities)
    assert default.genre == own_rate.genre
    assert 0 < difference.max() <= cost["max"]
    assert cost["changed_verdicts"] == 0


def test_json_has_exactly_the_promised_keys(song: Audio, tiny_cnn: SpectrogramModel) -> None:
    analysis = analyze(song, tiny_cnn)
    content = json.loads(json.dumps(to_json(analysis), allow_nan=False))
    assert set(content) == {"song", "model", "genres", "verdict", "segments"}
    assert content["song"] == {"name": "little song.wav", "duration_s": 10.0}
    assert content["model"] == "cnn"
    assert content["genres"] == list(GENRES)
    assert content["verdict"] == {
        "genre": analysis.genre,
        "probability": pytest.approx(analysis.probability),
        "genre_set": [analysis.genre],
        "novelty": None,
        "silent": False,
    }
    assert len(content["segments"]) == 3
    for index, segment in enumerate(content["segments"]):
        assert set(segment) == {"start_s", "end_s", "probabilities"}
        assert segment["start_s"] == pytest.approx(index * SEGMENT_S)
        assert segment["end_s"] == pytest.approx((index + 1) * SEGMENT_S)
        np.testing.assert_allclose(segment["probabilities"], analysis.probabilities[index])


def test_a_model_without_new_data_on_its_card_predicts_as_before(
    song: Audio, tiny_cnn: SpectrogramModel
) -> None:
    analysis = analyze(song, tiny_cnn)
    assert math.isnan(analysis.novelty)
    assert analysis.genre_set == (analysis.genre,)
    assert not analysis.silent


def test_the_genre_set_comes_from_the_threshold_on_the_card(
    song: Audio, tiny_cnn: SpectrogramModel
) -> None:
    card = tiny_cnn.card | {"genre_sets": {"level": 0.9, "threshold": 1.0, "songs": 50}}
    model = SpectrogramModel(tiny_cnn.network, card, tiny_cnn.background)
    analysis = analyze(song, model)
    order = np.argsort(-analysis.song_probabilities, kind="stable")
    assert analysis.genre_set == tuple(GENRES[index] for index in order)


@pytest.mark.parametrize(("typical", "fits"), [(1e6, True), (-1e6, False)])
def test_a_song_that_is_too_novel_has_no_genre(
    song: Audio, tiny_cnn: SpectrogramModel, typical: float, fits: bool
) -> None:
    own = SpectrogramModel(
        tiny_cnn.network,
        copy.deepcopy(tiny_cnn.card),
        tiny_cnn.background,
        novelty_score(tiny_cnn, typical=typical),
    )
    analysis = analyze(song, own)
    assert (analysis.novelty <= 1) == fits
    assert analysis.genre_set == ((analysis.genre,) if fits else ())
    np.testing.assert_allclose(analysis.probabilities, tiny_cnn.predict(analysis.inputs), atol=1e-6)
    content = json.loads(json.dumps(to_json(analysis), allow_nan=False))["verdict"]
    assert content["novelty"] == pytest.approx(analysis.novelty)
    assert content["genre_set"] == list(analysis.genre_set)


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_a_recording_without_sound_is_silent_and_has_no_genre(
    tiny_cnn: SpectrogramModel, level: float
) -> None:
    analysis = analyze(audio(5.0, level), tiny_cnn)
    assert analysis.silent
    assert analysis.genre_set == ()
    assert analysis.novelty == math.inf
    content = json.loads(json.dumps(to_json(analysis), allow_nan=False))["verdict"]
    assert (content["silent"], content["genre_set"], content["novelty"]) == (True, [], None)


def test_json_contains_a_given_explanation(song: Audio, tiny_cnn: SpectrogramModel) -> None:
    summary = {"target": "jazz", "keep": 0.2}
    content = to_json(analyze(song, tiny_cnn), explanation=summary)
    assert content["explanation"] == summary


@pytest.mark.parametrize("scored", [False, True])
def test_songs_analysed_together_have_the_same_results_as_one_by_one(
    scored: bool, tiny: SpectrogramModel
) -> None:
    score = novelty_score(tiny) if scored else None
    model = SpectrogramModel(tiny.network, tiny.card, tiny.background, score)
    songs = [Audio(song_samples(length, seed=7), name=f"{length}") for length in (1.0, 10.0, 7.5)]
    together = analyze_songs(iter(songs), model)
    assert [each.song for each in together] == ["1.0", "10.0", "7.5"]
    for song, found in zip(songs, together, strict=True):
        alone = analyze(song, model)
        np.testing.assert_allclose(found.probabilities, alone.probabilities, atol=1e-5)
        np.testing.assert_array_equal(found.inputs, alone.inputs)
        assert found.novelty == pytest.approx(alone.novelty, abs=1e-4, nan_ok=True)
        assert math.isnan(found.novelty) != scored
        assert found.genre_set == alone.genre_set
    assert analyze_songs([], model) == []


def test_songs_that_load_audio_would_reject_are_rejected(tiny_cnn: SpectrogramModel) -> None:
    with pytest.raises(AudioError, match=r"\(0\.49 s\) is too short.*at least 0\.50 s"):
        analyze(Audio(audio(0.5).samples[:-1]), tiny_cnn)
    damaged = audio(1.0).samples.copy()
    damaged[7] = np.nan
    with pytest.raises(AudioError, match="NaN or infinity"):
        analyze(Audio(damaged), tiny_cnn)
