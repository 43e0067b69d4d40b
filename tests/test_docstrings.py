"""Docstrings open as numpydoc wants it: with a verb in the imperative or a noun phrase."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from core.constants import PROJECT_DIR

FOLDERS = ("core", "dashboard", "benchmarks", "examples", "docs")
# A relative clause or a question in place of the thing itself.
OPENINGS = re.compile(
    r"(Return|Yield|Say|Tell|Compute|Write) (what|which|how|why|who|where)\b"
    r"|(What|Which|How|Why|Who|Where)\b"
)


def docstrings() -> Iterator[tuple[str, str]]:
    """Places and first lines of the docstrings of all modules, classes and functions."""
    files = [path for folder in FOLDERS for path in sorted((PROJECT_DIR / folder).rglob("*.py"))]
    for path in [*files, PROJECT_DIR / "train.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    name = getattr(node, "name", "module")
                    place = f"{path.relative_to(PROJECT_DIR)}:{getattr(node, 'lineno', 1)} {name}"
                    yield place, text.splitlines()[0]


def test_docstrings_name_the_thing() -> None:
    found = [f"{place}: {line}" for place, line in docstrings() if OPENINGS.match(line)]
    assert found == []


def test_there_are_docstrings_to_check() -> None:
    assert sum(1 for _ in docstrings()) > 300
