"""Explanations: additivity of the three views, slicing, joining and refused arguments."""

from __future__ import annotations

import numpy as np
import pytest
import shap
from hypothesis import given, settings
from hypothesis import strategies as st

import core.explanation.attribution
from core.analysis import analyze
from core.audio.io import Audio, resample
from core.constants import SAMPLE_RATE
from core.errors import ExplanationError
from core.explanation.expected_gradients import GAP_TOLERANCE
from core.explanation.explain import Explanation, explain, joined
from core.features.spectrogram import FeatureParameters, mel_filterbank, mfcc_from_logmel
from core.models.spectrogram_models import SpectrogramBackground, SpectrogramModel
from tests.synthetic import song_samples, tiny_model

MODELS = {name: tiny_model(name, seed=seed) for seed, name in enumerate(("cnn", "cnn_lstm"), 5)}


@pytest.fixture(scope="module")
def explanation(song: Audio, tiny_cnn: SpectrogramModel) -> Explanation:
    return explain(song, tiny_cnn)


def assert_equal_sums(explanation: Explanation) -> None:
    per_frame = explanation.mfcc.sum(axis=-1)
    np.testing.assert_allclose(explanation.mel.sum(axis=-1), per_frame, atol=1e-4)
    np.testing.assert_allclose(explanation.stft.sum(axis=-1), per_frame, atol=1e-4)


def test_the_views_have_the_shapes_of_the_spectrograms(explanation: Explanation) -> None:
    assert len(explanation) == 3
    assert explanation.mfcc.shape == explanation.mfcc_values.shape == (3, 72, 13)
    assert explanation.mel.shape == explanation.logmel.shape == (3, 72, 128)
    assert explanation.stft.shape == (3, 72, 1025)
    assert explanation.base_value.shape == explanation.prediction.shape == (3,)
    assert np.abs(explanation.mfcc).max() > 1e-4


@settings(max_examples=8)
@given(
    name=st.sampled_from(sorted(MODELS)),
    seed=st.integers(0, 1000),
    duration_s=st.floats(0.6, 7.0),
    genre=st.integers(0, 9),
)
def test_all_views_have_the_same_sums_and_add_up_to_the_prediction(
    name: str, seed: int, duration_s: float, genre: int
) -> None:
    model = MODELS[name]
    song = Audio(song_samples(duration_s, seed=seed))
    found = explain(song, model, target=model.genres[genre])
    assert_equal_sums(found)
    total = found.mfcc.sum(axis=(1, 2), dtype=np.float64)
    np.testing.assert_allclose(found.base_value + total + found.gap, found.prediction, atol=1e-9)
    assert np.abs(found.gap).max() <= GAP_TOLERANCE + 1e-5  # the network computes in float32


def test_values_agree_with_brute_force(song: Audio, tiny: SpectrogramModel) -> None:
    import tensorflow as tf

    found = explain(song, tiny, target="jazz", segments=[1])
    alphas = (np.arange(200) + 0.5) / 200
    inputs = tiny.standardise(found.mfcc_values[0])
    expected = np.zeros(inputs.shape)
    for mel, weight in zip(tiny.background.logmel, tiny.background.weights, strict=True):
        way = inputs - tiny.standardise(mfcc_from_logmel(mel))
        points = tf.constant(inputs - (1 - alphas)[:, np.newaxis, np.newaxis] * way, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(points)
            output = tiny.network(points[..., tf.newaxis])[:, tiny.genres.index("jazz")]
        expected += weight * way * np.mean(tape.gradient(output, points), axis=0)
    error = np.linalg.norm(found.mfcc[0] - expected) / np.linalg.norm(expected)
    assert error < 0.1


def test_the_prediction_is_the_analysis_and_the_base_value_the_background(
    song: Audio, tiny: SpectrogramModel
) -> None:
    analysis = analyze(song, tiny)
    found = explain(song, tiny)
    assert found.target == analysis.genre
    genre = tiny.genres.index(analysis.genre)
    np.testing.assert_allclose(found.prediction, analysis.probabilities[:, genre], atol=1e-6)
    background = tiny.predict_logmel(tiny.background.logmel)[:, genre]
    np.testing.assert_allclose(found.base_value, background @ tiny.background.weights, atol=1e-6)
    np.testing.assert_array_equal(found.starts_s, analysis.starts_s)
    np.testing.assert_array_equal(found.ends_s, analysis.ends_s)


def test_a_segment_is_explained_independently_of_the_others(
    song: Audio, tiny_cnn: SpectrogramModel, explanation: Explanation
) -> None:
    alone = explain(song, tiny_cnn, segments=[2, 0, 2])
    np.testing.assert_array_equal(alone.segments, [2, 0])
    np.testing.assert_allclose(alone.mfcc, explanation.mfcc[[2, 0]], atol=1e-6)
    np.testing.assert_array_equal(alone.starts_s, explanation.starts_s[[2, 0]])


def test_an_explanation_is_sliced_like_an_array(explanation: Explanation) -> None:
    last = explanation[-1]
    assert len(last) == 1
    np.testing.assert_array_equal(last.segments, [2])
    np.testing.assert_array_equal(last.mel[0], explanation.mel[2])
    np.testing.assert_allclose(explanation[1:].gap, explanation.gap[1:])
    assert [int(one.segments[0]) for one in explanation] == [0, 1, 2]
    with pytest.raises(IndexError, match="segment 3 of an explanation of 3 segments"):
        explanation[3]


def test_it_converts_to_an_explanation_of_the_shap_library(explanation: Explanation) -> None:
    converted = explanation.shap
    assert isinstance(converted, shap.Explanation)
    np.testing.assert_allclose(converted.values, explanation.mfcc.sum(axis=1), atol=1e-6)
    np.testing.assert_allclose(converted.data, explanation.mfcc_values.mean(axis=1), atol=1e-3)
    total = converted.base_values + converted.values.sum(axis=1)
    np.testing.assert_allclose(total, explanation.prediction - explanation.gap, atol=1e-5)
    assert converted[1].base_values == explanation.base_value[1]
    assert list(converted.feature_names)[:2] == ["MFCC 1", "MFCC 2"]


def test_the_audible_part_comes_from_cells_louder_than_the_background(
    song: Audio,
) -> None:
    model = tiny_model("cnn", seed=3)
    quiet_and_loud = np.where(np.arange(128) % 2, -80.0, 0.0) * np.ones((1, 72, 1))
    background = SpectrogramBackground(np.ones(1, np.float32), quiet_and_loud.astype(np.float32))
    found = explain(song, SpectrogramModel(model.network, model.card, background))
    louder = found.logmel > background.logmel
    assert louder[..., 1::2].mean() > 0.9
    np.testing.assert_array_equal(found.audible, np.where(louder, found.mel, 0))


def test_silent_cells_have_no_audible_part(tiny: SpectrogramModel) -> None:
    found = explain(Audio(song_samples(1.0)), tiny)
    assert found.mel[0, found.filled[0] :].any()
    assert not found.audible[0, found.filled[0] :].any()


def test_bins_outside_all_bands_have_no_values(explanation: Explanation) -> None:
    bank = mel_filterbank(FeatureParameters())
    assert not explanation.stft[..., bank.max(axis=0) == 0].any()


def test_padding_is_explained_too(tiny_cnn: SpectrogramModel) -> None:
    found = explain(Audio(song_samples(1.0)), tiny_cnn)
    np.testing.assert_array_equal(found.filled, [1 + SAMPLE_RATE // 915])
    assert np.abs(found.mfcc[0, found.filled[0] :]).max() > 0
    assert_equal_sums(found)


def test_silence_has_finite_values_that_add_up(tiny: SpectrogramModel) -> None:
    found = explain(Audio(np.zeros(100_000, dtype=np.float32)), tiny)
    assert np.isfinite(found.stft).all()
    assert_equal_sums(found)


def test_a_song_equal_to_the_background_has_zero_values(song: Audio) -> None:
    model = tiny_model("cnn", seed=3)
    logmel = analyze(song, model).logmel[:1]
    model = SpectrogramModel(
        model.network, model.card, SpectrogramBackground(np.ones(1, np.float32), logmel)
    )
    found = explain(song, model, segments=[0])
    assert not found.mfcc.any()
    np.testing.assert_allclose(found.gap, 0, atol=1e-6)


def test_other_frame_rates_are_explained() -> None:
    model = tiny_model("cnn", parameters=FeatureParameters.for_hop_length(512))
    found = explain(Audio(song_samples(3.5)), model)
    assert found.mel.shape == (1, 130, 128)
    assert_equal_sums(found)
    assert np.abs(found.gap).max() <= GAP_TOLERANCE + 1e-5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "polka"}, "has no genre 'polka'. Choose one of: blues, "),
        ({"target": ""}, "has no genre ''"),
        ({"segments": [0, 3]}, "no segment 3. Choose from 0 to 2"),
        ({"segments": [-1]}, "no segment -1"),
        ({"segments": []}, "No segments were chosen"),
    ],
)
def test_invalid_arguments_are_refused_with_the_reason(
    song: Audio, tiny_cnn: SpectrogramModel, options: dict, message: str
) -> None:
    with pytest.raises(ExplanationError, match=message):
        explain(song, tiny_cnn, **options)


def test_a_song_at_another_sampling_rate_is_explained_as_if_resampled_before(
    tiny_cnn: SpectrogramModel,
) -> None:
    other = Audio(song_samples(6.0, sample_rate=44_100), sample_rate=44_100)
    found = explain(other, tiny_cnn, target="jazz")
    expected = explain(resample(other, SAMPLE_RATE), tiny_cnn, target="jazz")
    for name in ("mfcc", "mel", "perturbation", "stft", "starts", "filled", "ends_s"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    assert found.audio is other


def test_the_stft_view_is_computed_from_the_song_on_access(explanation: Explanation) -> None:
    np.testing.assert_array_equal(explanation[1:].stft, explanation.stft[1:])
    parts = joined([explanation[2], explanation[:2]])
    np.testing.assert_array_equal(parts.stft, explanation.stft[[2, 0, 1]])
    silent = explanation.without_audio()
    np.testing.assert_array_equal(silent.mel, explanation.mel)
    with pytest.raises(ExplanationError, match="needs the song's audio"):
        _ = silent[0].stft


def test_an_explanation_stores_neither_the_stft_view_nor_a_copy_of_the_song(
    song: Audio, explanation: Explanation
) -> None:
    arrays = [value for value in vars(explanation).values() if isinstance(value, np.ndarray)]
    cells = explanation.mel.size
    assert sum(array.size for array in arrays) < 5 * cells
    assert explanation[0].audio is song


def test_progress_counts_segments_and_can_stop_the_computation(
    song: Audio, tiny_cnn: SpectrogramModel
) -> None:
    reports: list[tuple[int, int]] = []
    explain(song, tiny_cnn, progress=lambda done, total: reports.append((done, total)))
    assert reports == [(0, 3), (1, 3), (2, 3), (3, 3)]

    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 1:
            raise Stop

    with pytest.raises(Stop):
        explain(song, tiny_cnn, progress=stop)


def test_joined_parts_equal_the_explanation_of_the_whole(
    song: Audio, tiny: SpectrogramModel
) -> None:
    whole = explain(song, tiny, target="jazz")
    parts = joined([whole[:1], whole[1:]])
    np.testing.assert_array_equal(parts.mel, whole.mel)
    np.testing.assert_array_equal(parts.segments, whole.segments)
    with pytest.raises(ValueError, match="same genre by the same model"):
        joined([whole[:1], explain(song, tiny, target="rock", segments=[1])])


def test_a_genre_rather_than_another_adds_up_in_log_odds(
    song: Audio, tiny: SpectrogramModel
) -> None:
    found = explain(song, tiny, target="jazz", versus="blues")
    rows = analyze(song, tiny).probabilities.astype(np.float64)
    jazz, blues = (tiny.genres.index(genre) for genre in ("jazz", "blues"))
    np.testing.assert_allclose(found.prediction, np.log(rows[:, jazz] / rows[:, blues]), atol=1e-5)
    tolerance = GAP_TOLERANCE * core.explanation.attribution.LOG_ODDS_UNIT
    assert np.abs(found.gap).max() <= tolerance + 1e-3
    np.testing.assert_allclose(found.mel.sum(axis=2), found.mfcc.sum(axis=2), atol=1e-4)
    other = explain(song, tiny, target="blues", versus="jazz")
    np.testing.assert_allclose(other.mfcc, -found.mfcc, atol=1e-4)
    assert (found.versus, other.versus) == ("blues", "jazz")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"target": "jazz", "versus": "jazz"}, "jazz cannot be compared with itself"),
        ({"target": "jazz", "versus": "polka"}, "has no genre 'polka'"),
    ],
)
def test_the_compared_genre_must_be_known_and_different(
    song: Audio, tiny_cnn: SpectrogramModel, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ExplanationError, match=sentence):
        explain(song, tiny_cnn, **options)  # type: ignore[arg-type]


def test_a_given_analysis_is_not_computed_again(
    song: Audio, tiny: SpectrogramModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = explain(song, tiny, target="jazz", segments=[1])
    known = analyze(song, tiny)
    monkeypatch.setattr("core.explanation.explain.analyze", None)
    found = explain(song, tiny, target="jazz", segments=[1], analysis=known)
    for name in ("mfcc", "mel", "stft", "prediction"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
