"""Every command that the documents name runs: on small data, and without a network.

A command without a counterpart here fails the test. What takes long or opens a browser is run up to
the point where its arguments have been accepted; its own tests run the rest on small data.
"""

from __future__ import annotations

import argparse
import glob
import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

import core.__main__
import train
from core.audio.io import Audio, save_audio
from core.constants import PROJECT_DIR, PROTOCOLS, SAMPLE_RATE
from core.features import yamnet
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import save_model
from core.training import experiment, profiles
from tests.archives import some_track_ids
from tests.synthetic import song_samples

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/*.md", "examples/README.md")
PROGRAMS = ("make", "python", ".venv/bin/", "pip", "apt-get", ".ci/run")
# They install software from the network, so they are not run.
INSTALLATIONS = (
    "pip download --no-deps musicnn==0.1.0",
    ".venv/bin/python -m pip install pre-commit && .venv/bin/pre-commit install",
    "apt-get install fluidsynth fluid-soundfont-gm",
)


def commands_of(text: str) -> Iterator[str]:
    """Commands in the code blocks and code spans of a document, without comments."""
    blocks = re.findall(r"^ {4}(\S.*)$", text.replace("\\\n", " "), re.M)
    spans = re.findall(r"`([^`\n]+)`", text)
    for code in (*blocks, *spans):
        command = " ".join(re.sub(r"\s+#.*", "", code).split())
        if command.startswith(PROGRAMS) and (" " in command or command == ".ci/run"):
            yield command


def all_commands() -> list[str]:
    """Commands of all documents, each once."""
    found: dict[str, None] = {}
    for pattern in DOCUMENTS:
        for path in sorted(PROJECT_DIR.glob(pattern)):
            found |= dict.fromkeys(commands_of(path.read_text(encoding="utf-8")))
    return list(found)


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_cnn: SpectrogramModel,
    tiny_cnn_lstm: SpectrogramModel,
) -> Path:
    """A folder with two small models."""
    folder = tmp_path_factory.mktemp("models")
    for tiny in (tiny_cnn, tiny_cnn_lstm):
        save_model(tiny, folder)
    return folder


@pytest.fixture(scope="module")
def genres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of recordings, named as in GTZAN, in two tones for each genre."""
    folder = tmp_path_factory.mktemp("genres")
    names = some_track_ids(per_subset=2)
    for number, name in enumerate(names):
        genre = name.split(".")[0]
        (folder / genre).mkdir(exist_ok=True)
        save_audio(Audio(song_samples(4.0, seed=number)), folder / genre / f"{name}.wav")
    return folder


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two small songs."""
    folder = tmp_path_factory.mktemp("songs")
    for name in ("song.mp3", "other.flac"):
        soundfile.write(folder / name, song_samples(3.5), SAMPLE_RATE)
    return folder


@pytest.fixture
def workplace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, songs: Path, models: Path, genres: Path
) -> dict[str, str]:
    """A working folder with small songs; small data in place of the documents' placeholders."""
    monkeypatch.chdir(tmp_path)
    for song in songs.iterdir():
        shutil.copy(song, tmp_path)
    monkeypatch.setattr(core.__main__, "_default_models", lambda: [str(models / "cnn_lstm.json")])
    monkeypatch.setattr(yamnet, "fetch", lambda given: tmp_path / "yamnet.tflite")
    monkeypatch.setattr(train, "RUNS_DIR", tmp_path / "runs")
    return {
        "mine/cnn.json": str(models / "cnn.json"),
        "/path/to/genres": str(genres),
        "/path/to/music": str(songs),
        "/path/to/musicnn": str(tmp_path),
        "SONG…": "song.mp3",
        "[--out": "--out",
        "DIR]": "DIR",
    }


def run_core(arguments: list[str]) -> None:
    """Run the command line as the shell would, with its patterns of file names."""
    expanded = [
        path for argument in arguments for path in (sorted(glob.glob(argument)) or [argument])
    ]
    assert core.__main__.main(expanded) == 0


def run_training(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Train a support vector machine instead of networks; accept the rest of the arguments."""
    if "--help" in arguments:
        with pytest.raises(SystemExit) as stop:
            train.main(arguments)
        assert stop.value.code == 0
    elif "--models" in arguments:
        experiments: list[experiment.Experiment] = []
        monkeypatch.setattr(experiment, "train", experiments.append)
        assert train.main([*arguments, "--out", "."]) == 0
        assert [each.protocol for each in experiments] == list(PROTOCOLS)
    elif "--explain" in arguments:
        explained: list[str] = []
        monkeypatch.setattr(
            profiles, "store_genre_profiles", lambda name, *rest: explained.append(name)
        )
        assert train.main(arguments) == 0
        assert explained == ["cnn", "cnn_lstm"]
    else:
        assert train.main([*arguments, "--out", "mine", "--models", "svm"]) == 0
        assert Path("mine", "svm.json").is_file()


class Accepted(Exception):
    """The arguments of a script have been accepted."""


def run_script(path: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a script until its arguments have been accepted."""
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    if "argparse" not in vars(module):
        assert callable(module.main)
        assert not arguments, "the script takes no arguments"
        return
    parse = argparse.ArgumentParser.parse_args

    def accept(parser: argparse.ArgumentParser, *rest: Any) -> None:
        parse(parser, *rest)
        raise Accepted

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", accept)
    monkeypatch.setattr(sys, "argv", [path, *arguments])
    with pytest.raises(Accepted):
        module.main()


def run_make(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let make print the recipe, and run the scripts in it until they accept their arguments."""
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    printed = subprocess.run(
        ["make", "--dry-run", f"PYTHON={sys.executable}", *arguments],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.replace("\\\n", " ")
    found = re.findall(r"^-?\.venv/bin/python (?!-m pip)(?:-W \S+ )?(.+)$", printed, re.M)
    assert found, "the target runs nothing"
    for command in found:
        program, *rest = shlex.split(command)
        if program.startswith("benchmarks/"):
            with monkeypatch.context() as patch:
                run_script(program, rest, patch)
        else:
            assert program == "-m" or (PROJECT_DIR / program).is_file(), command


@pytest.mark.parametrize("command", all_commands())
def test_a_command_of_the_documents_runs(
    command: str, workplace: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if command in INSTALLATIONS:
        return
    program, *words = [workplace.get(word, word) for word in command.split()]
    if program == "make":
        run_make(words, monkeypatch)
    elif program == ".ci/run":
        subprocess.run(["bash", "-n", PROJECT_DIR / program], check=True)
    elif words[:2] == ["-m", "core"]:
        run_core(words[2:])
    elif words[:2] == ["-m", "pytest"]:
        assert all((PROJECT_DIR / folder).is_dir() for folder in words[2:])
    elif words[0] == "-m":
        run_script(f"{words[1].replace('.', '/')}.py", words[2:], monkeypatch)
    elif words[0] == "train.py":
        run_training(words[1:], monkeypatch)
    else:
        assert (PROJECT_DIR / words[0]).is_file(), f"nothing here runs the command {command!r}"
        run_script(words[0], words[1:], monkeypatch)


def test_every_benchmark_has_a_test_that_runs_it() -> None:
    tests = [
        path.read_text(encoding="utf-8")
        for folder in ("benchmarks", "e2e")
        for path in (PROJECT_DIR / "tests" / folder).glob("test_*.py")
    ]
    makefile = (PROJECT_DIR / "Makefile").read_text(encoding="utf-8")
    scripts = set(re.findall(r"benchmarks/(\w+)\.py", " ".join([makefile, *all_commands()])))
    assert len(scripts) >= 6
    for script in scripts:
        imported = re.compile(rf"from benchmarks(\.{script}\b| import .*\b{script}\b)")
        assert any(imported.search(text.replace("\n", " ")) for text in tests), script


def test_the_readme_names_commands() -> None:
    found = list(commands_of((PROJECT_DIR / "README.md").read_text(encoding="utf-8")))
    assert {"make app", "make test"} <= set(found)


def test_commands_are_found_with_their_continuation_and_without_comments() -> None:
    text = "Run `make lint`, not `make`:\n\n    python a.py --b \\\n        c     # a comment\n"
    assert list(commands_of(text)) == ["python a.py --b c", "make lint"]


@pytest.mark.parametrize(
    "command", ["make bake", "python benchmarks/none.py", "python train.py --none", "pip fly away"]
)
def test_a_command_that_does_not_run_is_noticed(
    command: str, workplace: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises((AssertionError, subprocess.CalledProcessError, SystemExit)):
        test_a_command_of_the_documents_runs(command, workplace, monkeypatch)
