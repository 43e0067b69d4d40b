"""Serving keeps the Keras session and loaded objects; native output is suppressed."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import keras
import pytest

from core.models.runtime import end_serving, prepare_for_serving, silent_stderr

LAYER = "layer of a loaded model"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    end_serving()


def test_the_session_survives_a_cleanup_while_serving() -> None:
    number = keras.backend.get_uid(LAYER)
    prepare_for_serving()
    keras.backend.clear_session()
    keras.backend.clear_session(free_memory=False)
    assert keras.backend.get_uid(LAYER) == number + 1


def test_loaded_objects_are_excluded_from_garbage_collection_until_serving_ends() -> None:
    prepare_for_serving()
    assert gc.get_freeze_count() > 100_000
    end_serving()
    assert gc.get_freeze_count() == 0


def test_preparing_twice_is_undone_by_one_end() -> None:
    original = keras.backend.clear_session
    prepare_for_serving()
    replacement = keras.backend.clear_session
    prepare_for_serving()
    assert keras.backend.clear_session is replacement is not original
    end_serving()
    assert keras.backend.clear_session is original
    end_serving()
    assert keras.backend.clear_session is original


def test_the_session_is_cleared_after_serving() -> None:
    prepare_for_serving()
    end_serving()
    keras.backend.get_uid(LAYER)
    keras.backend.clear_session()
    assert keras.backend.get_uid(LAYER) == 1


def test_another_process_clears_its_own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    keras.backend.get_uid(LAYER)
    prepare_for_serving()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    keras.backend.clear_session()
    assert keras.backend.get_uid(LAYER) == 1


def test_native_output_is_suppressed_unless_something_fails(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with silent_stderr():
        os.write(2, b"a remark about graphics cards")
    assert capfd.readouterr().err == ""
    with pytest.raises(ImportError), silent_stderr():
        os.write(2, b"missing symbol")
        raise ImportError
    assert "missing symbol" in capfd.readouterr().err
