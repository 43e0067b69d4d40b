"""Entry point of the dashboard: pages, navigation and style. Run it with ``make app``."""

import sys
from pathlib import Path

import streamlit as st
from streamlit import net_util

# Streamlit puts this file's folder on the path, not the project's.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dashboard import url_state
from dashboard.services import measurements, songs
from dashboard.widgets import fullscreen

HERE = Path(__file__).resolve().parent
# Not in a folder named "pages": Streamlit would run its files without this one.
PAGES = {
    "Listen": "headphones",
    "Compare": "compare_arrows",
    "Genres": "category",
    "Scores": "leaderboard",
    "Classroom": "school",
}

st.set_page_config(page_title="Groove-Guide", page_icon=str(HERE / "icon.svg"), layout="wide")

# Streamlit would ask a server of Amazon for this machine's address when it refuses a connection.
net_util.get_external_ip = lambda: None

pages = [
    st.Page(
        HERE / "views" / f"{title.lower()}.py",
        title=title,
        icon=f":material/{icon}:",
        default=title == "Listen",
    )
    for title, icon in PAGES.items()
]
page = st.navigation(pages, position="hidden")  # Streamlit's sidebar covers the page on a phone
st.html(HERE / "style.css")
url_state.read()
url_state.carry_over(page.title)
fullscreen.full_screen(page.title == "Classroom" and bool(st.session_state.get("projector")))
with st.container(horizontal=True, key="pages", gap="xsmall"):
    for each in pages:
        st.page_link(each, label=each.title, icon=each.icon)
try:
    if measurements.model_names():
        page.run()
    else:
        st.error(
            "No model can be used: the folder models/ is empty, or all of its files are damaged. "
            "Restore the folder and restart the dashboard.",
            icon=":material/error:",
        )
finally:
    songs.start_loading()  # after the first page is drawn, because loading slows it down
