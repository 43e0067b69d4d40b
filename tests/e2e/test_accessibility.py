"""No page has a serious violation of axe-core's rules, in either theme."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.steps import WAIT_MS, settled, tracks, visit

pytestmark = pytest.mark.e2e

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
# Streamlit's own elements, which this project does not control.
FOREIGN = ["[data-testid=stElementToolbar]", "[data-testid=stHeader]", ".stFileUploader"]


@pytest.fixture(scope="session")
def axe() -> str:
    """Script of axe-core."""
    if not AXE.exists():
        reason = "axe-core is not installed; `make test` installs it with npm"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return AXE.read_text(encoding="utf-8")


def violations(page: Page, axe: str) -> list[str]:
    """List the serious violations on a page with the elements that cause them."""
    page.evaluate(axe)
    found = page.evaluate(
        "(exclude) => axe.run({ exclude: exclude.map((place) => [place]) })", FOREIGN
    )
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
        for rule in found["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_violation(
    browser: Browser, dashboard: str, axe: str, scheme: str
) -> None:
    expect.set_options(timeout=WAIT_MS)
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto(dashboard)
    expect(page.get_by_role("radio", name="Mirror Ball")).to_be_visible()
    found = {"empty": violations(page, axe)}
    page.get_by_role("radio", name="Mirror Ball").click()
    tracks(page)
    found["Listen"] = violations(page, axe)
    for title in ("Compare", "Genres", "Scores", "Classroom"):
        visit(page, title)
        expect(page.locator(".stPlotlyChart .main-svg").first).to_be_visible()
        settled(page)
        found[title] = violations(page, axe)
    context.close()
    assert {title: faults for title, faults in found.items() if faults} == {}
