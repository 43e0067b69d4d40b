"""The command line for folders: when it applies, what it prints, and its exit codes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pytest

import core.cli.library
import core.library.run
from core.__main__ import main
from core.cli.library import print_summary, progress_line
from core.constants import MODELS_DIR
from core.errors import EngineError, LibraryError
from core.library.progress import Progress
from core.library.run import Summary

DONE = Summary(analysed=120, finished=3, failures=[], ignored=2, seconds=2.0)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Arguments of runs, which only pretend to analyse."""
    found: list[dict[str, Any]] = []

    def pretend(given: list[Path], out: Path, **options: Any) -> Summary:
        found.append({"given": given, "out": out, **options})
        options["progress"](Progress(total=9, dashboard="http://127.0.0.1:1/status"))
        return DONE

    monkeypatch.setattr(core.library.run, "analyze_library", pretend)
    return found


def test_a_folder_is_analysed_with_a_worker_for_each_processor(
    calls: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["analyze", str(tmp_path), "--model", "cnn", "--out", str(out)]) == 0
    (call,) = calls
    assert call["given"] == [tmp_path]
    assert (call["model"], call["out"], call["resume"], call["files"]) == ("cnn", out, False, True)
    assert call["workers"] >= 1
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "120 songs analysed in 2 s (60.0 songs/s), 3 finished before, 2 other files ignored.",
        f"  -> {out}",
    ]
    assert captured.err == "Dask's dashboard: http://127.0.0.1:1/status\n"


@pytest.mark.parametrize(
    "option", [["--workers", "3"], ["--scheduler", "tcp://host:1"], ["--resume"], ["--table-only"]]
)
def test_each_option_for_folders_also_applies_to_single_files(
    option: list[str], calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert main(["analyze", "song.mp3", "--out", str(tmp_path), *option]) == 0
    (call,) = calls
    assert call["scheduler"] == ("tcp://host:1" if "--scheduler" in option else None)
    assert call["resume"] == ("--resume" in option)
    assert call["files"] == ("--table-only" not in option)
    assert (call["workers"] == 3) == ("--workers" in option)


def test_the_default_model_is_replaced_if_its_files_are_damaged(
    calls: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damaged = tmp_path / "cnn.json"
    damaged.write_text((MODELS_DIR / "cnn.json").read_text())
    monkeypatch.setattr(core.__main__, "_default_models", lambda: [str(damaged), "svm"])
    assert main(["analyze", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert calls[0]["model"] == "svm"
    assert "using svm instead" in capsys.readouterr().err
    assert main(["analyze", str(tmp_path), "--out", str(tmp_path), "--model", str(damaged)]) == 2
    assert "is missing beside its model card" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "cnn"], "Choose a folder for the results with --out"),
        (["--model", "none", "--out", "out"], "no model 'none'"),
        (["--model", "svm", "--out", "out", "--explain"], "cannot be explained here"),
    ],
)
def test_invalid_arguments_exit_with_2(
    arguments: list[str],
    message: str,
    calls: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["analyze", str(tmp_path), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert calls == []


@pytest.mark.parametrize("error", [LibraryError("The disk is full."), EngineError("Nobody there.")])
def test_a_run_that_breaks_off_exits_with_1_and_a_sentence(
    error: Exception,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*arguments: Any, **options: Any) -> Summary:
        raise error

    monkeypatch.setattr(core.library.run, "analyze_library", fail)
    assert main(["analyze", str(tmp_path), "--model", "cnn", "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == f"python -m core analyze: {error}\n"


def test_failures_are_printed_up_to_a_point(capsys: pytest.CaptureFixture[str]) -> None:
    failures = [(f"{number}\x1b.mp3", "Broken.") for number in range(12)]
    print_summary(Summary(0, 0, failures, 0, 1.0), Path("out"))
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert lines[0] == "0\N{REPLACEMENT CHARACTER}.mp3: Broken."
    assert lines[10:] == [f"… and 2 more, see {Path('out/failures')}"]
    assert captured.out.splitlines()[0] == "0 songs analysed in 1 s, 12 failed."


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (Progress(9), "0 of 9 songs, starting the workers"),
        (Progress(9, done=2, failed=1), "2 of 9 songs, 1 failed, measuring the rate"),
        (Progress(1000, done=100, songs_per_s=60), "100 of 1000 songs, 60.0 songs/s, 15 s left"),
        (Progress(9000, songs_per_s=1.0), "0 of 9000 songs, 1.0 songs/s, 2 h 30 min left"),
        (
            Progress(200, songs_per_s=1.0, dashboard="http://h/status"),
            "0 of 200 songs, 1.0 songs/s, 3 min 20 s left, http://h/status",
        ),
    ],
)
def test_progress_tells_the_rate_and_the_time_left(state: Progress, line: str) -> None:
    assert progress_line(state) == line


def test_without_a_terminal_progress_is_printed_from_time_to_time(
    calls: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(core.cli.library, "LINES_EVERY_S", -1.0)
    assert not sys.stderr.isatty()
    assert main(["analyze", str(tmp_path), "--model", "cnn", "--out", str(tmp_path / "out")]) == 0
    assert "0 of 9 songs, starting the workers" in capsys.readouterr().err


def test_the_number_of_workers_is_positive() -> None:
    with pytest.raises(SystemExit) as stop:
        main(["analyze", "folder", "--workers", "0"])
    assert stop.value.code == 2
    with pytest.raises(argparse.ArgumentTypeError):
        core.cli.library._positive("-1")
