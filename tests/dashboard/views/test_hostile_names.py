"""The name of a song is escaped wherever a page shows it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.audio.io import clean_name
from core.constants import PROJECT_DIR
from dashboard.services import models, songs, workers
from dashboard.text.formatting import markdown_safe

NAMES = (
    "<img src=x onerror=alert(1)>.wav",
    "</style><script>alert(1)</script>\x1b[2J![x](https://192.0.2.1/x.png) :red[x] $x$.wav",
    "x" * 251 + ".wav",
)


@pytest.mark.parametrize("name", NAMES, ids=["HTML", "Markdown", "255 bytes"])
def test_a_hostile_name_is_text_on_the_page(
    name: str, chosen: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers.pool, "start", lambda: None)
    monkeypatch.setattr(models, "accuracy", lambda name: None)
    page = AppTest.from_file(str(PROJECT_DIR / "dashboard" / "app.py"), default_timeout=120)
    page.session_state["song"] = replace(chosen, name=name)
    page.run()
    assert not page.exception
    assert markdown_safe(clean_name(name)) in [header.value for header in page.header]
    shown = [element.value for element in (*page.markdown, *page.caption, *page.error)]
    for text in map(str, shown):
        assert "onerror" not in text
        assert "<script" not in text
        assert "192.0.2.1" not in text
        assert "\x1b" not in text
