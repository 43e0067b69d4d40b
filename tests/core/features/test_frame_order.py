"""Orders of frames: chunks stay together, nothing is lost, and seeds decide."""

from __future__ import annotations

import numpy as np
import pytest

from core.features.frame_order import (
    CHUNKS,
    possible_chunks,
    reordered,
    reversed_order,
    seeded_order,
    shuffled_order,
)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_chunks_change_places_and_keep_their_own_order(chunk: int) -> None:
    order = seeded_order(72, chunk)
    assert sorted(order) == list(range(72))
    assert not np.array_equal(order, np.arange(72))
    places = {int(frame): place for place, frame in enumerate(order)}
    for start in range(0, 72, chunk):
        members = range(start, min(start + chunk, 72))
        assert [places[frame] - places[start] for frame in members] == list(range(len(members)))


def test_two_chunks_can_only_be_exchanged() -> None:
    orders = {tuple(seeded_order(5, 3, draw=draw)) for draw in range(20)}
    assert orders == {(3, 4, 0, 1, 2)}


def test_all_orders_but_the_original_one_are_drawn_equally_often() -> None:
    generator = np.random.default_rng(0)
    drawn = [tuple(shuffled_order(3, 1, generator)) for _ in range(5_000)]
    counts = {order: drawn.count(order) for order in set(drawn)}
    assert (0, 1, 2) not in counts
    assert len(counts) == 5
    assert min(counts.values()) > 900


def test_an_order_depends_on_segment_draw_and_seed_only() -> None:
    assert np.array_equal(seeded_order(72, 4, segment=3), seeded_order(72, 4, segment=3))
    others = [{"segment": 4}, {"segment": 3, "draw": 1}, {"segment": 3, "seed": 1}]
    for other in others:
        assert not np.array_equal(seeded_order(72, 4, segment=3), seeded_order(72, 4, **other))


@pytest.mark.parametrize(("frames", "chunk"), [(1, 1), (36, 36), (10, 16), (5, 0)])
def test_fewer_than_two_chunks_cannot_be_shuffled(frames: int, chunk: int) -> None:
    with pytest.raises(ValueError, match="cannot be shuffled"):
        seeded_order(frames, chunk)


def test_a_short_segment_has_fewer_chunk_lengths() -> None:
    assert possible_chunks(72) == CHUNKS
    assert possible_chunks(9) == (1, 2, 4, 8)
    assert possible_chunks(1) == ()


def test_padding_stays_in_its_place() -> None:
    segment = np.arange(12).reshape(6, 2)
    turned = reordered(segment, reversed_order(4))
    assert turned[:, 0].tolist() == [6, 4, 2, 0, 8, 10]
    assert np.array_equal(reordered(turned, reversed_order(4)), segment)


@pytest.mark.parametrize("order", [[0, 0, 1], [1, 2, 3], [0, 1, 2, 3, 4, 5, 6]])
def test_an_order_must_name_each_frame_once(order: list[int]) -> None:
    with pytest.raises(ValueError, match="each of its frames once"):
        reordered(np.zeros((6, 2)), np.array(order))
