"""YAMNet: location and verification of its file, and segmentation of songs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.__main__ import main
from core.errors import ModelError
from core.features import yamnet
from core.storage import sha256


class _FakeInterpreter:
    """Stands in for the network; its embedding contains the level and the sum of a patch."""

    def set_tensor(self, _: int, patch: np.ndarray) -> None:
        assert patch.shape == (1, yamnet.PATCH)
        self.patch = patch[0]

    def invoke(self) -> None:
        self.embedding = np.zeros((1, yamnet.EMBEDDING), dtype=np.float32)
        self.embedding[0, :2] = np.sqrt(np.mean(self.patch**2)), np.abs(self.patch).sum()

    def get_tensor(self, _: int) -> np.ndarray:
        return self.embedding


forget = yamnet._interpreter.cache_clear


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GROOVE_GUIDE_CACHE", str(tmp_path / "cache"))
    forget()
    yield
    forget()


@pytest.fixture
def interpreter(monkeypatch: pytest.MonkeyPatch) -> _FakeInterpreter:
    fake = _FakeInterpreter()
    monkeypatch.setattr(yamnet, "_interpreter", lambda: (fake, 0, 0))
    return fake


def embedded(samples: np.ndarray) -> np.ndarray:
    return yamnet.embeddings(samples, 22_050, np.array([0, 66_150]), 66_150)


def test_each_segment_has_six_patches_and_the_last_is_padded_with_silence(
    interpreter: _FakeInterpreter,
) -> None:
    samples = np.random.default_rng(0).standard_normal(100_000).astype(np.float32)
    found = embedded(samples)
    assert found.shape == (2, 6, yamnet.EMBEDDING)
    assert (found[0, :, 0] > 0.05).all()
    assert (found[1, 4:, 0] == 0).all()  # the second segment has 1.5 s of sound


def test_embeddings_do_not_depend_on_the_level_of_a_song(interpreter: _FakeInterpreter) -> None:
    samples = np.random.default_rng(0).standard_normal(140_000).astype(np.float32)
    np.testing.assert_allclose(embedded(0.01 * samples), embedded(samples), rtol=1e-4)
    assert not embedded(0 * samples).any()


def test_a_missing_file_has_a_message_with_the_command_that_installs_it() -> None:
    assert not yamnet.is_available()
    with pytest.raises(ModelError, match="python -m core yamnet"):
        embedded(np.ones(70_000, dtype=np.float32))


def test_another_file_is_rejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(b"another network")
    assert main(["yamnet", str(other)]) == 1
    assert "is not the supported version of YAMNet" in capsys.readouterr().err
    assert not yamnet.is_available()


def test_a_copy_is_installed_and_a_damaged_one_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(b"the network")
    monkeypatch.setattr(yamnet, "SHA256", sha256(copy))
    assert main(["yamnet", str(copy)]) == 0
    assert capsys.readouterr().out.strip() == str(yamnet.file_path())
    assert yamnet.file_path().read_bytes() == b"the network"
    yamnet.file_path().write_bytes(b"damaged")
    with pytest.raises(ModelError, match="is damaged"):
        embedded(np.ones(70_000, dtype=np.float32))


def test_a_failed_download_has_a_clear_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("pooch.retrieve", refuse)
    assert main(["yamnet"]) == 1
    assert "could not be downloaded. Check the internet connection" in capsys.readouterr().err


def test_a_missing_copy_is_not_reported_as_a_missing_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROOVE_GUIDE_CACHE", str(tmp_path))
    assert main(["yamnet", str(tmp_path / "lost.tflite")]) == 1
    message = capsys.readouterr().err
    assert "lost.tflite: No such file" in message
    assert "connection" not in message
