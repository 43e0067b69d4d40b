"""Other orders of a segment's frames: shuffled in chunks, or reversed.

A network that only counts what occurs in a segment predicts the same genre whatever the order of
its frames. Shuffling chunks of several frames keeps the order within each chunk, so the length at
which a prediction recovers tells how long the patterns are that the network uses.

Conventions
-----------
An *order* is an array of frame numbers: frame ``i`` of the result is frame ``order[i]`` of the
segment. It covers the frames that lie within the song; the padding after them stays in its place.
"""

from __future__ import annotations

import numpy as np

CHUNKS = (1, 2, 4, 8, 16, 36)  # frames that stay together


def possible_chunks(n_frames: int) -> tuple[int, ...]:
    """List the chunk lengths in `CHUNKS` of which a segment has at least two.

    Parameters
    ----------
    n_frames : int
        Frames of the segment that lie within the song.

    Returns
    -------
    tuple of int
        Lengths in frames, ascending; empty if the segment has a single frame.
    """
    return tuple(chunk for chunk in CHUNKS if chunk < n_frames)


def shuffled_order(n_frames: int, chunk: int, generator: np.random.Generator) -> np.ndarray:
    """Draw an order in which chunks of frames change places.

    Parameters
    ----------
    n_frames : int
        Frames to shuffle.
    chunk : int
        Frames that stay together; the last chunk may be shorter.
    generator : np.random.Generator
        Random number generator.

    Returns
    -------
    np.ndarray [shape=(n_frames,), dtype=int]
        One of the orders other than the original one, all with equal probability.

    Raises
    ------
    ValueError
        If there are fewer than two chunks.
    """
    if not 0 < chunk < n_frames:
        raise ValueError(f"{n_frames} frames cannot be shuffled in chunks of {chunk}.")
    chunks = np.split(np.arange(n_frames), range(chunk, n_frames, chunk))
    while True:
        places = generator.permutation(len(chunks))
        if np.any(places != np.arange(len(chunks))):
            return np.concatenate([chunks[place] for place in places])


def seeded_order(
    n_frames: int, chunk: int, *, segment: int = 0, draw: int = 0, seed: int = 0
) -> np.ndarray:
    """Draw an order that depends on nothing but its arguments; see `shuffled_order`.

    Parameters
    ----------
    n_frames, chunk : int
        As in `shuffled_order`.
    segment, draw : int
        Number of the segment, and of the shuffle of this segment.
    seed : int
        Seed of all orders.

    Returns
    -------
    np.ndarray [shape=(n_frames,), dtype=int]
        The order.
    """
    generator = np.random.default_rng([seed, segment, chunk, draw])
    return shuffled_order(n_frames, chunk, generator)


def reversed_order(n_frames: int) -> np.ndarray:
    """Order of the frames from the last to the first, `shape=(n_frames,)`."""
    return np.arange(n_frames)[::-1]


def reordered(segment: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Change the order of a segment's frames.

    Parameters
    ----------
    segment : np.ndarray [shape=(frames, ...)]
        Spectrogram or any other values by frame.
    order : np.ndarray [shape=(n,), dtype=int]
        Order of the first ``n <= frames`` frames; the others stay in their places.

    Returns
    -------
    np.ndarray [shape=(frames, ...)]
        The same frames in the new order.

    Raises
    ------
    ValueError
        If `order` does not name each of its frames once.
    """
    if not np.array_equal(np.sort(order), np.arange(len(order))) or len(order) > len(segment):
        raise ValueError("An order must name each of its frames once.")
    return np.concatenate([segment[order], segment[len(order) :]])
