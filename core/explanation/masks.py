"""Masks: the important cells of a spectrogram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from core.constants import DEFAULT_KEEP

if TYPE_CHECKING:
    from core.explanation.explain import Explanation


Share = Literal["area", "evidence"]


def importance_mask(
    explanation: Explanation,
    *,
    keep: float | np.ndarray = DEFAULT_KEEP,
    of: Share = "area",
    ranking: np.ndarray | None = None,
) -> np.ndarray:
    """Select the most important cells: those that `core.listening.filtering.listen` keeps.

    Parameters
    ----------
    explanation : Explanation
        The explanation.
    keep : float or np.ndarray [shape=(n,)], range=[0, 1]
        Share to select, one for all segments or one for each.
    of : {"area", "evidence"}
        What `keep` is a share of: each segment's time-frequency area, or its positive evidence.
        With "evidence", ``keep=1`` selects all cells with positive evidence.
    ranking : np.ndarray [shape=(n, segment_frames, n_mels)], optional
        Importance of the cells; by default `evidence`.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        Selected cells, in descending order of importance. Of equally important cells the louder one
        comes first. Padding is never selected.

    Raises
    ------
    ValueError
        If `keep` is not a share, or `of` is unknown.

    Examples
    --------
    >>> from core import explain, importance_mask, load_audio, load_model
    >>> audio = load_audio("examples/slow_harbour.ogg")
    >>> explanation = explain(audio, load_model("cnn"), segments=[0])
    >>> mask = importance_mask(explanation, keep=0.2)
    >>> mask.shape, round(float(mask.mean()), 2)
    ((1, 72, 128), 0.2)
    """
    shares = np.broadcast_to(np.asarray(keep, dtype=float), len(explanation))
    if not np.all((shares >= 0) & (shares <= 1)):
        raise ValueError(f"keep must be between 0 and 1, not {keep}.")
    if of not in get_args(Share):
        raise ValueError(f"of must be 'area' or 'evidence', not {of!r}.")
    ranks = evidence(explanation) if ranking is None else ranking
    mask = np.zeros(explanation.mel.shape, dtype=bool)
    for index, frames in enumerate(explanation.filled):
        level = explanation.logmel[index, :frames].ravel()
        rank = ranks[index, :frames].ravel()
        order = np.lexsort((level, rank))[::-1]  # the last key counts most
        if of == "area":
            count = round(shares[index] * level.size)
        else:
            gained = np.cumsum(np.maximum(rank[order], 0), dtype=np.float64)
            # Reach the share, but do not let rounding add cells without evidence.
            count = int(np.searchsorted(gained, shares[index] * gained[-1] * (1 - 1e-9)))
            count += bool(shares[index] and gained[-1])
        chosen = np.zeros(level.size, dtype=bool)
        chosen[order[:count]] = True
        mask[index, :frames] = chosen.reshape(frames, -1)
    return mask


def evidence(explanation: Explanation) -> np.ndarray:
    """Compute the importance of cells: SHAP values plus the effect of silence.

    The first part are the SHAP values of cells louder than the background. Where silence is
    evidence for the genre, there is nothing to keep. The second part, the effect of silence (see
    `core.explanation.perturbation`), fits the way everything else is removed from the song.
    Both parts have equal weight. Either part alone is less faithful and sounds rougher.

    Parameters
    ----------
    explanation : Explanation
        The explanation.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        Sum of the two parts, each divided by its mean absolute value in the segment; zero in the
        padding.
    """
    ranks = np.zeros_like(explanation.audible)
    for index, frames in enumerate(explanation.filled):
        for part in (explanation.audible, explanation.perturbation):
            values = part[index, :frames]
            ranks[index, :frames] += values / max(float(np.abs(values).mean()), 1e-12)
    return ranks
