"""The names that `core` exports: importable, documented with an example that runs, and lazy."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys

import pytest

import core
from core.constants import PROJECT_DIR

FUNCTIONS = sorted(name for name in core.__all__ if name.islower())


def test_the_promised_names_are_there() -> None:
    promised = {"load_audio", "load_model", "list_models", "mfcc_from_logmel", "analyze", "explain"}
    promised |= {"listen", "importance_mask", "faithfulness"}
    assert promised <= set(FUNCTIONS)
    for name in core.__all__:
        assert getattr(core, name) is not None
    assert set(core.__all__) <= set(dir(core))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = core.no_such_name  # type: ignore[attr-defined]


def test_importing_the_library_loads_nothing_slow() -> None:
    script = (
        "import sys, core; "
        "print([name for name in ('tensorflow', 'librosa', 'sklearn', 'shap', 'numpy') "
        "if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_documented_typed_and_has_an_example_that_runs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = getattr(core, name)
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty, parameter
        assert parameter.name in function.__doc__
    monkeypatch.chdir(PROJECT_DIR)
    (test,) = doctest.DocTestFinder(recurse=False).find(function, name, globs={})
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0


def test_the_example_of_the_package_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT_DIR)
    (test,) = doctest.DocTestFinder(recurse=False).find(core, "core", globs={})
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0
