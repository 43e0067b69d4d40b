"""Projector mode: large type and full screen."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

# Large type for the whole page; full screen needs a recent click by the user.
FULL_SCREEN = """
export default function ({ data }) {
  const page = document.documentElement;
  page.classList.toggle("projector", data.large);
  if (data.large && !document.fullscreenElement && navigator.userActivation?.isActive) {
    page.requestFullscreen?.().catch(() => {});
  } else if (!data.large && document.fullscreenElement) {
    document.exitFullscreen();
  }
}
"""


@cache
def _full_screen() -> Any:
    return st.components.v2.component("groove_guide_full_screen", js=FULL_SCREEN)


def full_screen(large: bool) -> None:
    """Switch large type and full screen on or off."""
    _full_screen()(data={"large": large}, key="full-screen")
