"""Evidence of models without a spectrogram is drawn as bars; time steps are also played."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.explanation.feature_attribution import FeatureExplanation
from dashboard.services import explanations, feature_models

PAGE = """
from dashboard.services.explanations import ExplanationTarget
from dashboard.widgets.feature_evidence import draw_feature_evidence
draw_feature_evidence(None, "bilstm", ExplanationTarget("jazz"), 4.0)
"""
ANALYSIS = SimpleNamespace(
    starts_s=np.array([0.0, 3.0]),
    ends_s=np.array([3.0, 5.0]),
    parameters=SimpleNamespace(segment_s=3.0),
)


def page(monkeypatch: pytest.MonkeyPatch, unit: str, count: int) -> AppTest:
    """Run the page for an explanation with this number of values."""
    values = np.linspace(-0.1, 0.2, count)
    names = tuple(f"feature {index}" for index in range(count))
    found = FeatureExplanation(unit, names, values, 0.1, 0.1 + values.sum(), "probability")
    sound = (b"fLaC", 0.4)
    monkeypatch.setattr(explanations, "analysis_of", lambda *_: ANALYSIS)
    monkeypatch.setattr(feature_models, "feature_explanation_of", lambda *_: found)
    monkeypatch.setattr(
        feature_models,
        "gated_sounds_of",
        lambda *_: dict.fromkeys(("original", "kept", "removed"), sound),
    )
    app = AppTest.from_string(PAGE, default_timeout=60).run()
    assert not app.exception
    return app


def test_features_are_explained_but_not_played(monkeypatch: pytest.MonkeyPatch) -> None:
    app = page(monkeypatch, "feature", 30)
    assert len(app.get("plotly_chart")) == 1
    assert app.caption[0].value.startswith("The 12 most important of 30 features.")
    assert [each.label for each in app.expander] == ["About the features"]
    assert len(app.get("audio")) == 0


def test_time_steps_are_played_with_and_without_the_evidence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = page(monkeypatch, "time step", 6)
    assert "6 time steps" in app.caption[0].value
    assert len(app.get("audio")) == 3
    titles = [text.value for text in app.markdown if "jazz" in text.value]
    assert titles == [
        "Original: **40\u202f%** jazz",
        "Time steps for jazz: **40\u202f%** jazz",
        "Other time steps: **40\u202f%** jazz",
    ]
    assert app.caption[1].value.startswith("2 of 4 time steps are evidence for jazz.")
