"""Networks are stored compressed and load as they were."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from core.constants import MODELS_DIR
from core.errors import ModelError
from core.models.network_files import load_network, save_network


def small_network(*, compiled: bool = False) -> keras.Model:
    """A network with arrays of several sizes, normalisation, recurrence and a seed."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 40))
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(16, return_sequences=True))(inputs)
    hidden = keras.layers.Dropout(0.5, seed=1)(keras.layers.BatchNormalization()(hidden))
    network = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(hidden)))
    if compiled:
        network.compile("adam", "mse")
        network.fit(np.ones((4, 6, 40)), np.zeros((4, 3)), verbose=0)
    return network


@pytest.mark.parametrize("compiled", [False, True])
def test_a_loaded_network_has_exactly_the_weights_that_were_saved(
    tmp_path: Path, compiled: bool
) -> None:
    network = small_network(compiled=compiled)
    save_network(network, tmp_path / "a.keras")
    loaded = load_network(tmp_path / "a.keras")
    assert len(loaded.get_weights()) == len(network.get_weights())
    for found, expected in zip(loaded.get_weights(), network.get_weights(), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_the_state_of_the_optimiser_survives(tmp_path: Path) -> None:
    network = small_network(compiled=True)
    save_network(network, tmp_path / "a.keras")
    loaded = keras.models.load_model(tmp_path / "a.keras")
    for found, expected in zip(
        loaded.optimizer.variables, network.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


def test_equal_weights_make_equal_bytes_and_fewer_than_those_of_keras(
    tmp_path: Path,
) -> None:
    network = small_network()
    network.save(tmp_path / "plain.keras")
    for name in ("a.keras", "b.keras"):
        save_network(network, tmp_path / name)
    contents = []
    for name in ("a.keras", "b.keras"):
        with zipfile.ZipFile(tmp_path / name) as archive:
            contents.append(archive.read("model.weights.h5"))
    assert contents[0] == contents[1]
    assert (tmp_path / "a.keras").stat().st_size < 0.9 * (tmp_path / "plain.keras").stat().st_size


def test_a_network_that_keras_saved_itself_loads(tmp_path: Path) -> None:
    network = small_network()
    network.save(tmp_path / "plain.keras")
    loaded = load_network(tmp_path / "plain.keras")
    np.testing.assert_array_equal(loaded.get_weights()[0], network.get_weights()[0])


def test_a_file_that_is_no_network_is_explained(tmp_path: Path) -> None:
    (tmp_path / "a.keras").write_bytes(b"not a zip archive")
    with pytest.raises(
        ModelError, match=r"a\.keras is not a network that this version of Keras can open"
    ):
        load_network(tmp_path / "a.keras")


@pytest.mark.parametrize("path", sorted(MODELS_DIR.glob("*.keras")), ids=lambda path: path.stem)
def test_the_bundled_networks_are_compressed(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert all(member.compress_type == zipfile.ZIP_DEFLATED for member in archive.infolist())
