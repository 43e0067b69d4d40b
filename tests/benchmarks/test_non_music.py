"""Synthesised recordings without music: the same for the same seed, of one length and level."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import non_music
from benchmarks.non_music import PEAK, sounds
from benchmarks.sound_effects import DURATION_S, KINDS
from core.constants import SAMPLE_RATE


def test_every_kind_of_sound_has_the_same_length_and_peak() -> None:
    found = dict(sounds(0, variants=1))
    assert set(KINDS) <= set(found)
    for kind, audio in found.items():
        assert len(audio.samples) == DURATION_S * SAMPLE_RATE
        assert audio.samples.dtype == np.float32
        peak = 0.0 if kind == "silence" else PEAK
        assert np.abs(audio.samples).max() == pytest.approx(peak, abs=1e-6), kind


@pytest.mark.parametrize("kind", ["rain", "engine", "crowd", "dial tones"])
def test_a_sound_depends_on_its_seed_only(kind: str) -> None:
    first, again, other = (KINDS[kind](np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_without_the_program_there_is_no_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert not non_music.has_speech()
    monkeypatch.setattr(non_music, "KINDS", {"silence": KINDS["silence"], "sine": KINDS["sine"]})
    assert [kind for kind, _ in sounds(0, variants=2)] == ["silence", "sine", "sine"]


@pytest.mark.skipif(not non_music.has_speech(), reason="espeak-ng is not installed")
def test_speech_differs_between_voices() -> None:
    one, other = (non_music.speech(np.random.default_rng(0), voice) for voice in ("en-gb", "de+m3"))
    assert len(one) == len(other) == DURATION_S * SAMPLE_RATE
    assert not np.allclose(one, other)
