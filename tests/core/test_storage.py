"""Files are written completely or not at all, and are identified by their content."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.storage import (
    OutputError,
    check_output,
    describe_failure,
    fingerprint,
    is_lasting,
    replacing,
    sha256,
    write_json,
)


def test_a_finished_file_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "note.txt"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["note.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "note.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"), replacing(target) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("half-way")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["note.txt"]


def test_the_temporary_file_keeps_folder_and_suffix(tmp_path: Path) -> None:
    with replacing(tmp_path / "model.keras") as temporary:
        assert temporary.suffix == ".keras"
        assert temporary.parent == tmp_path


def test_missing_folders_are_created(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "b" / "c.json", {})
    assert (tmp_path / "a" / "b" / "c.json").is_file()


def test_the_umask_decides_who_may_read_a_file(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_json(tmp_path / "card.json", {})
    finally:
        os.umask(before)
    assert (tmp_path / "card.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_with_nan_or_infinity_is_refused_and_the_old_file_stays(
    tmp_path: Path, number: float
) -> None:
    target = tmp_path / "card.json"
    write_json(target, {"loss": 1.0})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(target, {"loss": number})
    assert json.loads(target.read_text()) == {"loss": 1.0}
    assert os.listdir(tmp_path) == ["card.json"]


def test_json_keeps_names_readable(tmp_path: Path) -> None:
    write_json(tmp_path / "song.json", {"name": "Für Elise – 月光"})
    text = (tmp_path / "song.json").read_text(encoding="utf-8")
    assert "Für Elise – 月光" in text
    assert text.endswith("}\n")


def test_json_has_short_lists_on_one_line_and_fills_lines_with_long_ones(tmp_path: Path) -> None:
    content = {
        "names": ["a long name, with a comma" * 2] * 3,
        "matrix": [[1, 2], [3, 4.5]] * 20,
        "curve": [0.123456789] * 40,
        "nested": {"empty": {}, "none": None, "flags": [True, False], "text": 'a\n"b" ' * 30},
    }
    write_json(tmp_path / "content.json", content)
    text = (tmp_path / "content.json").read_text(encoding="utf-8")
    assert json.loads(text) == content
    lines = text.splitlines()
    assert lines.count("    [1, 2],") == 20
    assert '    "flags": [true, false],' in lines
    assert sum("0.123456789" in line for line in lines) == 6
    assert max(len(line) for line in lines if "0.1" in line) <= 100


def test_json_without_content_is_complete(tmp_path: Path) -> None:
    contents: list[Any] = [{}, [], None, 0, "", [[]], {"a": []}]
    for content in contents:
        write_json(tmp_path / "content.json", content)
        assert json.loads((tmp_path / "content.json").read_text()) == content


def test_the_digest_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == expected


def test_a_missing_file_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sha256(tmp_path / "missing")


def recordings(folder: Path, **content: bytes) -> list[Path]:
    """Write files, named by the keywords."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in content.items():
        (folder / name).write_bytes(value)
    return [folder / name for name in content]


def test_a_fingerprint_depends_on_content_not_on_name_folder_or_date(tmp_path: Path) -> None:
    first = recordings(tmp_path / "here", song=b"\0" * 70_000, other=b"abc")
    second = recordings(tmp_path / "there", renamed=b"\0" * 70_000, also=b"abc")
    os.utime(second[0], (0, 0))
    assert fingerprint(first, version=1) == fingerprint(map(str, second), version=1)


@pytest.mark.parametrize(
    "changed",
    [
        {"song": b"\0" * 69_999 + b"\1", "other": b"abc"},  # one byte, same size
        {"other": b"abc", "song": b"\0" * 70_000},  # another order
        {"song": b"\0" * 70_000},  # one file less
    ],
)
def test_a_fingerprint_changes_with_every_byte_file_and_position(
    tmp_path: Path, changed: dict[str, bytes]
) -> None:
    files = recordings(tmp_path / "before", song=b"\0" * 70_000, other=b"abc")
    after = recordings(tmp_path / "after", **changed)
    assert fingerprint(files, version=1) != fingerprint(after, version=1)


def test_a_fingerprint_changes_with_version_and_parameters(tmp_path: Path) -> None:
    files = recordings(tmp_path, song=b"abc")
    keys = [
        fingerprint(files, version=1),
        fingerprint(files, version=2),
        fingerprint(files, version=1, hop_length=915),
        fingerprint(files, version=1, hop_length=512),
        fingerprint(files, version=1, step=915),
        fingerprint(version=1),
    ]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 for key in keys)


def test_a_fingerprint_does_not_depend_on_the_order_of_parameters() -> None:
    one = fingerprint(version=1, names=["a", "b"], features={"n_fft": 2048, "n_mels": 128})
    other = fingerprint(version=1, features={"n_mels": 128, "n_fft": 2048}, names=["a", "b"])
    assert one == other


@pytest.mark.parametrize(("value", "error"), [(Path("a"), TypeError), (float("nan"), ValueError)])
def test_a_fingerprint_takes_only_json_parameters(value: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="JSON"):
        fingerprint(version=1, value=value)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte; skipped where a test may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_leaves_the_older_file_and_nothing_half_written(small_disk: Path) -> None:
    file = small_disk / "scores.json"
    write_json(file, {"accuracy": 0.5})
    before = file.read_bytes()
    with pytest.raises(OSError, match="No space left") as raised:
        write_json(file, {"text": "x" * 2_000_000})
    assert is_lasting(raised.value)
    assert "is full. Free some space" in describe_failure(raised.value, small_disk)
    assert file.read_bytes() == before
    assert os.listdir(small_disk) == ["scores.json"]
    (small_disk / "rest").write_bytes(bytes(900_000))
    with pytest.raises(OutputError, match=r"has only 0 MB left, and 1 MB are needed"):
        check_output(small_disk)


def test_a_read_only_folder_is_found_before_the_work(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(OutputError, match=r"read-only file system\. Make it writable or choose"):
        check_output(small_disk / "results")


def test_a_writable_folder_is_created_and_left_empty(tmp_path: Path) -> None:
    check_output(tmp_path / "a" / "b")
    assert os.listdir(tmp_path / "a" / "b") == []


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("precious")
    with pytest.raises(OutputError, match=r"results is a file\. Choose a folder .* with --to"):
        check_output(tmp_path / "results", option="--to")
    with pytest.raises(OutputError, match="Not a directory"):
        check_output(tmp_path / "results" / "deeper")
    assert (tmp_path / "results").read_text() == "precious"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full. Free"),
        (errno.EDQUOT, "is full. Free"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "Check its permissions"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_failures_of_a_disk_are_lasting_and_told_in_a_sentence(number: int, words: str) -> None:
    error = OSError(number, os.strerror(number))
    assert is_lasting(error)
    assert words in describe_failure(error, Path("results"))
    assert describe_failure(error, Path("results")).endswith("--out.")


def test_other_errors_are_those_of_one_file() -> None:
    assert not is_lasting(OSError(errno.ENAMETOOLONG, "File name too long"))
    assert not is_lasting(ValueError("no audio"))
