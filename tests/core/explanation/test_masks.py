"""Masks: their area, the order of the cells, and shares of the evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.io import Audio
from core.explanation.masks import evidence, importance_mask
from tests.synthetic import song_samples
from tests.synthetic_explanation import synthetic_explanation

LOW = np.where(np.arange(128) < 40, 1.0, -1.0)  # evidence for frequencies below about 1 kHz


@settings(max_examples=15)
@given(keep=st.floats(0, 1), more=st.floats(0, 1), seed=st.integers(0, 9))
def test_a_larger_mask_contains_the_smaller_one_and_both_have_their_area(
    keep: float, more: float, seed: int
) -> None:
    song = Audio(song_samples(4.8))  # one segment and one that is 60 % full
    explanation = synthetic_explanation(song, seed=seed)
    small = importance_mask(explanation, keep=min(keep, more))
    large = importance_mask(explanation, keep=max(keep, more))
    assert not (small & ~large).any()
    for mask, share in ((small, min(keep, more)), (large, max(keep, more))):
        areas = mask.sum(axis=(1, 2))
        np.testing.assert_allclose(areas, share * 128 * explanation.filled, atol=0.51)
    assert not large[1, explanation.filled[1] :].any()


def test_evidence_for_the_genre_comes_before_evidence_against_it() -> None:
    song = Audio(song_samples(3.0))
    mask = importance_mask(synthetic_explanation(song, evidence=LOW), keep=0.3)
    assert mask[..., :36].any()
    assert not mask[..., 44:].any()


def test_of_equal_evidence_the_louder_cell_comes_first() -> None:
    song = Audio(song_samples(3.0))
    explanation = synthetic_explanation(song, evidence=np.zeros(128))
    mask = importance_mask(explanation, keep=0.1)
    assert explanation.logmel[mask].min() >= explanation.logmel[~mask].max()


@pytest.mark.parametrize("keep", [-0.1, 1.5, float("nan")])
def test_an_invalid_share_is_refused(song: Audio, keep: float) -> None:
    with pytest.raises(ValueError, match="keep must be between 0 and 1, not"):
        importance_mask(synthetic_explanation(song), keep=keep)


def test_each_segment_may_have_its_own_share(song: Audio) -> None:
    explanation = synthetic_explanation(song)
    shares = np.linspace(0.1, 0.7, len(explanation))
    mask = importance_mask(explanation, keep=shares)
    for index, share in enumerate(shares):
        alone = importance_mask(explanation[index], keep=float(share))
        np.testing.assert_array_equal(mask[index], alone[0])


@settings(max_examples=15)
@given(keep=st.floats(0.01, 1), seed=st.integers(0, 9))
def test_a_share_of_the_evidence_is_reached_with_as_few_cells_as_possible(
    keep: float, seed: int
) -> None:
    explanation = synthetic_explanation(Audio(song_samples(3.0)), seed=seed)
    ranks = evidence(explanation)[0]
    mask = importance_mask(explanation, keep=keep, of="evidence")[0]
    total = np.maximum(ranks, 0).sum(dtype=np.float64)
    assert ranks[mask].sum(dtype=np.float64) >= keep * total * (1 - 1e-6)
    assert ranks[mask].min() > 0
    assert ranks[mask].sum(dtype=np.float64) - ranks[mask].min() <= keep * total * (1 + 1e-6)


def test_without_positive_evidence_no_cell_is_a_share_of_it() -> None:
    explanation = synthetic_explanation(Audio(song_samples(3.0)), evidence=-np.ones(128))
    assert not importance_mask(explanation, keep=1, of="evidence").any()


def test_both_parts_of_the_evidence_have_equal_weight_and_padding_has_none() -> None:
    explanation = synthetic_explanation(Audio(song_samples(2.2)))  # 73 % full
    effect = np.random.RandomState(1).standard_normal(explanation.mel.shape).astype(np.float32)
    explanation = replace(explanation, perturbation=effect)
    ranks, frames = evidence(explanation), explanation.filled[0]
    expected = sum(
        part[0, :frames] / np.abs(part[0, :frames]).mean()
        for part in (explanation.audible, explanation.perturbation)
    )
    np.testing.assert_allclose(ranks[0, :frames], expected, rtol=1e-5, atol=1e-5)
    assert not ranks[0, frames:].any()
    scaled = replace(explanation, perturbation=1000 * effect)
    np.testing.assert_allclose(evidence(scaled), ranks, rtol=1e-4, atol=1e-5)


def test_a_given_ranking_replaces_the_evidence(song: Audio) -> None:
    explanation = synthetic_explanation(song)
    ranking = np.broadcast_to(np.arange(128.0), explanation.mel.shape)
    mask = importance_mask(explanation, keep=0.25, ranking=ranking)
    assert mask[..., 96:].all()
    assert not mask[..., :96].any()


def test_an_unknown_kind_of_share_is_refused(song: Audio) -> None:
    with pytest.raises(ValueError, match="of must be 'area' or 'evidence', not 'energy'"):
        importance_mask(synthetic_explanation(song), of="energy")  # type: ignore[arg-type]
