"""Output to a terminal: harmless text, times and the status line."""

from __future__ import annotations

import sys

import pytest

from core.cli.terminal import Status, minutes, printable


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00"), (2.9878, "00:03"), (59.96, "01:00"), (65.3, "01:05"), (899.9, "15:00")],
)
def test_times_are_rounded_to_minutes_and_seconds(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


def test_control_characters_are_replaced() -> None:
    assert printable("a\x1b[2Jb\n") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}"
    assert printable("Dvořák – 9") == "Dvořák – 9"


def test_the_status_line_appears_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Status().show("reading")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "10")
    status = Status()
    status.show("reading a long name")
    status.clear()
    assert capsys.readouterr().err == "\r\x1b[Kreading a\r\x1b[K"
