"""Hostile and damaged models end in one sentence, run nothing, and leave other models usable."""

from __future__ import annotations

import copy
import io
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from hypothesis import event, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from core.constants import GENRES
from core.errors import ModelError
from core.features.spectrogram import FeatureParameters
from core.models.cards import list_models, read_card
from core.models.feature_models import FeatureBackground, FeatureModel
from core.models.network_safety import is_known, values_of
from core.models.registry import SPECTROGRAM_MODELS
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_model, save_model
from core.networks.spectrogram_networks import build_network
from core.storage import sha256, write_json
from tests.hostile_cards import CHANGES, CONTENTS
from tests.hostile_weights import BACKGROUNDS, CANARY, NETWORKS, bomb, pickle_in_a_zip, pickled
from tests.synthetic import novelty_score

FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "pickle.")
NETWORK = ("socket.connect", "socket.getaddrinfo", "urllib.Request")

_events: list[str] | None = None  # what the audit hook saw, while a test is watching


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _events is None:
        return
    if event.startswith(FORBIDDEN + NETWORK):
        _events.append(event)
    elif event == "open" and str(arguments[0]).startswith(("/etc/passwd", "hf:", "http:")):
        _events.append(f"open {arguments[0]}")


sys.addaudithook(_hook)  # cannot be removed again


@contextmanager
def watched(canary: Path) -> Iterator[None]:
    """Fail if the block starts a process, connects, unpickles, or reads a file of the system."""
    global _events
    os.environ[CANARY] = str(canary)
    _events = []
    try:
        yield
        assert _events == []
        assert not canary.exists()
    finally:
        _events = None
        del os.environ[CANARY]


@pytest.fixture(scope="module")
def intact(tiny_cnn: SpectrogramModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two intact models: a network and a support vector machine."""
    folder = tmp_path_factory.mktemp("models")
    score = novelty_score(tiny_cnn)
    card = copy.deepcopy(tiny_cnn.card)
    save_model(SpectrogramModel(tiny_cnn.network, card, tiny_cnn.background, score), folder)
    save_model(
        SpectrogramModel(tiny_cnn.network, {**card, "name": "other"}, tiny_cnn.background), folder
    )
    return folder


@pytest.fixture
def folder(intact: Path, tmp_path: Path) -> Path:
    """A copy of the folder that a test may damage."""
    return Path(shutil.copytree(intact, tmp_path / "models"))


def refused(card: Path, canary: Path) -> str:
    """Load a model in vain; return the sentence, which other models survive."""
    with watched(canary), pytest.raises(ModelError) as raised:
        _ = load_model(card).background
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.isprintable()
    assert len(sentence) < 500
    assert sentence.endswith((".", ").")), sentence
    assert "Traceback" not in sentence
    return sentence


def describe(card: Path, part: str, file: Path) -> None:
    """Let a card vouch for the present content of a file, as a hostile card would."""
    content = json.loads(card.read_text())
    write_json(card, content | {part: {"file": file.name, "sha256": sha256(file)}})


@pytest.mark.parametrize("title", CHANGES)
def test_a_card_with_a_wrong_entry_is_refused(title: str, folder: Path, tmp_path: Path) -> None:
    card = folder / "cnn.json"
    content = json.loads(card.read_text())
    CHANGES[title](content)
    card.write_text(json.dumps(content))
    if title != "features that are unknown":  # those are known only where models are loaded
        with pytest.raises(ModelError, match=r"model card cnn\.json cannot be read"):
            read_card(card)
        assert [each["name"] for each in list_models(folder)] == ["other"]
    refused(card, tmp_path / "canary")


@pytest.mark.parametrize("title", CONTENTS)
def test_a_file_that_is_no_card_is_refused(title: str, folder: Path, tmp_path: Path) -> None:
    (folder / "cnn.json").write_bytes(CONTENTS[title])
    assert [each["name"] for each in list_models(folder)] == ["other"]
    refused(folder / "cnn.json", tmp_path / "canary")


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling link"])
def test_a_card_that_is_no_file_does_not_block(kind: str, folder: Path) -> None:
    card = folder / "cnn.json"
    card.unlink()
    if kind == "folder":
        card.mkdir()
    elif kind == "pipe":
        os.mkfifo(card)
    else:
        card.symlink_to("nowhere.json")
    assert [each["name"] for each in list_models(folder)] == ["other"]
    with pytest.raises(ModelError, match="There is no model"):
        load_model(card)


@pytest.mark.parametrize("title", NETWORKS)
def test_a_hostile_network_is_refused(title: str, folder: Path, tmp_path: Path) -> None:
    NETWORKS[title](folder / "cnn.keras")
    describe(folder / "cnn.json", "weights", folder / "cnn.keras")
    sentence = refused(folder / "cnn.json", tmp_path / "canary")
    assert sentence.startswith("cnn.keras is not a network")
    assert list(tmp_path.rglob("escaped.txt")) == []
    assert load_model(folder / "other.json").genres == GENRES


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".pkl", ".pt", "", ".keras.zip"])
def test_weights_in_another_format_are_not_opened(
    suffix: str, folder: Path, tmp_path: Path
) -> None:
    file = (folder / "cnn.keras").rename(folder / f"weights{suffix}")
    describe(folder / "cnn.json", "weights", file)
    assert "does not end with .keras" in refused(folder / "cnn.json", tmp_path / "canary")


def test_a_network_that_does_not_fit_its_card_is_refused(folder: Path, tmp_path: Path) -> None:
    card = folder / "cnn.json"
    content = json.loads(card.read_text())
    write_json(card, content | {"genres": ["jazz", "rock"]})
    assert "(10,)" in refused(card, tmp_path / "canary")
    longer = content["features"] | {"segment_frames": 100}
    write_json(card, content | {"features": longer})
    assert "(72, 13, 1)" in refused(card, tmp_path / "canary")


@pytest.mark.parametrize("title", BACKGROUNDS)
def test_a_hostile_background_is_refused(title: str, folder: Path, tmp_path: Path) -> None:
    file = folder / "own.npz"
    BACKGROUNDS[title](file)
    describe(folder / "cnn.json", "background", file)
    assert "own.npz is not a background" in refused(folder / "cnn.json", tmp_path / "canary")


@pytest.mark.parametrize("title", ["a pickle", "a single array", "other arrays", "no segments"])
def test_a_hostile_novelty_score_is_refused(title: str, folder: Path, tmp_path: Path) -> None:
    file = folder / "cnn.novelty.npz"
    BACKGROUNDS[title](file)
    describe(folder / "cnn.json", "novelty", file)
    assert "cnn.novelty.npz is not a novelty" in refused(folder / "cnn.json", tmp_path / "canary")


FEATURES = np.random.default_rng(0).normal(size=(60, 111)).astype(np.float32)
LABELS = np.arange(60) % 10


def machine() -> Pipeline:
    fitted: Pipeline = make_pipeline(StandardScaler(), SVC(decision_function_shape="ovo")).fit(
        FEATURES, LABELS
    )
    return fitted


def forest() -> Pipeline:
    trees = RandomForestClassifier(3, bootstrap=False, random_state=0)
    fitted: Pipeline = make_pipeline(trees).fit(FEATURES, LABELS)
    return fitted


def with_schema(edit: Callable[[dict[str, Any]], Any]) -> bytes:
    """Change the description of the objects in a file of skops."""
    stream = io.BytesIO(skops.io.dumps(machine()))
    with zipfile.ZipFile(stream) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(contents["schema.json"])
    contents["schema.json"] = json.dumps(edit(schema) or schema).encode()
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return stream.getvalue()


def endless_tree() -> bytes:
    """A forest in which a node is its own child."""
    trees = forest()
    left = trees[-1].estimators_[0].tree_.children_left
    left[0] = 0
    return skops.io.dumps(trees)


def tree_out_of_bounds() -> bytes:
    """A forest that reads far behind its nodes."""
    trees = forest()
    trees[-1].estimators_[0].tree_.children_right[0] = 2**40
    return skops.io.dumps(trees)


def machine_out_of_bounds() -> bytes:
    """A machine that counts more support vectors than it has."""
    vectors = machine()
    vectors[-1]._n_support = np.full(10, 10**6, np.int32)
    return skops.io.dumps(vectors)


def infinite_features() -> bytes:
    """A scaler that divides by almost nothing."""
    vectors = machine()
    vectors[0].scale_[3] = 1e-310
    return skops.io.dumps(vectors)


def scaler_of_another_size() -> bytes:
    vectors = machine()
    vectors[0].mean_ = np.zeros(3)
    return skops.io.dumps(vectors)


def nested(schema: dict[str, Any]) -> dict[str, Any]:
    for _ in range(400):
        schema = {
            "__class__": "list",
            "__module__": "builtins",
            "__loader__": "ListNode",
            "content": [schema],
            "__id__": 1,
        }
    return schema


def as_bytes(write: Callable[[Path], None]) -> Callable[[Path], bytes]:
    def content(path: Path) -> bytes:
        write(path)
        return path.read_bytes()

    return content


PIPELINES: dict[str, Callable[[Path], bytes]] = {
    "a pickle": as_bytes(pickled),
    "pickles in an archive": as_bytes(pickle_in_a_zip),
    "nothing": lambda path: b"",
    "600 MB of zeros": as_bytes(bomb),
    "a classifier without a pipeline": lambda path: skops.io.dumps(
        LogisticRegression().fit(FEATURES, LABELS)
    ),
    "another classifier": lambda path: skops.io.dumps(
        make_pipeline(LogisticRegression()).fit(FEATURES, LABELS)
    ),
    "a function of os": lambda path: skops.io.dumps(
        make_pipeline(FunctionTransformer(os.system), SVC())
    ),
    "a class of os": lambda path: with_schema(
        lambda schema: schema.update(__class__="system", __module__="posix")
    ),
    "an unknown loader": lambda path: with_schema(
        lambda schema: schema.update(__loader__="PickleNode")
    ),
    "no loader": lambda path: with_schema(lambda schema: schema.pop("__loader__") and None),
    "a list as a schema": lambda path: with_schema(lambda schema: [schema]),
    "deep nesting": lambda path: with_schema(nested),
    "an endless tree": lambda path: endless_tree(),
    "a tree out of bounds": lambda path: tree_out_of_bounds(),
    "a machine out of bounds": lambda path: machine_out_of_bounds(),
    "a scaler of another size": lambda path: scaler_of_another_size(),
    "a scaler that gives infinity": lambda path: infinite_features(),
    "unfitted": lambda path: skops.io.dumps(make_pipeline(StandardScaler(), SVC())),
    "two genres": lambda path: skops.io.dumps(
        make_pipeline(StandardScaler(), SVC()).fit(FEATURES, LABELS % 2)
    ),
}


@pytest.fixture(scope="module")
def machine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a support vector machine."""
    folder = tmp_path_factory.mktemp("machine")
    card: dict[str, Any] = {
        "name": "svm",
        "reads": "vectors",
        "genres": list(GENRES),
        "features": FeatureParameters().to_json(),
        "temperature": 1.5,
    }
    background = FeatureBackground(np.full(3, 1 / 3, np.float32), FEATURES[:3])
    save_model(FeatureModel(machine(), card, background), folder)
    return folder


@pytest.mark.parametrize("title", PIPELINES)
def test_a_hostile_pipeline_is_refused(title: str, machine_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(machine_folder, tmp_path / "models"))
    file = folder / "svm.skops"
    file.write_bytes(PIPELINES[title](tmp_path / "scratch"))
    describe(folder / "svm.json", "weights", file)
    assert refused(folder / "svm.json", tmp_path / "canary").startswith("svm.skops ")


def test_a_pipeline_without_a_temperature_is_refused(machine_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(machine_folder, tmp_path / "models"))
    content = json.loads((folder / "svm.json").read_text())
    del content["temperature"]
    write_json(folder / "svm.json", content)
    assert "no temperature" in refused(folder / "svm.json", tmp_path / "canary")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Keys and indices that lead to every value in a card."""
    yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))


@given(st.data())
@settings(max_examples=300)
def test_any_other_value_anywhere_on_a_card_is_harmless_or_refused(
    intact: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = json.loads((intact / "cnn.json").read_text())
    *path, last = data.draw(st.sampled_from([each for each in places(content) if each]))
    place = content
    for key in path:
        place = place[key]
    place[last] = data.draw(JSON)
    file = tmp_path_factory.getbasetemp() / "changed.json"
    file.write_text(json.dumps(content))
    try:
        card = read_card(file)
    except ModelError as error:
        event(str(error)[:60])
        return
    parameters = FeatureParameters.from_json(card["features"])
    assert len(card["standardisation"]["mean"]) == parameters.n_mfcc <= parameters.n_mels
    assert min(card["standardisation"]["scale"]) > 0
    assert all(isinstance(genre, str) and genre for genre in card["genres"])


def test_intact_models_load_while_they_are_watched(
    folder: Path, machine_folder: Path, tmp_path: Path
) -> None:
    with watched(tmp_path / "canary"):
        network = load_model(folder / "cnn.json")
        vectors = load_model(machine_folder / "svm.json")
        assert network.predict(np.zeros((1, 72, 13))).shape == (1, 10)
        assert vectors.predict(FEATURES[:2]).shape == (2, 10)


@pytest.mark.parametrize("name", SPECTROGRAM_MODELS)
def test_every_architecture_consists_of_trusted_layers(name: str) -> None:
    parameters = SPECTROGRAM_MODELS[name].parameters(FeatureParameters())
    config = json.loads(build_network(name, parameters, 50, 0.1).to_json())
    entries = [value for _, value in values_of(config) if isinstance(value, dict)]
    described = [each for each in entries if "class_name" in each]
    assert len(described) > 5
    assert [each for each in described if not is_known(each)] == []


def test_the_corpus_has_at_least_a_hundred_files() -> None:
    titles = [*CHANGES, *CONTENTS, *NETWORKS, *BACKGROUNDS, *PIPELINES]
    assert len(titles) >= 100
