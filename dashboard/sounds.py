"""What pages play: the song, the parts that matter, the rest, and what the network is given.

Like `dashboard.session` this asks `core`, imports it late and keeps results on bounded shelves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dashboard import session
from dashboard.session import Question, Song
from dashboard.shelf import Shelf
from dashboard.warmup import Report
from dashboard.wording import genre_name, model_name

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.audio import Audio
    from core.explanation import Explanation
    from core.listening import Mode, Share

ATTRIBUTED, OPTIMISED = "attributed", "optimised"  # two questions: what counted, what is enough

PASSAGE = 10  # segments that are prepared first of a long song
PASSAGE_BEFORE = 2  # of them before the chosen one

_rankings: Shelf[np.ndarray] = Shelf(64)  # of parts of songs, half a megabyte each
_enough: Shelf[float] = Shelf(64)
_accepted: Shelf[dict[str, dict[str, dict[str, float]]]] = Shelf(16)
_wholes: Shelf[Excerpt] = Shelf(8)
_halves: Shelf[Halves] = Shelf(12)


@dataclass(frozen=True)
class Cut:
    """How a song is divided into what matters and the rest.

    Parameters
    ----------
    question : Question
        What it matters for.
    method : str
        `ATTRIBUTED`: what counted. `OPTIMISED`: what would be enough; that asks for the genre
        alone, and knows shares of the area only.
    keep : float
        Share that counts as important, in ``(0, 1]``.
    of : {"area", "evidence"}
        Of what `keep` is a share.
    """

    question: Question
    method: str = ATTRIBUTED
    keep: float = 0.2
    of: Share = "area"

    def __post_init__(self) -> None:
        if self.method == OPTIMISED:
            object.__setattr__(self, "question", replace(self.question, versus=""))
            object.__setattr__(self, "of", "area")


@dataclass(frozen=True, eq=False)
class Excerpt:
    """A song or a part of it, ready to be played, and what a model says of it.

    Parameters
    ----------
    file : bytes
        FLAC, as long as the song.
    probabilities : np.ndarray [shape=(10,), range=[0, 1]]
        Mean of the segments' genre probabilities.
    """

    file: bytes
    probabilities: np.ndarray


@dataclass(frozen=True, eq=False)
class Halves:
    """What matters of a song, and the rest.

    Parameters
    ----------
    kept, rest : Excerpt
        Each at a comfortable level: the model hears what is played.
    mask : np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        The cells that are kept.
    """

    kept: Excerpt
    rest: Excerpt
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class Passage:
    """What matters of a passage of a song, and the rest, before the whole song is divided.

    Parameters
    ----------
    kept, rest : bytes
        FLAC of the passage.
    mask : np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        The cells of the song that are kept; none outside the passage.
    start_s : float
        Moment of the song where the passage begins.
    """

    kept: bytes
    rest: bytes
    mask: np.ndarray
    start_s: float


def is_ready(song: Song, analysis: Analysis, cut: Cut) -> bool:
    """Return whether all that a song is divided by is at hand."""
    if not session.is_explained(song, analysis, cut.question):
        return False
    if cut.method == ATTRIBUTED:
        return True
    key = session.key_of(song, session.model_of(analysis.model))
    parts = range(0, len(analysis.starts_s), session.PART)
    return all((*key, cut.question, first // session.PART) in _rankings for first in parts)


def prepare(song: Song, name: str, cut: Cut, report: Report) -> None:
    """Compute all that a song is divided by; finished parts are kept when a run is stopped."""
    if cut.method == ATTRIBUTED:
        session.explanation_of(song, name, cut.question, report)
    else:
        ranking_of(song, name, cut.question, report)


def ranking_of(song: Song, name: str, question: Question, report: Report) -> np.ndarray:
    """Return the optimised ranking of a song's cells, ``(n, segment_frames, n_mels)``."""
    parts = session.parts_of(song, name, question, report)
    model = session.model_of(name)
    from core.extremal import extremal_ranking

    count = sum(len(part) for part in parts)
    genre = genre_name(question.target)
    doing = f"Looking for the least that convinces {model_name(name)} of {genre} …"
    rankings: list[np.ndarray] = []
    for index, part in enumerate(parts):
        before = sum(map(len, rankings))

        def optimise(part=part, before=before) -> np.ndarray:  # type: ignore[no-untyped-def]
            return extremal_ranking(
                model,
                part,
                progress=lambda done, _: report(
                    f"{doing} {before + done} of {count} segments", (before + done) / count
                ),
            )

        key = (*session.key_of(song, model), question, index)
        rankings.append(_rankings.get(key, optimise, waiting=lambda: report(doing, None)))
    return np.concatenate(rankings)


def whole_of(song: Song, name: str, report: Report) -> Excerpt:
    """Return a song as it is, with a model's answer."""
    model = session.model_of(name)

    def prepare_song() -> Excerpt:
        from core.audio import encode_audio

        audio = _audio_of(song, name, report)
        report("Preparing the song …", None)
        heard = session.analysis_of(song, name, report)
        return Excerpt(encode_audio(audio, "FLAC"), heard.song_probabilities)

    key = session.key_of(song, model)
    return _wholes.get(key, prepare_song, waiting=lambda: report("Preparing the song …", None))


def halves_at_hand(song: Song, name: str, cut: Cut) -> Halves | None:
    """Return what a cut leaves of a song and what it takes, if that has been computed."""
    return _halves.peek((*session.key_of(song, session.model_of(name)), cut))


def halves_of(song: Song, name: str, cut: Cut, report: Report) -> Halves:
    """Return what a cut leaves of a song and what it takes, with a model's answers to both."""
    model = session.model_of(name)

    def divide() -> Halves:
        from core.analysis import analyze
        from core.audio import encode_audio
        from core.listening import importance_mask

        def excerpt(part: Audio) -> Excerpt:
            report("Listening to what is left …", None)
            answers = analyze(part, model).song_probabilities
            report("Preparing what you hear …", None)
            return Excerpt(encode_audio(part, "FLAC"), answers)

        kept, rest = map(excerpt, audible(song, name, cut, report))
        explanation, ranking = _ranked(song, name, cut, report)
        mask = importance_mask(explanation, keep=cut.keep, of=cut.of, ranking=ranking)
        return Halves(kept, rest, mask)

    key = (*session.key_of(song, model), cut)
    return _halves.get(key, divide, waiting=lambda: report("Preparing what you hear …", None))


def passage_of(song: Song, name: str, cut: Cut, segment: int, report: Report) -> Passage:
    """Return what a cut leaves and takes around a segment of a song: there is less to wait for.

    The level is that of the passage, and the model is not asked: its answer is about the song.
    """
    from core.audio import encode_audio
    from core.listening import divide, importance_mask, passage
    from core.loudness import comfortable, loudness

    explanation, ranking = _ranked(song, name, cut, report)
    first = max(0, segment - PASSAGE_BEFORE)
    covered = slice(first, first + PASSAGE)
    audio, part = passage(_audio_of(song, name, report), explanation, first, PASSAGE)
    if ranking is not None:
        ranking = ranking[covered]
    wanted = loudness(audio)
    kept, rest = (
        encode_audio(comfortable(half, wanted), "FLAC")
        for half in divide(audio, part, keep=cut.keep, of=cut.of, ranking=ranking)
    )
    mask = np.zeros(explanation.mel.shape, dtype=bool)
    mask[covered] = importance_mask(part, keep=cut.keep, of=cut.of, ranking=ranking)
    return Passage(kept, rest, mask, float(explanation.starts_s[first]))


def audible(song: Song, name: str, cut: Cut, report: Report) -> tuple[Audio, Audio]:
    """Return what a cut leaves of a song and what it takes, as loud as is pleasant."""
    from core.listening import divide
    from core.loudness import comfortable, loudness

    audio = _audio_of(song, name, report)
    explanation, ranking = _ranked(song, name, cut, report)

    def working() -> None:
        report("Preparing what you hear …", None)

    kept, rest = divide(
        audio, explanation, keep=cut.keep, of=cut.of, ranking=ranking, progress=working
    )
    working()
    wanted = loudness(audio)
    working()
    kept = comfortable(kept, wanted)
    working()
    return kept, comfortable(rest, wanted)


def _audio_of(song: Song, name: str, report: Report) -> Audio:
    """Return a song as a model hears it."""
    return session.audio_of(song, report, session.model_of(name).parameters.sample_rate)


def _ranked(
    song: Song, name: str, cut: Cut, report: Report
) -> tuple[Explanation, np.ndarray | None]:
    explanation = session.explanation_of(song, name, cut.question, report)
    if cut.method == ATTRIBUTED:
        return explanation, None
    return explanation, ranking_of(song, name, cut.question, report)


def wav_of(song: Song, name: str, cut: Cut, mode: Mode) -> bytes:
    """Return one half of a cut as a WAV file."""
    from core.audio import encode_audio

    kept, rest = audible(song, name, cut, lambda *_: None)
    return encode_audio(kept if mode == "keep" else rest, "WAV")


def enough_of(song: Song, name: str, question: Question, report: Report) -> float:
    """Return the mean share of a segment that is enough for the model, by its optimised ranking."""
    model = session.model_of(name)
    doing = "Looking how little is enough …"

    def look() -> float:
        from core.extremal import smallest_share

        explanation, ranking = _ranked(song, name, Cut(question, OPTIMISED), report)
        assert ranking is not None
        report(doing, None)
        return float(smallest_share(model, explanation, ranking).mean())

    key = (*session.key_of(song, model), question)
    return _enough.get(key, look, waiting=lambda: report(doing, None))


def acceptance_of(
    song: Song, names: Sequence[str], question: Question, keep: float, report: Report
) -> dict[str, dict[str, dict[str, float]]]:
    """Return what models hear in what matters to each other; see `core.faithfulness.acceptance`."""
    models = [session.model_of(name) for name in names]
    doing = "Letting each listen to the other …"

    def ask() -> dict[str, dict[str, dict[str, float]]]:
        from core.faithfulness import acceptance

        audio = session.audio_of(song, report)
        explanations = [session.explanation_of(song, name, question, report) for name in names]
        report(doing, None)
        return acceptance(audio, explanations, models, keep=keep)

    key = (*(session.key_of(song, model) for model in models), question, keep)
    return _accepted.get(key, ask, waiting=lambda: report(doing, None))


def network_input_of(song: Song, name: str, segment: int, report: Report) -> bytes:
    """Return what the network is given of a segment, turned back into sound: a FLAC file."""
    analysis = session.analysis_of(song, name, report)
    from core.audio import encode_audio
    from core.inversion import audio_from_mfcc

    parameters = session.model_of(name).parameters
    return encode_audio(audio_from_mfcc(analysis.inputs[segment], parameters), "FLAC")
