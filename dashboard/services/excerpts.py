"""What pages play: the song, the parts that matter, the rest, and what the network is given.

Like `dashboard.services.explanations` this asks `core`, imports it late and keeps results on bounded shelves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dashboard.services import explanations, models, songs
from dashboard.services.cache import ResultCache
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.services.warmup import Report
from dashboard.text.formatting import genre_name, model_name

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.audio.io import Audio
    from core.explanation.explain import Explanation
    from core.explanation.masks import Share
    from core.listening.filtering import Mode

ATTRIBUTED, OPTIMISED = "attributed", "optimised"  # two questions: what counted, what is enough

PASSAGE = 10  # segments that are prepared first of a long song
PASSAGE_BEFORE = 2  # of them before the chosen one

_rankings: ResultCache[np.ndarray] = ResultCache(64)  # of parts of songs, half a megabyte each
_enough: ResultCache[float] = ResultCache(64)
_accepted: ResultCache[dict[str, dict[str, dict[str, float]]]] = ResultCache(16)
_wholes: ResultCache[Excerpt] = ResultCache(8)
_halves: ResultCache[SongParts] = ResultCache(12)


@dataclass(frozen=True)
class PartSelection:
    """How a song is divided into what matters and the rest.

    Parameters
    ----------
    question : ExplanationTarget
        What it matters for.
    method : str
        `ATTRIBUTED`: what counted. `OPTIMISED`: what would be enough; that asks for the genre
        alone, and knows shares of the area only.
    keep : float
        Share that counts as important, in ``(0, 1]``.
    of : {"area", "evidence"}
        Of what `keep` is a share.
    """

    question: ExplanationTarget
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
class SongParts:
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
class PassageParts:
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


def is_ready(song: Song, analysis: Analysis, cut: PartSelection) -> bool:
    """Return whether all that a song is divided by is at hand."""
    if not explanations.is_explained(song, analysis, cut.question):
        return False
    if cut.method == ATTRIBUTED:
        return True
    key = explanations.key_of(song, models.model_of(analysis.model))
    parts = range(0, len(analysis.starts_s), explanations.PART)
    return all((*key, cut.question, first // explanations.PART) in _rankings for first in parts)


def prepare(song: Song, name: str, cut: PartSelection, report: Report) -> None:
    """Compute all that a song is divided by; finished parts are kept when a run is stopped."""
    if cut.method == ATTRIBUTED:
        explanations.explanation_of(song, name, cut.question, report)
    else:
        ranking_of(song, name, cut.question, report)


def ranking_of(song: Song, name: str, question: ExplanationTarget, report: Report) -> np.ndarray:
    """Return the optimised ranking of a song's cells, ``(n, segment_frames, n_mels)``."""
    parts = explanations.parts_of(song, name, question, report)
    model = models.model_of(name)
    from core.explanation.extremal import extremal_ranking

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

        key = (*explanations.key_of(song, model), question, index)
        rankings.append(_rankings.get(key, optimise, waiting=lambda: report(doing, None)))
    return np.concatenate(rankings)


def whole_of(song: Song, name: str, report: Report) -> Excerpt:
    """Return a song as it is, with a model's answer."""
    model = models.model_of(name)

    def prepare_song() -> Excerpt:
        from core.audio.io import encode_audio

        audio = _audio_of(song, name, report)
        report("Preparing the song …", None)
        heard = explanations.analysis_of(song, name, report)
        return Excerpt(encode_audio(audio, "FLAC"), heard.song_probabilities)

    key = explanations.key_of(song, model)
    return _wholes.get(key, prepare_song, waiting=lambda: report("Preparing the song …", None))


def halves_at_hand(song: Song, name: str, cut: PartSelection) -> SongParts | None:
    """Return what a cut leaves of a song and what it takes, if that has been computed."""
    return _halves.peek((*explanations.key_of(song, models.model_of(name)), cut))


def halves_of(song: Song, name: str, cut: PartSelection, report: Report) -> SongParts:
    """Return what a cut leaves of a song and what it takes, with a model's answers to both."""
    model = models.model_of(name)

    def divide() -> SongParts:
        from core.analysis import analyze
        from core.audio.io import encode_audio
        from core.explanation.masks import importance_mask

        def excerpt(part: Audio) -> Excerpt:
            report("Listening to what is left …", None)
            answers = analyze(part, model).song_probabilities
            report("Preparing what you hear …", None)
            return Excerpt(encode_audio(part, "FLAC"), answers)

        kept, rest = map(excerpt, audible(song, name, cut, report))
        explanation, ranking = _ranked(song, name, cut, report)
        mask = importance_mask(explanation, keep=cut.keep, of=cut.of, ranking=ranking)
        return SongParts(kept, rest, mask)

    key = (*explanations.key_of(song, model), cut)
    return _halves.get(key, divide, waiting=lambda: report("Preparing what you hear …", None))


def passage_of(
    song: Song, name: str, cut: PartSelection, segment: int, report: Report
) -> PassageParts:
    """Return what a cut leaves and takes around a segment of a song: there is less to wait for.

    The level is that of the passage, and the model is not asked: its answer is about the song.
    """
    from core.audio.io import encode_audio
    from core.audio.loudness import loudness, match_loudness
    from core.explanation.masks import importance_mask
    from core.listening.filtering import divide, passage

    explanation, ranking = _ranked(song, name, cut, report)
    first = max(0, segment - PASSAGE_BEFORE)
    covered = slice(first, first + PASSAGE)
    audio, part = passage(_audio_of(song, name, report), explanation, first, PASSAGE)
    if ranking is not None:
        ranking = ranking[covered]
    wanted = loudness(audio)
    kept, rest = (
        encode_audio(match_loudness(half, wanted), "FLAC")
        for half in divide(audio, part, keep=cut.keep, of=cut.of, ranking=ranking)
    )
    mask = np.zeros(explanation.mel.shape, dtype=bool)
    mask[covered] = importance_mask(part, keep=cut.keep, of=cut.of, ranking=ranking)
    return PassageParts(kept, rest, mask, float(explanation.starts_s[first]))


def audible(song: Song, name: str, cut: PartSelection, report: Report) -> tuple[Audio, Audio]:
    """Return what a cut leaves of a song and what it takes, as loud as is pleasant."""
    from core.audio.loudness import loudness, match_loudness
    from core.listening.filtering import divide

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
    kept = match_loudness(kept, wanted)
    working()
    return kept, match_loudness(rest, wanted)


def _audio_of(song: Song, name: str, report: Report) -> Audio:
    """Return a song as a model hears it."""
    return songs.audio_of(song, report, models.model_of(name).parameters.sample_rate)


def _ranked(
    song: Song, name: str, cut: PartSelection, report: Report
) -> tuple[Explanation, np.ndarray | None]:
    explanation = explanations.explanation_of(song, name, cut.question, report)
    if cut.method == ATTRIBUTED:
        return explanation, None
    return explanation, ranking_of(song, name, cut.question, report)


def wav_of(song: Song, name: str, cut: PartSelection, mode: Mode) -> bytes:
    """Return one half of a cut as a WAV file."""
    from core.audio.io import encode_audio

    kept, rest = audible(song, name, cut, lambda *_: None)
    return encode_audio(kept if mode == "keep" else rest, "WAV")


def enough_of(song: Song, name: str, question: ExplanationTarget, report: Report) -> float:
    """Return the mean share of a segment that is enough for the model, by its optimised ranking."""
    model = models.model_of(name)
    doing = "Looking how little is enough …"

    def look() -> float:
        from core.explanation.extremal import smallest_share

        explanation, ranking = _ranked(song, name, PartSelection(question, OPTIMISED), report)
        assert ranking is not None
        report(doing, None)
        return float(smallest_share(model, explanation, ranking).mean())

    key = (*explanations.key_of(song, model), question)
    return _enough.get(key, look, waiting=lambda: report(doing, None))


def acceptance_of(
    song: Song, names: Sequence[str], question: ExplanationTarget, keep: float, report: Report
) -> dict[str, dict[str, dict[str, float]]]:
    """Return what models hear in what matters to each other; see `core.listening.faithfulness.acceptance`."""
    asked = [models.model_of(name) for name in names]
    doing = "Letting each listen to the other …"

    def ask() -> dict[str, dict[str, dict[str, float]]]:
        from core.listening.faithfulness import acceptance

        audio = songs.audio_of(song, report)
        found = [explanations.explanation_of(song, name, question, report) for name in names]
        report(doing, None)
        return acceptance(audio, found, asked, keep=keep)

    key = (*(explanations.key_of(song, model) for model in asked), question, keep)
    return _accepted.get(key, ask, waiting=lambda: report(doing, None))


def network_input_of(song: Song, name: str, segment: int, report: Report) -> bytes:
    """Return what the network is given of a segment, turned back into sound: a FLAC file."""
    analysis = explanations.analysis_of(song, name, report)
    from core.audio.io import encode_audio
    from core.features.inversion import audio_from_mfcc

    parameters = models.model_of(name).parameters
    return encode_audio(audio_from_mfcc(analysis.inputs[segment], parameters), "FLAC")
