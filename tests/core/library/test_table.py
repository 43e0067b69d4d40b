"""Tables of whole parts: rows are written, read, removed and found again."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from core.analysis import Analysis, analyze
from core.audio.io import Audio
from core.constants import GENRES
from core.errors import LibraryError
from core.library.table import (
    FAILURE_SCHEMA,
    Writer,
    partition,
    parts,
    read_part,
    remove_rows,
    rows_of,
    song_schema,
    to_row,
)
from core.library.walk import SongFile
from core.models.spectrogram_models import SpectrogramModel

SCHEMA = song_schema(GENRES)


@pytest.fixture(scope="module")
def analysis(song: Audio, tiny_cnn: SpectrogramModel) -> Analysis:
    """Predictions for a song."""
    return analyze(song, tiny_cnn)


def row(analysis: Analysis, name: str, digest: str = "d", settings: str = "s") -> dict[str, object]:
    file = SongFile(f"/music/{name}", name, 10, 20)
    return to_row(file, digest, analysis, explained=False, folder=None, settings=settings)


def failures(folder: Path, *names: str) -> None:
    writer = Writer(folder, FAILURE_SCHEMA)
    writer.add_rows({"song": name, "uri": name, "bytes": 1, "reason": "no"} for name in names)
    writer.write()


def test_a_row_holds_the_analysis(analysis: Analysis, tmp_path: Path) -> None:
    folder = partition(tmp_path, "songs", "my/model")
    writer = Writer(folder, SCHEMA)
    writer.add_rows([row(analysis, "a.mp3"), row(replace(analysis, novelty=math.inf), "b.mp3")])
    writer.write()
    table = pa.dataset.dataset(tmp_path / "songs", partitioning="hive").to_table()
    assert table.num_rows == 2
    assert table["model"].to_pylist() == ["my/model"] * 2
    assert json.loads(read_part(parts(folder)[0]).schema.metadata[b"genres"]) == list(GENRES)
    found = table.slice(0, 1).to_pylist()[0]
    assert found["song"] == "a.mp3"
    assert found["uri"] == "file:///music/a.mp3"
    assert found["genre"] == analysis.genre
    assert found["genre_set"] == list(analysis.genre_set)
    assert found["duration_s"] == analysis.duration_s
    np.testing.assert_array_equal(
        np.array(found["segment_probabilities"], dtype=np.float32), analysis.probabilities
    )
    np.testing.assert_allclose(found["probabilities"], analysis.song_probabilities, rtol=1e-6)
    np.testing.assert_allclose(found["segment_ends_s"], analysis.ends_s, rtol=1e-6)
    assert table["novelty"].to_pylist() == [None, None]  # JSON and Parquet readers dislike infinity


def test_nothing_is_written_without_rows_and_every_part_has_its_own_name(tmp_path: Path) -> None:
    Writer(tmp_path / "failures", FAILURE_SCHEMA).write()
    assert not (tmp_path / "failures").exists()
    failures(tmp_path, "a")
    failures(tmp_path, "b", "c")
    assert len(parts(tmp_path)) == 2


def test_a_part_is_written_completely_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table = pq.write_table

    def full(table: pa.Table, path: Path, **options: str) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    writer = Writer(tmp_path, FAILURE_SCHEMA)
    writer.add_rows([{"song": "a", "uri": "a", "bytes": 1, "reason": "no"}])
    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(LibraryError, match="is full"):
        writer.write()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(pq, "write_table", write_table)
    writer.write()  # the row was not lost
    assert read_part(parts(tmp_path)[0])["song"].to_pylist() == ["a"]


def test_removed_rows_leave_the_other_parts_untouched(tmp_path: Path) -> None:
    failures(tmp_path, "a", "b")
    failures(tmp_path, "c")
    failures(tmp_path, "d")
    before = {path: path.stat().st_mtime_ns for path in parts(tmp_path)}
    remove_rows(tmp_path, frozenset("ac"))
    left = {path: read_part(path)["uri"].to_pylist() for path in parts(tmp_path)}
    assert sorted(left.values()) == [["b"], ["d"]]
    (untouched,) = (path for path, uris in left.items() if uris == ["d"])
    assert untouched.stat().st_mtime_ns == before[untouched]
    remove_rows(tmp_path / "missing", frozenset("ac"))


def test_a_row_is_found_by_digest_and_settings(analysis: Analysis, tmp_path: Path) -> None:
    for settings in ("old", "new"):
        writer = Writer(tmp_path, SCHEMA)
        writer.add_rows(
            row(analysis, f"{settings} {digest}", digest, settings) for digest in ("x", "y", "y")
        )
        writer.write()
    found = list(rows_of(tmp_path, frozenset({"y", "z"}), "new"))
    assert [each["song"] for each in found] == ["new y"]


@pytest.mark.parametrize("content", [b"", b"not a table", b"PAR1"])
def test_a_damaged_part_is_named_with_a_remedy(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "part-1.parquet").write_bytes(content)
    with pytest.raises(LibraryError, match=r"part-1.parquet .* Remove it"):
        remove_rows(tmp_path, frozenset("a"))


def test_a_part_of_another_program_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "part-1.parquet")
    with pytest.raises(LibraryError, match="no column 'uri'"):
        remove_rows(tmp_path, frozenset("a"))
