"""The measurement of waiting times still finds its way through the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from benchmarks import budgets

pytestmark = pytest.mark.e2e


def test_every_waiting_time_is_measured(
    page: Page, dashboard: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "ROUNDS", 1)
    monkeypatch.setattr(budgets, "SONG_S", 90.0)
    monkeypatch.setattr(budgets, "WARM_UP_MS", 0)
    monkeypatch.setattr(budgets, "WAIT_MS", 120_000)
    found = budgets.measure(page, dashboard, [budgets.long_song(tmp_path, seed=0)])
    assert list(found) == list(budgets.BUDGETS)
    assert all(0 < seconds < 60 for seconds in found.values())
