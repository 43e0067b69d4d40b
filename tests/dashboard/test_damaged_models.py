"""Pages serve intact models when others are damaged, and say so when there are none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import core.models.cards
from core.constants import MODELS_DIR, PROJECT_DIR
from dashboard.services import measurements, workers
from dashboard.services.cache import results

VIEWS = sorted((PROJECT_DIR / "dashboard" / "views").glob("*.py"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in the place of the bundled models; nothing is loaded."""
    for module in (core.models.cards, measurements):
        monkeypatch.setattr(module, "MODELS_DIR", tmp_path)
    for name in ("card_paths", "list_models"):
        monkeypatch.setattr(getattr(core.models.cards, name), "__defaults__", (tmp_path,))
    monkeypatch.setattr(workers.pool, "start", lambda: None)
    st.cache_data.clear()
    results.clear()
    yield tmp_path
    st.cache_data.clear()
    results.clear()


@pytest.mark.parametrize("view", VIEWS, ids=lambda path: path.stem)
def test_without_models_every_page_says_what_is_missing(view: Path, folder: Path) -> None:
    page = AppTest.from_file(str(PROJECT_DIR / "dashboard" / "app.py"), default_timeout=120)
    page.switch_page(str(view))
    page.run()
    assert not page.exception
    (error,) = page.error
    assert error.value.startswith("No model can be used: the folder models/ is empty")


@pytest.mark.parametrize("damage", ["no weights", "other weights", "half a card"])
def test_a_damaged_model_is_left_out_and_named(damage: str, folder: Path) -> None:
    for name in ("cnn", "mfcc_statistics", "svm"):
        for file in MODELS_DIR.glob(f"{name}.*"):
            shutil.copy(file, folder)
    for file in MODELS_DIR.glob("background-*.npz"):
        shutil.copy(file, folder)
    if damage == "no weights":
        (folder / "cnn.keras").unlink()
    elif damage == "other weights":
        (folder / "cnn.keras").write_bytes(b"other weights")
    else:
        (folder / "cnn.json").write_text('{"name": "cnn"')
    assert measurements.model_names() == ["mfcc_statistics", "svm"]
    page = AppTest.from_file(str(PROJECT_DIR / "dashboard" / "app.py"), default_timeout=120)
    page.switch_page(str(PROJECT_DIR / "dashboard" / "views" / "compare.py"))
    page.run()
    assert not page.exception
    assert page.session_state["model"] == "mfcc_statistics"
    assert page.session_state["rival"] == "svm"
    assert "Damaged and not available: CNN." in [caption.value for caption in page.caption]


MEASUREMENTS = ("scores", "faithfulness", "novelty", "mixes", "order", "transfer")
DAMAGED = {
    "missing": None,
    "empty": b"",
    "half": b'{"cnn/artist": {"test"',
    "a list": b"[]",
    "nested": b"[" * 100_000,
    "an archive cut short": b"PK\x03\x04" + bytes(60),
}


@pytest.mark.parametrize("view", ["scores", "genres", "compare"])
@pytest.mark.parametrize("damage", DAMAGED)
def test_pages_do_without_damaged_measurements(damage: str, view: str, folder: Path) -> None:
    names = ("cnn", "cnn_lstm")
    for name in names:
        for file in MODELS_DIR.glob(f"{name}.*"):
            shutil.copy(file, folder)
    for file in MODELS_DIR.glob("background-*.npz"):
        shutil.copy(file, folder)
    content = DAMAGED[damage]
    files = [f"{name}.json" for name in MEASUREMENTS]
    for file_name in (*files, "predictions.npz", *(f"{name}.profiles.npz" for name in names)):
        (folder / file_name).unlink(missing_ok=True)
        if content is not None:
            (folder / file_name).write_bytes(content)
    page = AppTest.from_file(str(PROJECT_DIR / "dashboard" / "app.py"), default_timeout=120)
    page.switch_page(str(PROJECT_DIR / "dashboard" / "views" / f"{view}.py"))
    page.run()
    assert not page.exception
    assert [error.value for error in page.error if "Something went wrong" in error.value] == []
