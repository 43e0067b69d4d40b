"""The pair to mix is chosen by predictions, and its explanation has a ground truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.analysis import analyze
from core.audio.io import Audio
from core.errors import ExplanationError
from core.explanation.explain import explain
from core.explanation.masks import importance_mask
from core.listening.explained_mix import ExplainedMix, explain_mix
from core.listening.mixing import BandGate, Gate, TimeGate, mix_songs, target_cells
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import song_samples

# Longer than one segment, so that the second one is padded.
SONGS = [Audio(song_samples(4.6, seed=seed), name=f"song {seed}") for seed in (2, 4, 5)]


def middle(duration_s: float) -> Gate:
    return TimeGate(0.25 * duration_s, 0.75 * duration_s)


@pytest.fixture(scope="module")
def explained(tiny_cnn: SpectrogramModel) -> ExplainedMix:
    return explain_mix(SONGS, tiny_cnn, middle)


def test_the_target_raises_the_probability_of_its_genre_most(
    explained: ExplainedMix, tiny_cnn: SpectrogramModel
) -> None:
    def rise(target: Audio, other: Audio) -> float:
        genre = tiny_cnn.genres.index(analyze(target, tiny_cnn).genre)
        mix = mix_songs(target, other, middle(4.6))
        shares = (analyze(song, tiny_cnn).song_probabilities[genre] for song in (mix.audio, other))
        return float(np.subtract(*shares))

    genres = {song.name: analyze(song, tiny_cnn).genre for song in SONGS}
    rises = {
        (one.name, other.name): rise(one, other)
        for one in SONGS
        for other in SONGS
        if genres[one.name] != genres[other.name]
    }
    names = explained.mix.target.name, explained.mix.other.name
    assert names == max(rises, key=rises.__getitem__)
    assert (explained.target_genre, explained.other_genre) == tuple(genres[name] for name in names)


def test_the_kept_part_and_the_truth_are_those_of_the_mix(
    explained: ExplainedMix, tiny_cnn: SpectrogramModel
) -> None:
    audio = explained.mix.audio
    explanation = explain(audio, tiny_cnn, target=explained.target_genre)
    frames = int(explanation.filled.sum())
    assert explained.level.shape == (frames, 128) == explained.kept.shape == explained.truth.shape
    first = int(explanation.filled[0])
    np.testing.assert_array_equal(explained.kept[:first], importance_mask(explanation)[0, :first])
    truth = target_cells(explained.mix, tiny_cnn.parameters)
    np.testing.assert_array_equal(explained.truth[:first], truth[0, :first])
    assert explained.probability == pytest.approx(explanation.prediction.mean(), abs=1e-6)
    assert explained.kept_on_target == explained.truth[explained.kept].mean()
    assert explained.chance == explained.truth.mean()
    assert explained.important.samples.shape == audio.samples.shape
    assert explained.times_s[-1] == pytest.approx(audio.duration_s, abs=0.05)
    assert explained.frequencies.shape == (128,)


def test_songs_of_one_genre_are_not_mixed(tiny_cnn: SpectrogramModel) -> None:
    same = [SONGS[0], replace(SONGS[0], name="copy")]
    with pytest.raises(ExplanationError, match="cnn predicts the same genre for all songs"):
        explain_mix(same, tiny_cnn, lambda _: BandGate(300, 3_000))


def test_choosing_can_be_stopped(tiny_cnn: SpectrogramModel) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explain_mix(SONGS, tiny_cnn, middle, progress=stop)
