"""YAMNet: where its file is looked for, what is refused, and how a song is cut for it."""

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


class _Listener:
    """Stands for the network: its embedding is the level and the sum of a patch."""

    def set_tensor(self, _: int, patch: np.ndarray) -> None:
        assert patch.shape == (1, yamnet.PATCH)
        self.patch = patch[0]

    def invoke(self) -> None:
        self.heard = np.zeros((1, yamnet.EMBEDDING), dtype=np.float32)
        self.heard[0, :2] = np.sqrt(np.mean(self.patch**2)), np.abs(self.patch).sum()

    def get_tensor(self, _: int) -> np.ndarray:
        return self.heard


forget = yamnet._interpreter.cache_clear


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GROOVE_GUIDE_CACHE", str(tmp_path / "cache"))
    forget()
    yield
    forget()


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> _Listener:
    found = _Listener()
    monkeypatch.setattr(yamnet, "_interpreter", lambda: (found, 0, 0))
    return found


def heard(samples: np.ndarray) -> np.ndarray:
    return yamnet.embeddings(samples, 22_050, np.array([0, 66_150]), 66_150)


def test_a_song_is_cut_into_six_moments_and_ends_in_silence(listener: _Listener) -> None:
    samples = np.random.default_rng(0).standard_normal(100_000).astype(np.float32)
    found = heard(samples)
    assert found.shape == (2, 6, yamnet.EMBEDDING)
    assert (found[0, :, 0] > 0.05).all()
    assert (found[1, 4:, 0] == 0).all()  # 1.5 of the second three seconds are there


def test_how_loud_a_song_is_does_not_count(listener: _Listener) -> None:
    samples = np.random.default_rng(0).standard_normal(140_000).astype(np.float32)
    np.testing.assert_allclose(heard(0.01 * samples), heard(samples), rtol=1e-4)
    assert not heard(0 * samples).any()


def test_without_its_file_it_says_how_to_get_it() -> None:
    assert not yamnet.is_available()
    with pytest.raises(ModelError, match="python -m core yamnet"):
        heard(np.ones(70_000, dtype=np.float32))


def test_another_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.tflite"
    other.write_bytes(b"another network")
    assert main(["yamnet", str(other)]) == 1
    assert "another file than the YAMNet" in capsys.readouterr().err
    assert not yamnet.is_available()


def test_a_copy_is_put_where_it_is_looked_for(
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
        heard(np.ones(70_000, dtype=np.float32))


def test_no_connection_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("pooch.retrieve", refuse)
    assert main(["yamnet"]) == 1
    assert "could not be downloaded. Check the connection" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_no_missing_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROOVE_GUIDE_CACHE", str(tmp_path))
    assert main(["yamnet", str(tmp_path / "lost.tflite")]) == 1
    said = capsys.readouterr().err
    assert "lost.tflite: No such file" in said
    assert "connection" not in said
