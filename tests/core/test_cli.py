"""The command line: its files, its output, errors of single songs and exit codes."""

from __future__ import annotations

import copy
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core.library.song_files
import core.models.cards
from core.__main__ import main
from core.analysis import analyze, to_json
from core.audio.io import Audio, load_audio, save_audio
from core.constants import GENRES, PROJECT_DIR
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_model, save_model


@pytest.fixture(scope="module")
def models(
    tiny_cnn: SpectrogramModel,
    tiny_cnn_lstm: SpectrogramModel,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Folder with both small models."""
    folder = tmp_path_factory.mktemp("models")
    for tiny in (tiny_cnn, tiny_cnn_lstm):
        save_model(
            SpectrogramModel(tiny.network, copy.deepcopy(tiny.card), tiny.background), folder
        )
    return folder


@pytest.fixture
def bundled(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, as if these were the bundled models."""
    bundle(models, monkeypatch)
    return models


@pytest.fixture
def wav(song: Audio, tmp_path: Path) -> Path:
    """A song as a file."""
    path = tmp_path / "songs" / "Little Song.wav"
    save_audio(song, path)
    return path


def bundle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a folder's models be the bundled ones."""
    monkeypatch.setattr(core.models.cards, "MODELS_DIR", folder)
    for name in ("list_models", "card_paths"):
        function = getattr(core.models.cards, name)
        monkeypatch.setattr(
            core.models.cards, name, lambda folder=folder, function=function: function(folder)
        )


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def content(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "analysis.json").read_text(encoding="utf-8"))


def test_analysis_json_is_the_analysis(wav: Path, models: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("analyze", wav, "--model", models / "cnn.json", "--out", out) == 0
    assert os.listdir(out) == ["Little Song"]
    assert os.listdir(out / "Little Song") == ["analysis.json"]
    expected = to_json(analyze(load_audio(wav), load_model(models / "cnn.json")))
    assert content(out / "Little Song") == expected
    assert expected["song"]["name"] == "Little Song.wav"


def test_an_explanation_comes_with_its_audio_and_arrays(
    wav: Path, song: Audio, models: Path, tmp_path: Path
) -> None:
    card = models / "cnn.json"
    assert run("analyze", wav, "--explain", "--model", card, "--out", tmp_path / "out") == 0
    folder = tmp_path / "out" / "Little Song"
    assert sorted(os.listdir(folder)) == sorted(core.library.song_files.FILES)
    written = content(folder)
    summary = written["explanation"]
    assert list(summary) == [
        "target",
        "base_value",
        "gap",
        "keep",
        "probability_kept",
        "probability_removed",
    ]
    assert summary["target"] == written["verdict"]["genre"]
    assert summary["keep"] == 0.2

    with np.load(folder / "explanation.npz", allow_pickle=False) as arrays:
        assert {name: arrays[name].shape for name in arrays} == {
            "mfcc": (3, 72, 13),
            "mel": (3, 72, 128),
            "base_value": (3,),
            "prediction": (3,),
        }
        genre = GENRES.index(summary["target"])
        np.testing.assert_allclose(
            arrays["prediction"],
            [segment["probabilities"][genre] for segment in written["segments"]],
            atol=1e-5,
        )
        gaps = arrays["prediction"] - arrays["base_value"] - arrays["mfcc"].sum(axis=(1, 2))
        assert abs(summary["gap"]) == pytest.approx(np.abs(gaps).max(), abs=1e-5)
        assert summary["base_value"] == pytest.approx(arrays["base_value"].mean())

    model = load_model(card)
    for file, probability in (("important", "kept"), ("without", "removed")):
        heard = load_audio(folder / f"{file}.wav")
        assert heard.samples.shape == song.samples.shape
        again = analyze(heard, model).song_probabilities[genre]
        assert summary[f"probability_{probability}"] == pytest.approx(again, abs=0.02)


def test_without_a_folder_a_table_is_printed_and_nothing_written(
    wav: Path,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("analyze", wav, "--model", models / "cnn.json", "--explain") == 0
    captured = capsys.readouterr()
    analysis = analyze(load_audio(wav), load_model(models / "cnn.json"))
    lines = captured.out.splitlines()
    assert lines[0] == (
        f"Little Song.wav (00:10), cnn: {analysis.genre}, probability {analysis.probability:.2f}"
    )
    assert len(lines) == 1 + 3 + 1
    assert lines[2].split()[:3] == ["00:03", "-", "00:06"]
    assert GENRES[analysis.probabilities[1].argmax()] in lines[2]
    assert lines[-1].startswith(f"  Probability of {analysis.genre}: ")
    assert captured.err == ""
    assert os.listdir(tmp_path) == ["songs"]


def test_failed_songs_are_reported_with_the_reason_and_the_others_written(
    wav: Path, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.mp3"
    broken.write_text("no music")
    missing = tmp_path / "missing.mp3"
    out = tmp_path / "out"
    code = run("analyze", broken, wav, missing, "--model", models / "cnn.json", "--out", out)
    assert code == 1
    assert os.listdir(out) == ["Little Song"]
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert errors[0].startswith(f"{broken}: ")
    assert len(errors[0]) > len(f"{broken}: ")
    assert errors[1].startswith(f"{missing}: The file does not exist")
    assert errors[2] == "2 of 3 songs failed."


def test_songs_of_the_same_name_get_numbered_folders_and_the_output_says_so(
    wav: Path, song: Audio, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = tmp_path / "elsewhere" / "Little Song.flac"
    save_audio(song, twin)
    out = tmp_path / "out"
    assert run("analyze", wav, twin, "--model", models / "cnn.json", "--out", out) == 0
    assert sorted(os.listdir(out)) == ["Little Song", "Little Song-2"]
    assert content(out / "Little Song")["song"]["name"] == "Little Song.wav"
    assert content(out / "Little Song-2")["song"]["name"] == "Little Song.flac"
    lines = capsys.readouterr().out.splitlines()
    assert lines[3] == f"  -> {out / 'Little Song-2'} (renamed: another song is called Little Song)"


def test_a_hostile_name_stays_inside_the_folder(wav: Path, models: Path, tmp_path: Path) -> None:
    sly = wav.with_name("...mp3")
    sly.write_bytes(wav.read_bytes())
    out = tmp_path / "results" / "out"
    assert run("analyze", sly, "--model", models / "cnn.json", "--out", out) == 0
    assert os.listdir(tmp_path / "results") == ["out"]
    assert [path.parent.parent for path in tmp_path.rglob("analysis.json")] == [out]


def test_control_characters_in_names_do_not_reach_the_terminal(
    wav: Path, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (
        "clear\x1b[2Jscreen.wav",
        "bytes\udcff.wav",
        "\x9b31m\u202e<img src=x onerror=alert(1)>.wav",
        "\x1b]0;" + "x" * 247 + ".wav",
    ):
        hostile = wav.with_name(name)
        hostile.write_bytes(wav.read_bytes())
        out = tmp_path / "out"
        assert run("analyze", hostile, "--model", models / "cnn.json", "--out", out) == 0
        captured = capsys.readouterr()
        assert not {"\x1b", "\x9b", "\u202e"} & set(captured.out + captured.err)
        assert content(out / hostile.stem[:240])["verdict"]["genre"] in GENRES
        hostile.write_text("no music")
        assert run("analyze", hostile, "--model", models / "cnn.json", "--out", out) == 1
        captured = capsys.readouterr()
        assert not {"\x1b", "\x9b", "\u202e"} & set(captured.out + captured.err)


def test_a_second_run_removes_the_files_of_the_first_and_no_others(
    wav: Path, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("analyze", wav, "--explain", "--model", models / "cnn.json", "--out", out) == 0
    (out / "Little Song" / "notes.txt").write_text("mine")
    assert "removed files" not in capsys.readouterr().out
    assert run("analyze", wav, "--model", models / "cnn_lstm.json", "--out", out) == 0
    assert sorted(os.listdir(out / "Little Song")) == ["analysis.json", "notes.txt"]
    assert content(out / "Little Song")["model"] == "cnn_lstm"
    assert (
        "removed files of an earlier run: important.wav, without.wav, explanation.npz"
        in capsys.readouterr().out
    )
    assert os.listdir(out) == ["Little Song"]


@pytest.mark.parametrize("there_before", [False, True])
def test_a_full_disk_leaves_everything_as_it_was(
    wav: Path,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    there_before: bool,
) -> None:
    out = tmp_path / "out"
    arguments = ("analyze", wav, "--model", models / "cnn.json", "--out", out)
    if there_before:
        assert run(*arguments) == 0

    def full(path: Path, content: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(core.library.song_files, "write_json", full)
    assert run(*arguments, "--explain") == 1
    assert "is full. Free some space" in capsys.readouterr().err
    files = [path.name for path in out.rglob("*") if path.is_file()]
    assert files == (["analysis.json"] if there_before else [])


def test_an_interruption_prints_one_line_and_exits_with_130(
    wav: Path,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(core.library.song_files, "analyze_song", interrupt)
    assert run("analyze", wav, "--model", models / "cnn.json") == 130
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_terminal_shows_the_current_step(
    wav: Path,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run("analyze", wav, "--explain", "--model", models / "cnn.json") == 0
    steps = capsys.readouterr().err.split("\r\x1b[K")
    assert steps[1] == "loading the model"
    assert steps[2] == "[1/1] Little Song.wav: reading"
    assert "[1/1] Little Song.wav: explaining segment 3 of 3" in steps
    assert steps[-1] == ""  # the line is empty when the answer is printed


def test_an_unknown_model_exits_with_2(
    wav: Path, bundled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("analyze", wav, "--model", "unknown") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no model 'unknown'" in captured.err
    assert "cnn, cnn_lstm" in captured.err


def test_a_file_as_output_folder_exits_with_2(
    wav: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("analyze", wav, "--model", models / "cnn.json", "--out", wav) == 2
    assert "is a file. Choose a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["analyze"], ["dance"], ["analyze", "a.mp3", "--keep", "1"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert "usage: python -m core" in capsys.readouterr().err


def test_the_cnn_lstm_is_the_default_model(
    wav: Path, bundled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("analyze", wav) == 0
    captured = capsys.readouterr()
    assert "), cnn_lstm: " in captured.out
    assert captured.err == ""


@pytest.mark.parametrize("damage", ["no card", "half a card", "no weights", "other weights"])
def test_another_model_takes_the_place_of_a_damaged_default(
    damage: str,
    wav: Path,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = Path(shutil.copytree(models, tmp_path / "models"))
    bundle(folder, monkeypatch)
    if damage == "no card":
        (folder / "cnn_lstm.json").unlink()
    elif damage == "half a card":
        (folder / "cnn_lstm.json").write_text('{"name": "cnn_lstm"')
    elif damage == "no weights":
        (folder / "cnn_lstm.keras").unlink()
    else:
        (folder / "cnn_lstm.keras").write_bytes(b"other weights")
    assert run("analyze", wav) == 0
    captured = capsys.readouterr()
    assert "), cnn: " in captured.out
    assert captured.err.count("\n") == (0 if damage == "no card" else 2)
    assert damage == "no card" or "using cnn instead." in captured.err
    folder = folder.rename(tmp_path / "none")  # loaded models stay loaded
    bundle(folder, monkeypatch)
    for file in folder.glob("*.keras"):
        file.unlink()
    assert run("analyze", wav) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_full_disk_stops_the_run_with_a_sentence(
    wav: Path,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> list[str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(core.library.song_files, "write_result", fail)
    out = tmp_path / "out"
    assert run("analyze", wav, wav, "--model", models / "cnn.json", "--out", out) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"The disk of {out} is full. Free some space or choose another folder" in captured.err
    assert captured.err.endswith(
        "Stopped after 0 of 2 songs. Results written so far are complete.\n"
    )


def test_without_any_model_the_message_names_the_training_script(
    wav: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(core.models.cards, "card_paths", list)
    assert run("analyze", wav) == 2
    assert "train.py" in capsys.readouterr().err


def test_models_are_listed_with_their_accuracy(
    bundled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].split()[:3] == ["NAME", "TITLE", "PROTOCOL"]
    assert lines[2].startswith("cnn_lstm  Tiny CNN-LSTM  artist")
    assert "0.125 (0.098 - 0.175)" in lines[2]
    assert lines[2].endswith(" MB")


def test_a_damaged_model_is_listed_with_its_reason(
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for path in models.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with open(tmp_path / "cnn.keras", "ab") as stream:
        stream.write(b"more")
    background = json.loads((tmp_path / "cnn_lstm.json").read_text())["background"]["file"]
    (tmp_path / background).unlink()
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "half.json").write_text('{"name": "half", "weights": {}, "genres": []}')
    (tmp_path / "metrics.json").write_text('{"accuracy": 0.9}')
    (tmp_path / "list.json").write_text("[]")
    bundle(tmp_path, monkeypatch)
    assert run("models") == 1
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines[0].startswith("cnn: damaged. cnn.keras does not match its model card")
    assert lines[1].startswith(f"cnn_lstm: damaged. {background} is missing")
    assert lines[2].startswith("empty: damaged. ")
    assert lines[3].startswith("half: damaged. ")
    assert "missing 'features'" in lines[3]
    assert len(lines) == 4


def test_an_empty_folder_of_models_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle(tmp_path, monkeypatch)
    assert run("models") == 1
    assert capsys.readouterr().out.endswith("or train models with train.py.\n")


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,  # TensorFlow alone takes minutes to load on a machine that is busy
        check=False,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["analyze", "--help"], ["models", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from core.__main__ import main\n"
        f"try: main({arguments})\n"
        "finally: print({'tensorflow', 'keras', 'librosa', 'numpy'} & set(sys.modules))"
    )
    finished = command("-c", program)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("usage: python -m core")
    assert finished.stdout.endswith("set()\n")


def test_the_whole_command_prints_the_result_and_nothing_else(wav: Path, models: Path) -> None:
    finished = command("-m", "core", "analyze", wav, "--model", models / "cnn.json")
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    assert finished.stdout.startswith("Little Song.wav (00:10), cnn: ")
