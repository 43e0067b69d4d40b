"""The list of threats names a test for each of them, and these tests exist."""

from __future__ import annotations

import re

from core.constants import PROJECT_DIR

PAGE = (PROJECT_DIR / "SECURITY.md").read_text(encoding="utf-8")
# What the list must at least cover, by a word of the threat.
TOPICS = (
    "bombs",
    "traversal",
    "pickles",
    "Lambda",
    "markup",
    "Tags",
    "another one's song",
    "link carries nonsense",
    "upload is too large",
    "XSRF",
    "CORS",
    "DNS rebinding",
    "Media URLs",
)


def rows() -> list[list[str]]:
    """Cells of the table of threats."""
    table = PAGE.split("## Threats")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_every_threat_names_tests_that_exist() -> None:
    assert len(rows()) >= 15
    for threat, prevention, tests in rows():
        assert prevention, threat
        paths = re.findall(r"`(tests/[^`]+)`", tests)
        assert paths, threat
        for path in paths:
            assert (PROJECT_DIR / path).exists(), path


def test_the_list_covers_what_a_public_server_meets() -> None:
    missing = [topic for topic in TOPICS if topic not in PAGE]
    assert missing == []
