"""Faithfulness of explanations: predictions for important regions and for everything else.

Conventions
-----------
A song is divided into its important regions and everything else
(`core.listening.filtering.divide`). The model analyses both parts again from their waveforms,
exactly as `divide` returns them and before any change of loudness. Each part has its own maximum as
the reference of its spectrogram. The *probability of a part* is the mean over the explained
segments of the model's probability for the explained genre. `part_probabilities` is its only
definition, for the command line, the pages, the exports, the metrics and the benchmarks.

The features are relative to the maximum of each part, so its level has no influence on the
prediction. What a page plays differs from the analysed part in level, and where
`core.audio.loudness.match_loudness` limits its peaks. On the example songs, the limiter changes the
probability of a part by at most 0.021.

The metrics and their papers are described in `core.listening.faithfulness_metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import Analysis, analyze
from core.constants import DEFAULT_KEEP
from core.explanation.masks import Share, importance_mask
from core.listening.faithfulness_metrics import evaluate
from core.listening.filtering import divide

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.explanation.explain import Explanation
    from core.models.base import GenreModel

NAMES = ("original", "kept", "removed")


@dataclass(frozen=True, eq=False)
class PartProbabilities:
    """Genre probabilities of a song and of its two parts, in the explained segments.

    Parameters
    ----------
    genre : int
        Index of the explained genre.
    original, kept, removed : np.ndarray [shape=(n, genres), dtype=float32, range=[0, 1]]
        Probabilities of all genres for the whole song, for its important regions alone, and for the
        song without them.
    """

    genre: int
    original: np.ndarray
    kept: np.ndarray
    removed: np.ndarray

    @property
    def by_segment(self) -> dict[str, np.ndarray]:
        """Probabilities of the explained genre, `shape=(n,)`, by the names in `NAMES`."""
        return {name: getattr(self, name)[:, self.genre] for name in NAMES}

    @property
    def means(self) -> dict[str, float]:
        """Mean probability of the explained genre over the segments, by the names in `NAMES`."""
        return {
            name: float(np.mean(values, dtype=np.float64))
            for name, values in self.by_segment.items()
        }


def part_probabilities(
    model: GenreModel,
    audio: Audio,
    explanation: Explanation,
    *,
    keep: float | np.ndarray = DEFAULT_KEEP,
    of: Share = "area",
    ranking: np.ndarray | None = None,
    parts: tuple[Audio, Audio] | None = None,
    analysis: Analysis | None = None,
) -> PartProbabilities:
    """Predict the genre of a song, of its important regions, and of everything else.

    Parameters
    ----------
    model : GenreModel
        The model that predicts; usually the explained one. If its segments are at other times than
        the explained ones, those count that contain the middle of an explained segment.
    audio : Audio
        The explained song, at any sampling rate.
    explanation : Explanation
        The song's explanation. Only the segments that it covers count.
    keep, of, ranking
        The important regions, as in `core.listening.filtering.divide`.
    parts : tuple of Audio, optional
        The two parts as `divide` returned them for the same `keep`, `of` and `ranking`, if they are
        available. The song is divided otherwise.
    analysis : Analysis, optional
        The same model's analysis of the song, if it is available. It is computed otherwise.

    Returns
    -------
    PartProbabilities
        Probabilities of all genres, segment by segment, and means for the explained genre.

    Raises
    ------
    ValueError
        If `keep` is not a share, `of` is unknown, the explanation belongs to another song, or the
        model lacks the explained genre.
    """
    genre = model.genres.index(explanation.target)
    if parts is None:
        parts = divide(audio, explanation, keep=keep, of=of, ranking=ranking)
    analyses = (analysis or analyze(audio, model), *(analyze(part, model) for part in parts))
    return PartProbabilities(
        genre, *(segment_probabilities(each, explanation) for each in analyses)
    )


def segment_probabilities(analysis: Analysis, explanation: Explanation) -> np.ndarray:
    """Select the probabilities of the explained segments from an analysis.

    Parameters
    ----------
    analysis : Analysis
        Analysis of the explained song or of a part of it, by any model.
    explanation : Explanation
        The song's explanation.

    Returns
    -------
    np.ndarray [shape=(n, genres), dtype=float32, range=[0, 1]]
        Probabilities of the segments that contain the middles of the explained segments.
    """
    middles = (explanation.starts_s + explanation.ends_s) / 2
    segments = np.searchsorted(analysis.starts_s, middles, side="right") - 1
    return analysis.probabilities[segments]


def faithfulness(
    model: GenreModel,
    audio: Audio,
    explanation: Explanation,
    *,
    keep: float | np.ndarray = DEFAULT_KEEP,
    of: Share = "area",
    ranking: np.ndarray | None = None,
) -> dict[str, Any]:
    """Measure the faithfulness of an explanation by analysing the divided audio again.

    Parameters
    ----------
    model, audio, explanation, keep, of, ranking
        As in `part_probabilities`.

    Returns
    -------
    dict
        `probability_original`, `probability_kept` and `probability_removed`: the means of
        `part_probabilities`; the metrics by the names of
        `core.listening.faithfulness_metrics.evaluate`; and `segments`, a dictionary with the same
        three probabilities as lists, one number for each segment. JSON-ready.

    Raises
    ------
    ValueError
        As `part_probabilities`.

    Examples
    --------
    >>> from core import explain, faithfulness, load_audio, load_model
    >>> audio, model = load_audio("examples/slow_harbour.ogg"), load_model("cnn")
    >>> measured = faithfulness(model, audio, explain(audio, model), keep=0.2)
    >>> measured["probability_kept"] > measured["probability_removed"]
    True
    """
    found = part_probabilities(model, audio, explanation, keep=keep, of=of, ranking=ranking)
    # Levels above the floor in dB; zero in the removed cells.
    level = explanation.logmel + explanation.parameters.top_db
    mask = importance_mask(explanation, keep=keep, of=of, ranking=ranking)
    maps = np.where(mask, level, 0)
    return {
        **{f"probability_{name}": mean for name, mean in found.means.items()},
        **evaluate(found.original, found.kept, found.removed, found.genre, maps),
        "segments": {
            f"probability_{name}": values.tolist() for name, values in found.by_segment.items()
        },
    }
