"""Sensitivity to order: predictions for segments whose frames are shuffled or reversed.

The frames of the log-mel spectrogram change places, and nothing else changes: each frame keeps its
content, and the level of the song stays the reference. A model that predicts the same for every
order uses no information about time beyond what a frame contains. In the audio of a shuffled
segment the frames next to a cut change as well (`core.listening.reordering`); predictions for that
audio are therefore reported beside these, not in place of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.features.frame_order import CHUNKS, reordered, reversed_order, seeded_order
from core.models.spectrogram_models import SpectrogramModel

SHUFFLES = 8  # of each segment and chunk length


@dataclass(frozen=True, eq=False)
class OrderProbabilities:
    """Predictions of a model for segments in several orders.

    Parameters
    ----------
    chunks : tuple of int
        Lengths of the shuffled chunks in frames, ascending.
    original : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities for the original order.
    shuffled : np.ndarray [shape=(chunks, shuffles, n, genres), range=[0, 1]]
        Probabilities for shuffled orders.
    backwards : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities for the reversed order.
    """

    chunks: tuple[int, ...]
    original: np.ndarray
    shuffled: np.ndarray
    backwards: np.ndarray


def order_probabilities(
    model: SpectrogramModel,
    logmel_db: np.ndarray,
    filled: np.ndarray,
    *,
    numbers: Sequence[int] | np.ndarray | None = None,
    chunks: Sequence[int] = CHUNKS,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> OrderProbabilities:
    """Predict segments in their own, in shuffled and in reversed order.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    logmel_db : np.ndarray [shape=(n, segment_frames, n_mels)]
        Log-mel segments in dB relative to their song's maximum.
    filled : np.ndarray [shape=(n,), dtype=int]
        Frames of each segment that lie within its song. Only these change places.
    numbers : sequence of int [shape=(n,)], optional
        Numbers of the segments, which seed their orders; by default 0, 1, 2, ….
    chunks : sequence of int
        Lengths of the chunks in frames; each must be shorter than every segment.
    shuffles : int > 0
        Shuffled orders of each segment and chunk length.
    seed : int
        Seed of all orders, see `core.features.frame_order.seeded_order`.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of steps. An exception that it raises
        ends the computation.

    Returns
    -------
    OrderProbabilities
        Predictions for all orders.

    Raises
    ------
    ValueError
        If a segment is too short to be shuffled in one of the chunks.
    """
    numbers = np.arange(len(logmel_db)) if numbers is None else numbers
    total = len(chunks) + 1

    def predicted(orders: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
        """Predict all segments in several orders at once, `shape=(orders, n, genres)`."""
        changed = [
            reordered(segment, order)
            for each in orders
            for segment, order in zip(logmel_db, each, strict=True)
        ]
        shape = (len(orders), len(logmel_db), len(model.genres))
        return model.predict_logmel(np.stack(changed)).reshape(shape)

    def shuffled(chunk: int, draw: int) -> list[np.ndarray]:
        return [
            seeded_order(frames, chunk, segment=number, draw=draw, seed=seed)
            for frames, number in zip(filled, numbers, strict=True)
        ]

    if progress:
        progress(0, total)
    original, backwards = predicted(
        [[order(frames) for frames in filled] for order in (np.arange, reversed_order)]
    )
    found = np.empty((len(chunks), shuffles, *original.shape), dtype=original.dtype)
    for place, chunk in enumerate(chunks):
        if progress:
            progress(place + 1, total)
        found[place] = predicted([shuffled(chunk, draw) for draw in range(shuffles)])
    return OrderProbabilities(tuple(chunks), original, found, backwards)
