"""The README's tables contain the stored results, and the stored results are complete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.tables import current, with_table
from core.constants import GENRES, MODELS_DIR, PROJECT_DIR
from core.data.gtzan import gtzan_index
from core.models.cards import PARTS, list_models
from core.models.registry import ENSEMBLE, needs_download


def test_the_tables_of_the_readme_contain_the_stored_results() -> None:
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    assert current(readme) == readme


def test_only_the_text_between_the_marks_changes() -> None:
    text = "a <!-- x: begin -->old<!-- x: end --> b <!-- y: begin -->1<!-- y: end -->"
    assert with_table(text, "x", "new") == (
        "a <!-- x: begin -->\nnew\n<!-- x: end --> b <!-- y: begin -->1<!-- y: end -->"
    )


def test_each_card_contains_its_scores_under_the_artist_protocol() -> None:
    scores = json.loads((MODELS_DIR / "scores.json").read_text(encoding="utf-8"))
    cards = {card["name"]: card for card in list_models()}
    test_set = sum(entry.artist_split == "test" for entry in gtzan_index().values())
    assert {"cnn", "cnn_lstm"} <= set(cards)
    for name, card in cards.items():
        assert card["metrics"]["protocol"] == "artist"
        assert card["metrics"]["test"] == scores[f"{name}/artist"]["test"]
        tracks = card["metrics"]["test"]["tracks"]
        assert tracks == card["data"]["test"]["tracks"]
        if needs_download(name):  # tested on the songs with available audio
            assert tracks == cards["yamnet_cnn"]["metrics"]["test"]["tracks"] < test_set
        else:
            assert tracks == test_set


def test_every_row_of_scores_is_complete() -> None:
    scores = json.loads((MODELS_DIR / "scores.json").read_text(encoding="utf-8"))
    cards = {card["name"]: card for card in list_models()}
    for key, row in scores.items():
        if "test" not in row:
            continue
        assert set(row["report"]) == set(GENRES), key
        assert 0.5 < row["roc_area"]["mean"] <= 1, key
        assert len(row["precision_at_recall"]["blues"]) == 21, key
        if key.endswith("/artist") and row["model"] != ENSEMBLE:
            assert row["bytes"] == sum(cards[row["model"]][part]["bytes"] for part in PARTS), key
            assert row["ms_per_segment"] > 0, key


def test_the_weights_stay_small() -> None:
    assert sum(path.stat().st_size for path in MODELS_DIR.iterdir()) < 40e6


def test_the_notebook_section_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    section = readme.split("<!-- notebook: begin -->")[1].split("<!-- notebook: end -->")[0]
    code = section.split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line]) <= 10
    (tmp_path / "examples").symlink_to(PROJECT_DIR / "examples")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    genre, gap, kept = capsys.readouterr().out.splitlines()
    assert genre.split(",")[0] in GENRES
    assert float(gap.split(": ")[1]) < 0.02
    assert 0 <= float(kept.split(": ")[1]) <= 1
    assert (tmp_path / "important.wav").stat().st_size > 100_000
