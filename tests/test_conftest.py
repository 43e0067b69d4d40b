"""The tests are marked and grouped by folders and files that exist."""

from __future__ import annotations

import pytest

from core.constants import PROJECT_DIR
from tests.conftest import BROWSER_TESTS, COMPILED_TESTS, TRAINING_TESTS, group


@pytest.mark.parametrize("path", [BROWSER_TESTS, *TRAINING_TESTS, *COMPILED_TESTS])
def test_folders_and_files_of_groups_exist(path: str) -> None:
    assert (PROJECT_DIR / path).exists()


def test_browser_tests_are_one_group_and_other_files_groups_of_their_own() -> None:
    assert group("tests/e2e/test_pages.py::test_a[x]") == group("tests/e2e/test_listen.py::test_b")
    assert group("tests/core/test_cli.py::test_a") == "tests/core/test_cli.py"
    assert group(f"{COMPILED_TESTS[0]}::test_a") == group(f"{COMPILED_TESTS[1]}::test_b")
