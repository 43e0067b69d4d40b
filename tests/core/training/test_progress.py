"""Progress bars: counts, labels and metrics."""

from __future__ import annotations

import io

import pytest
from tqdm import tqdm

from core.training.progress import EpochBars, reporter


def test_a_reporter_sets_absolute_numbers() -> None:
    bar = tqdm(file=io.StringIO())
    report = reporter(bar)
    for done in (0, 3, 10):
        report(done, 10)
        assert (bar.n, bar.total) == (done, 10)


def test_each_fit_has_a_bar_with_its_latest_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    bars = EpochBars()
    bars("cnn, training", 1, 2, {"epoch": 1, "loss": 2.0})
    bars("cnn, training", 2, 2, {"epoch": 2, "loss": 1.25})
    bars("mlp, training", 1, 4, {"epoch": 1, "loss": 3.5})
    bars.close()
    shown = capsys.readouterr().err
    assert "cnn, training: 100%" in shown
    assert "loss=1.250" in shown
    assert "epoch=" not in shown
    assert "mlp, training:  25%" in shown


def test_a_fit_of_the_same_name_after_closing_has_a_new_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bars = EpochBars()
    for _ in range(2):
        bars("mlp, final fit", 1, 1, {"epoch": 1, "loss": 2.0})
        bars.close()
    assert capsys.readouterr().err.count("mlp, final fit: 100%|██████████| 1/1") >= 2


def test_a_resumed_fit_starts_where_it_was_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    bars = EpochBars()
    bars("cnn, training", 3, 4, {"epoch": 3, "loss": 2.0})
    bars.close()
    assert "3/4" in capsys.readouterr().err
