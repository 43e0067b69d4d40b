"""A link opens the view that it was made from, and its parameters are validated."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.services import songs

PAGE = """
import streamlit as st
from dashboard import url_state
url_state.read()
state = st.session_state
if st.button("jazz"):
    state["target"], state["target-is-chosen"] = "jazz", True
    state["segment"] = 3
st.text(repr({name: state.get(name) for name in ("target", "segment", "model", "keep", "example")}))
url_state.write()
"""


def page(**link: str) -> AppTest:
    app = AppTest.from_string(PAGE, default_timeout=30)
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_choices_are_in_the_url_and_a_link_restores_them() -> None:
    app = page()
    app.button[0].click().run()
    link = {
        name: value if isinstance(value, str) else value[0]
        for name, value in app.query_params.items()
    }
    assert link == {"genre": "jazz", "segment": "3"}
    assert page(**link).text[0].value == app.text[0].value


def test_a_link_names_an_example_by_its_title() -> None:
    title = songs.examples()[0]["title"]
    app = page(song=title.lower().replace(" ", "-"))
    assert repr(title) in app.text[0].value
    assert app.session_state["song"].title == title


@pytest.mark.parametrize(
    "link",
    [
        {"genre": "polka"},
        {"segment": "-1"},
        {"segment": "1e9"},
        {"segment": "99999"},
        {"model": "../../etc/passwd"},
        {"song": "no such song"},
        {"nonsense": "<script>"},
    ],
    ids=str,
)
def test_invalid_parameters_of_a_link_are_ignored(link: dict[str, str]) -> None:
    app = page(**link)
    assert app.text[0].value == page().text[0].value
    assert dict(app.query_params) == {}
