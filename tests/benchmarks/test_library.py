"""The benchmark of whole libraries measures both sides on a few short songs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import library
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import save_model


def test_both_sides_are_measured_on_the_same_songs(
    tiny_cnn: SpectrogramModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = save_model(tiny_cnn, tmp_path)
    arguments = f"--count 9 --seconds 4 --loop 3 --workers 1 --model {card}".split()
    monkeypatch.setattr("sys.argv", ["library.py", *arguments])
    assert library.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Load average: ")
    sides = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[3:5]]
    assert [side[:2] for side in sides] == [["plain loop", "3"], ["1 worker", "9"]]
    rates = [float(side[2]) for side in sides]
    assert all(rate > 0 for rate in rates)
    assert float(sides[0][3]) == 1
    assert float(sides[1][3]) == pytest.approx(rates[1] / rates[0], rel=0.05, abs=0.1)
    assert re.fullmatch(r"Memory, 1 worker: \d+ MB after a tenth, .*, \d+ MB at the end", lines[5])
    assert float(lines[6].split()[5]) < 1e-5


def test_copies_of_a_song_have_different_digests(tmp_path: Path) -> None:
    library.make_songs(tmp_path, 15, 1.0)
    songs = library.songs_in(tmp_path)
    assert len(songs) == 15
    assert len({path.read_bytes() for path in songs}) == 15
