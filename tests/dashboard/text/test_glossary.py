"""The glossary covers everything that the pages show by name."""

from __future__ import annotations

import json
import re

import pytest

from core.audio.io import Audio
from core.constants import EXPLANATION_METHODS, FAITHFULNESS_METRICS, MODELS_DIR, PROTOCOLS
from core.features.descriptors import descriptor_names
from core.features.mfcc_stages import stages
from core.features.spectrogram import FeatureParameters
from dashboard.text import glossary


def test_every_protocol_has_a_title_and_a_note_on_leakage() -> None:
    assert list(glossary.LEAKAGE) == list(PROTOCOLS)
    leaking = [name for name, note in glossary.LEAKAGE.items() if "leakage" in note]
    assert leaking == ["track", "segment"]


def test_every_measured_ranking_and_metric_has_a_title() -> None:
    measured = json.loads((MODELS_DIR / "faithfulness.json").read_text(encoding="utf-8"))
    for model in measured["models"].values():
        assert set(model["methods"]) <= set(EXPLANATION_METHODS)
        for row in model["methods"].values():
            assert set(FAITHFULNESS_METRICS) <= set(row["0.2"])


@pytest.mark.parametrize("metric", [*FAITHFULNESS_METRICS, "Roughness", "Time"])
def test_every_column_of_the_faithfulness_table_is_explained(metric: str) -> None:
    assert f"**{metric}**" in glossary.FAITHFULNESS


@pytest.mark.parametrize(
    "metric",
    ["Accuracy", "Reported elsewhere", "Macro F1", "Log loss", "ECE", "Size", "Time", "–"],
)
def test_every_column_of_the_leaderboard_is_explained(metric: str) -> None:
    assert f"**{metric}**" in glossary.METRICS


def test_every_kind_of_feature_is_explained() -> None:
    kinds = {name.split(",")[0].rstrip("0123456789 ").lower() for name in descriptor_names()}
    text = glossary.FEATURES.lower()
    assert [kind for kind in sorted(kinds) if kind not in text] == []


def test_every_stage_of_the_classroom_has_a_text(song: Audio) -> None:
    found = [stage.name for stage in stages(song, 0.0, FeatureParameters())]
    assert list(glossary.STAGES) == found
    titles = [title for title, _ in glossary.STAGES.values()]
    assert [title[:3] for title in titles] == [f"{number}. " for number in range(1, 7)]


def test_percentages_have_a_narrow_no_break_space() -> None:
    texts = [text for text in vars(glossary).values() if isinstance(text, str)]
    assert sum("\u202f%" in text for text in texts) == 2
    assert not any(re.search(r"\d ?%", text) for text in texts)
