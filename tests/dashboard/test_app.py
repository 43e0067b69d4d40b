"""The dashboard starts on the page *Listen* and has five pages."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.constants import PROJECT_DIR
from dashboard.services import workers

APP = PROJECT_DIR / "dashboard" / "app.py"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The running app, without loading the networks."""
    started: list[bool] = []
    monkeypatch.setattr(workers.pool, "start", lambda: started.append(True))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert started == [True], "the networks are loaded after the first page is drawn"
    return app


def test_the_first_page_is_listen(app: AppTest) -> None:
    assert not app.exception
    assert [title.value for title in app.title] == ["Groove-Guide"]
    assert app.session_state["page"] == "Listen"
    assert any("Play only the important parts" in text.value for text in app.markdown)


def test_there_are_links_to_five_pages_that_exist(app: AppTest) -> None:
    titles = [link.proto.label for link in app.get("page_link")]
    assert titles == ["Listen", "Compare", "Genres", "Scores", "Classroom"]
    for title in titles:
        assert (APP.parent / "views" / f"{title.lower()}.py").is_file()
