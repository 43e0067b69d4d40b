"""The example of a mix is made of the bundled songs, once for each model and kind."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from core.models.spectrogram_models import SpectrogramModel
from dashboard.services import mixes, models, songs
from dashboard.services.cache import results
from tests.dashboard.services.test_processes import are_equal, sent, silent


@pytest.fixture(autouse=True)
def _few_songs(monkeypatch: pytest.MonkeyPatch, tiny_cnn: SpectrogramModel) -> None:
    """Three example songs and a small network."""
    few = [songs.examples()[index] for index in (1, 2, 6)]
    monkeypatch.setattr(songs, "examples", lambda: few)
    monkeypatch.setattr(models, "model_of", lambda name: tiny_cnn)
    results.clear()


@pytest.mark.parametrize("kind", ["seconds", "bands"])
def test_the_example_can_be_seen_and_heard(kind: mixes.Kind) -> None:
    example = mixes.mix_example_of("cnn", kind, silent)
    found = example.explained
    titles = {entry["title"] for entry in songs.examples()}
    assert {found.mix.target.name, found.mix.other.name} < titles
    assert found.mix.gate.kind == kind
    assert found.kept.mean() == pytest.approx(0.2, abs=0.001)
    assert len(found.level) == mixes.SEGMENTS * found.parameters.segment_frames
    lengths = set()
    for file in (example.mix_file, example.target_file, example.kept_file):
        samples, rate = soundfile.read(io.BytesIO(file))
        lengths.add(len(samples))
        assert np.abs(samples).max() > 0.01
        assert rate == found.mix.audio.sample_rate
    assert len(lengths) == 1
    assert mixes.mix_example_of("cnn", kind, silent) is example
    assert are_equal(sent(example), example)
