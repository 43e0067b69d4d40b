"""Large type and the full screen, for thirty people to read."""

from __future__ import annotations

from functools import cache
from typing import Any

import streamlit as st

# Large type for the whole page, and the browser's full screen while someone's click allows it.
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
    """Turn large type and the full screen on or off."""
    _full_screen()(data={"large": large}, key="full-screen")
