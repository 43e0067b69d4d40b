"""Every bad file ends in a song or in a sentence, with little memory and in a short time."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import bad_input
from benchmarks.bad_files import files, song, songs
from benchmarks.bad_headers import mp3_frame
from benchmarks.bad_input import Outcome, Tally, Worker, complete, open_files, table
from benchmarks.mutations import mutation
from core.audio.formats import mpeg_frame
from core.audio.io import load_audio

MUTATIONS = 640  # ten of every format; the script tries 20 000

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


def described(outcomes: list[Outcome]) -> list[str]:
    return [f"{each.name}: {each.kind}, {each.text}" for each in outcomes if each.fails]


def test_every_small_file_of_the_corpus_ends_well(worker: Worker) -> None:
    outcomes = list(open_files(worker, large=False))
    assert described(outcomes) == []
    kinds = Counter(each.kind for each in outcomes)
    assert len(outcomes) >= 600
    assert min(kinds["song"], kinds["sentence"]) > 300
    intact = [each for each in outcomes if each.name.startswith("intact")]
    assert len(intact) == len(songs())
    assert {each.kind for each in intact} == {"song"}
    for each in outcomes:
        if each.name.startswith(("other", "truncated")) and each.kind == "song":
            assert each.name.startswith("truncated"), each.name


def test_every_mutation_ends_well(worker: Worker) -> None:
    outcomes = [worker.open(number, str(number)) for number in range(MUTATIONS)]
    assert described(outcomes) == []
    assert {each.kind for each in outcomes} == {"song", "sentence"}


def test_a_mutation_depends_on_its_number_and_seed_only() -> None:
    assert mutation(7) == mutation(7)
    assert len({mutation(number, seed)[1] for number in range(64) for seed in (1, 2)}) > 120
    assert {mutation(number)[0] for number in range(len(songs()))} == {
        " ".join(kind) for kind in songs()
    }


def test_the_corpus_has_many_files_with_different_names() -> None:
    names = [(file.group, file.name) for file in files()]
    assert len(set(names)) == len(names) >= 600


def test_a_worker_that_dies_or_hangs_is_replaced(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bad_input, "KILL_S", 0.0)
    slow = tmp_path / "slow.wav"
    slow.write_bytes(song("WAV", "PCM_16"))
    assert worker.open(slow, "slow").kind == "stopped"
    monkeypatch.undo()
    worker._process.kill()
    assert worker.open(slow, "dead").kind == "crashed"
    assert worker.open(slow, "song").kind == "song"


def test_outcomes_are_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bad_input.outcome_of(song("FLAC", "PCM_16"))[0] == "song"
    assert bad_input.outcome_of(b"text")[0] == "sentence"

    def broken(content: bytes) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr(bad_input, "load_audio", broken)
    kind, text = bad_input.outcome_of(b"")
    assert kind == "raised"
    assert "IndexError" in text
    for outcome, fails in (
        (Outcome("a", "song", "", 9.0, 299.0), False),
        (Outcome("a", "sentence", "", 11.0, 1.0), True),
        (Outcome("a", "sentence", "", 1.0, 301.0), True),
        (Outcome("a", "noisy", ""), True),
    ):
        assert outcome.fails is fails


def test_the_table_tells_counts_and_worst_cases(tmp_path: Path) -> None:
    tally = Tally()
    for outcome in (
        Outcome("a", "song", "1.00 s", 0.5, 100.0),
        Outcome("b", "sentence", "The file is 2 s long.", 2.5, 80.0),
        Outcome("c", "raised", "IndexError", 0.1, 90.0),
    ):
        tally.add(outcome)
    assert [failure["name"] for failure in tally.failures] == ["c"]
    text = table({"corpus": tally})
    assert "| corpus | 3 | 1 | 1 | 1 | 2.5 s | 100 MB |" in text
    page = tmp_path / "page.md"
    page.write_text("# Title\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nrest\n")
    complete(page, text)
    assert page.read_text() == (
        f"# Title\n<!-- figures: begin -->\n{text}\n<!-- figures: end -->\nrest\n"
    )


def test_frames_with_changing_rates_are_frames() -> None:
    rates = [mpeg_frame(mp3_frame(number), 0).rate for number in range(3)]
    assert rates == [44_100, 48_000, 32_000]
    assert [mpeg_frame(mp3_frame(n), 0).length == len(mp3_frame(n)) for n in range(3)] == [True] * 3


@pytest.mark.parametrize(
    "content",
    [
        b"ID3\4\0\0\0\0\0\0" * 500_000 + song("MP3", "MPEG_LAYER_III"),
        song("WAV", "PCM_16")[:12] + bytes(range(256)) * 20_000,
        song("adts", "aac")[:700] + b"\xff\xf1" * 2_000_000,
    ],
    ids=["ID3 headers", "junk in a WAV file", "ADTS synchronisation"],
)
def test_what_once_took_long_is_refused_soon(content: bytes) -> None:
    begin = time.thread_time()
    with pytest.raises(ValueError, match=r"\.$"):
        load_audio(content)
    assert time.thread_time() - begin < 2
