"""The README's tables are those of the stored figures, all of them."""

from __future__ import annotations

import json

from benchmarks.tables import current, with_table
from core.constants import MODELS_DIR, PROJECT_DIR
from core.model_cards import list_models


def test_the_readme_says_what_was_measured() -> None:
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    assert current(readme) == readme


def test_only_what_is_between_the_marks_changes() -> None:
    text = "a <!-- x: begin -->old<!-- x: end --> b <!-- y: begin -->1<!-- y: end -->"
    assert with_table(text, "x", "new") == (
        "a <!-- x: begin -->\nnew\n<!-- x: end --> b <!-- y: begin -->1<!-- y: end -->"
    )


def test_each_card_bears_its_own_figures_of_the_artist_protocol() -> None:
    scores = json.loads((MODELS_DIR / "scores.json").read_text(encoding="utf-8"))
    cards = {card["name"]: card for card in list_models()}
    assert {"cnn", "cnn_lstm"} <= set(cards)
    for name, card in cards.items():
        assert card["metrics"]["protocol"] == "artist"
        assert card["metrics"]["test"] == scores[f"{name}/artist"]["test"]
        assert card["data"]["test"]["tracks"] == 290
