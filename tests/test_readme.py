"""The README says what the figures say."""

from __future__ import annotations

import json

from benchmarks.tables import accuracy_table, with_table
from core.constants import MODELS_DIR, PROJECT_DIR
from core.model_cards import list_models


def test_the_table_of_the_readme_is_the_table_of_the_scores() -> None:
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    scores = json.loads((MODELS_DIR / "scores.json").read_text(encoding="utf-8"))
    assert with_table(readme, accuracy_table(scores)) == readme


def test_each_card_bears_its_own_figures_of_the_artist_protocol() -> None:
    scores = json.loads((MODELS_DIR / "scores.json").read_text(encoding="utf-8"))
    cards = {card["name"]: card for card in list_models()}
    assert {"cnn", "cnn_lstm"} <= set(cards)
    for name, card in cards.items():
        assert card["metrics"]["protocol"] == "artist"
        assert card["metrics"]["test"] == scores[f"{name}/artist"]["test"]
        assert card["data"]["test"]["tracks"] == 290
