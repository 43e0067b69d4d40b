"""Explained mixes: the important parts of a mix of two songs, beside its ground truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.analysis import analyze
from core.constants import DEFAULT_KEEP
from core.errors import ExplanationError
from core.explanation.explain import explain
from core.explanation.masks import importance_mask
from core.features.spectrogram import FeatureParameters, band_frequencies
from core.listening.filtering import divide_by_mask
from core.listening.localisation import kept_precision
from core.listening.mixing import Gate, Mix, mix_songs, target_cells

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.models.base import GenreModel


@dataclass(frozen=True, eq=False)
class ExplainedMix:
    """A mix of two songs, explained for the genre of the target song.

    Parameters
    ----------
    mix : Mix
        The mix.
    target_genre, other_genre : str
        The model's predictions for the two songs alone. The former is explained.
    probability : float, range=[0, 1]
        Mean probability of the target's genre in the segments of the mix.
    parameters : FeatureParameters
        Parameters of the model's features.
    level : np.ndarray [shape=(frames, n_mels), range=[-top_db, 0]]
        Log-mel spectrogram of the mix in dB, without padding.
    truth, kept : np.ndarray [shape=(frames, n_mels), dtype=bool]
        Cells that the target dominates, and the most important cells.
    important : Audio
        The important parts of the mix.
    """

    mix: Mix
    target_genre: str
    other_genre: str
    probability: float
    parameters: FeatureParameters
    level: np.ndarray
    truth: np.ndarray
    kept: np.ndarray
    important: Audio

    @property
    def times_s(self) -> np.ndarray:
        """Times of the frames in seconds, `shape=(frames,)`."""
        return np.arange(len(self.level)) * self.parameters.hop_length / self.parameters.sample_rate

    @property
    def frequencies(self) -> np.ndarray:
        """Centres of the mel bands in Hz, `shape=(n_mels,)`."""
        return band_frequencies(self.parameters)

    @property
    def chance(self) -> float:
        """Share of the cells that the target dominates."""
        return float(self.truth.mean())

    @property
    def kept_on_target(self) -> float:
        """Share of the kept cells that the target dominates."""
        return kept_precision(self.kept, self.truth)


def explain_mix(
    songs: Sequence[Audio],
    model: GenreModel,
    gate_of: Callable[[float], Gate],
    *,
    keep: float = DEFAULT_KEEP,
    progress: Callable[[], None] = lambda: None,
) -> ExplainedMix:
    """Mix two of several songs and explain the mix for the genre of the target song.

    The pair is the one whose target raises the probability of its genre most, compared with the
    other song alone. What the explanation looks like has no influence on the choice.

    Parameters
    ----------
    songs : sequence of Audio
        Excerpts to choose from.
    model : GenreModel
        The model, which must take a spectrogram as input.
    gate_of : callable
        From the length of a mix in seconds to the gate of its target.
    keep : float, range=[0, 1]
        Share of the cells that counts as important.
    progress : callable, optional
        Called before each mix. An exception that it raises ends the computation.

    Returns
    -------
    ExplainedMix
        The mix and its explanation.

    Raises
    ------
    AudioError
        If a song cannot be mixed, see `core.listening.mixing.mix_songs`.
    ExplanationError
        If the model predicts the same genre for all songs, or takes no spectrogram as input.
    """
    mix, target, other = _clearest_mix(songs, model, gate_of, progress)
    analysis = analyze(mix.audio, model)
    explanation = explain(mix.audio, model, target=target, analysis=analysis)
    mask = importance_mask(explanation, keep=keep)
    important, _ = divide_by_mask(mix.audio, explanation, mask)
    sounding = np.arange(model.parameters.segment_frames) < analysis.filled[:, np.newaxis]
    return ExplainedMix(
        mix=mix,
        target_genre=target,
        other_genre=other,
        probability=float(explanation.prediction.mean()),
        parameters=model.parameters,
        level=analysis.logmel[sounding],
        truth=target_cells(mix, model.parameters)[sounding],
        kept=mask[sounding],
        important=important,
    )


def _clearest_mix(
    songs: Sequence[Audio],
    model: GenreModel,
    gate_of: Callable[[float], Gate],
    progress: Callable[[], None],
) -> tuple[Mix, str, str]:
    """Choose a pair of songs; return their mix and the genres predicted for them alone."""
    alone = [analyze(song, model) for song in songs]
    best: tuple[float, Mix, str, str] | None = None
    for target, one in zip(songs, alone, strict=True):
        genre = model.genres.index(one.genre)
        for other, two in zip(songs, alone, strict=True):
            if one.genre == two.genre:
                continue
            progress()
            mix = mix_songs(target, other, gate_of(min(one.duration_s, two.duration_s)))
            mixed = analyze(mix.audio, model)
            rise = float(mixed.song_probabilities[genre] - two.song_probabilities[genre])
            if best is None or rise > best[0]:
                best = rise, mix, one.genre, two.genre
    if best is None:
        raise ExplanationError(
            f"{model.name} predicts the same genre for all songs to mix. Choose another model."
        )
    return best[1:]
