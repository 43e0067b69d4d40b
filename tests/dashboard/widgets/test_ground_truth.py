"""The section on mixes shows what was measured, and says what is missing."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.services import measurements
from tests.mix_results import results

SCRIPT = "from dashboard.widgets.ground_truth import draw_ground_truth\ndraw_ground_truth({!r})"


def run(name: str) -> AppTest:
    app = AppTest.from_string(SCRIPT.format(name), default_timeout=60).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("content", [{}, {"models": {}}])
def test_without_measurements_the_section_says_so(
    content: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurements, "mixes", lambda: content)
    assert [note.value for note in run("cnn").info] == [
        "Mixes of two songs have not been measured."
    ]


def test_models_that_were_not_measured_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "mixes", results)
    note = run("svm").info[0].value
    assert note == "Mixes of two songs have been measured only for CNN."


def test_the_section_has_a_summary_a_chart_and_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    content = results(default=0.4)
    monkeypatch.setattr(measurements, "mixes", lambda: content)
    app = run("cnn")
    assert app.header[0].value == "Ground truth for the explanations"
    assert any("points more than for random regions" in text.value for text in app.markdown)
    assert len(app.get("plotly_chart")) == 1
    assert "120 mixes of 50 target songs" in app.get("html")[0].proto.body
    # Kinds without mixes are not offered.
    control: Any = app.get("button_group")[0]
    assert list(control.options) == ["All mixes", "Some seconds", "Some bands"]
    assert "Measured on earlier weights" in app.caption[0].value
    content["models"]["cnn"]["weights"] = measurements.card("cnn")["weights"]["sha256"]
    assert "Measured on earlier weights" not in run("cnn").caption[0].value
    assert not app.toggle[0].value
