"""Documents match the project: links, hooks, workflow, citation, and the origin of every model."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.constants import MODELS_DIR, PROJECT_DIR

DOCUMENTS = [
    *sorted(PROJECT_DIR.glob("*.md")),
    *sorted((PROJECT_DIR / "docs").glob("*.md")),
    PROJECT_DIR / "examples" / "README.md",
    MODELS_DIR / "NOTICE.md",
]


def read_yaml(name: str) -> dict[str, Any]:
    return yaml.safe_load((PROJECT_DIR / name).read_text(encoding="utf-8"))


def patterns_of_the_notice() -> Iterator[str]:
    """Patterns of file names in the first column of the table of files."""
    for line in (MODELS_DIR / "NOTICE.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in link:
            assert (document.parent / link).exists(), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_in_code_spans_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for path in re.findall(
        r"`((?:core|dashboard|benchmarks|tests|docs|models|examples)/[^`]*)`", text
    ):
        assert list(PROJECT_DIR.glob(path.rstrip("/"))), path


def test_the_notice_names_the_origin_of_every_model_file() -> None:
    patterns = list(patterns_of_the_notice())
    files = sorted(path.name for path in MODELS_DIR.iterdir())
    for file in files:
        assert sum(fnmatch(file, pattern) for pattern in patterns) == 1, file
    for pattern in patterns:
        assert any(fnmatch(file, pattern) for file in files), pattern


def test_the_notice_has_the_licence_of_the_converted_weights() -> None:
    text = (MODELS_DIR / "NOTICE.md").read_text(encoding="utf-8")
    assert "Copyright (c) Music Technology Group, Universitat Pompeu Fabra 2019" in text
    assert text.count("Permission to use, copy, modify, and/or distribute this software") == 2
    assert text.count('THE SOFTWARE IS PROVIDED "AS IS"') == 2


def test_the_hooks_run_what_make_lint_runs() -> None:
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    printed = subprocess.run(
        ["make", "--dry-run", f"PYTHON={sys.executable}", "lint"],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    commands = [
        line
        for line in printed.splitlines()
        if line.startswith(".venv/bin/python ") and " -m pip " not in line
    ]
    (repository,) = read_yaml(".pre-commit-config.yaml")["repos"]
    assert len(repository["hooks"]) == len(commands) >= 4
    for hook, command in zip(repository["hooks"], commands, strict=True):
        entry, files = hook["entry"], hook.get("files")
        if files is None:
            assert command == entry
        else:  # the changed files take the place of all files
            assert command.startswith(f"{entry} ")
            assert all(re.match(files, file) for file in command.removeprefix(entry).split())


def test_the_workflow_checks_every_supported_python() -> None:
    job = read_yaml(".github/workflows/check.yml")["jobs"]["check"]
    makefile = (PROJECT_DIR / "Makefile").read_text(encoding="utf-8")
    supported = re.findall(r"python(3\.\d+)", makefile.split("PYTHON ?=")[1].split("; do")[0])
    assert sorted(job["strategy"]["matrix"]["python"]) == sorted(supported)
    assert ".ci/run" in [step.get("run") for step in job["steps"]]


def test_the_workflow_builds_and_starts_the_container() -> None:
    job = read_yaml(".github/workflows/check.yml")["jobs"]["container"]
    commands = " ".join(step.get("run", "") for step in job["steps"])
    for words in ("docker build --tag groove-guide .", "--read-only", "compose up", "health"):
        assert words in commands


def test_the_citation_has_all_required_fields() -> None:
    citation = read_yaml("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    assert all(author["name"] for author in citation["authors"])
