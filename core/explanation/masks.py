"""Which cells of a spectrogram count as important."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from core.explanation.explain import Explanation


Share = Literal["area", "evidence"]


def importance_mask(
    explanation: Explanation,
    *,
    keep: float | np.ndarray = 0.2,
    of: Share = "area",
    ranking: np.ndarray | None = None,
) -> np.ndarray:
    """Choose the cells that speak most for the explained genre.

    Parameters
    ----------
    explanation : Explanation
        The explanation.
    keep : float or np.ndarray [shape=(n,)], range=[0, 1]
        Share that is chosen, one for all segments or one for each.
    of : {"area", "evidence"}
        Of what `keep` is a share: of each segment's time-frequency area, or of its positive
        evidence, all of which is needed for ``keep=1``.
    ranking : np.ndarray [shape=(n, segment_frames, n_mels)], optional
        What the cells are ranked by; by default `evidence`.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        Chosen cells, taken in the order of their rank; of equal ranks the louder cell first. Cells
        that speak against the genre come after all that speak for it.

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
        raise ValueError(f"keep={keep} is not a share; choose a number from 0 to 1.")
    if of not in get_args(Share):
        raise ValueError(f"of={of!r} is unknown; choose 'area' or 'evidence'.")
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
            # As many as reach the share: rounding must not ask for cells without evidence.
            count = int(np.searchsorted(gained, shares[index] * gained[-1] * (1 - 1e-9)))
            count += bool(shares[index] and gained[-1])
        chosen = np.zeros(level.size, dtype=bool)
        chosen[order[:count]] = True
        mask[index, :frames] = chosen.reshape(frames, -1)
    return mask


def evidence(explanation: Explanation) -> np.ndarray:
    """Return what cells are ranked by: what they contribute, and what is missed without them.

    The first is the audible part of the SHAP values: where a song speaks for a genre by its silence
    there is nothing to keep, and removing it would only be more of it. The second, the effect of
    silence (see `core.explanation.perturbation`), is what the rest of the song will be replaced by. Both count
    alike. Either alone convinces less, and sounds rougher.

    Parameters
    ----------
    explanation : Explanation
        The explanation.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        Sum of the two, each in units of its mean size in the segment; zero where the song has
        ended.
    """
    ranks = np.zeros_like(explanation.audible)
    for index, frames in enumerate(explanation.filled):
        for part in (explanation.audible, explanation.silencing):
            values = part[index, :frames]
            ranks[index, :frames] += values / max(float(np.abs(values).mean()), 1e-12)
    return ranks
