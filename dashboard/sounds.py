"""What pages play: the song, the parts that matter, the rest, and what the network is given.

Like `dashboard.session` this asks `core`, imports it late and keeps results on bounded shelves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard import session
from dashboard.session import Song
from dashboard.shelf import Shelf
from dashboard.warmup import Report
from dashboard.wording import genre_name, model_name

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.audio import Audio
    from core.listening import Mode

ATTRIBUTED, OPTIMISED = "attributed", "optimised"  # two questions: what counted, what is enough

_rankings: Shelf[np.ndarray] = Shelf(64)  # of parts of songs, half a megabyte each
_enough: Shelf[float] = Shelf(64)
_excerpts: Shelf[Excerpt] = Shelf(24)


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


def is_ready(song: Song, analysis: Analysis, target: str, method: str) -> bool:
    """Return whether all that excerpts are cut by is at hand."""
    if method == ATTRIBUTED:
        return session.is_explained(song, analysis, target)
    key = session.key_of(song, session.model_of(analysis.model))
    parts = range(0, len(analysis.starts_s), session.PART)
    return all((*key, target, first // session.PART) in _rankings for first in parts)


def prepare(song: Song, name: str, target: str, method: str, report: Report) -> None:
    """Compute all that excerpts are cut by; finished parts are kept when a run is stopped."""
    if method == ATTRIBUTED:
        session.explanation_of(song, name, target, report)
    else:
        ranking_of(song, name, target, report)


def ranking_of(song: Song, name: str, target: str, report: Report) -> np.ndarray:
    """Return the optimised ranking of a song's cells, ``(n, segment_frames, n_mels)``."""
    parts = session.parts_of(song, name, target, report)
    model = session.model_of(name)
    from core.extremal import extremal_ranking

    count = sum(len(part) for part in parts)
    doing = f"Looking for the least that convinces {model_name(name)} of {genre_name(target)} …"
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

        key = (*session.key_of(song, model), target, index)
        rankings.append(_rankings.get(key, optimise, waiting=lambda: report(doing, None)))
    return np.concatenate(rankings)


def excerpt_of(
    song: Song, name: str, target: str | None, method: str, keep: float, mode: Mode, report: Report
) -> Excerpt:
    """Return a song, or what `core.listening` leaves of it, with the model's answer to that.

    Parameters
    ----------
    song : Song
        The song.
    name : str
        Name of the model.
    target : str or None
        Genre that decides what is important; None for the song as it is.
    method : str
        `ATTRIBUTED`: what counted for the genre. `OPTIMISED`: what would be enough for it.
    keep : float
        Share of the sound that counts as important, in ``(0, 1)``.
    mode : {"keep", "remove"}
        Whether the important regions are left, or everything else.
    report : callable
        Told about progress.

    Returns
    -------
    Excerpt
        As long as the song, at a comfortable level: the model hears what is played.
    """
    from core.analysis import analyze
    from core.audio import encode_audio

    model = session.model_of(name)

    def cut() -> Excerpt:
        audio = audible(song, name, target, method, keep, mode, report)
        report("Listening to what is left …" if target else "Preparing the song …", None)
        heard = analyze(audio, model) if target else session.analysis_of(song, name, report)
        return Excerpt(encode_audio(audio, "FLAC"), heard.song_probabilities)

    # The song as it is depends on nothing that it could be cut by.
    how = (target, method, keep, mode) if target else ()
    key = (*session.key_of(song, model), *how)
    return _excerpts.get(key, cut, waiting=lambda: report("Preparing what you hear …", None))


def audible(
    song: Song, name: str, target: str | None, method: str, keep: float, mode: Mode, report: Report
) -> Audio:
    """Return the samples of an excerpt; the parameters are those of `excerpt_of`."""
    audio = session.audio_of(song, report)
    if target is None:
        return audio
    explanation = session.explanation_of(song, name, target, report)
    ranking = ranking_of(song, name, target, report) if method == OPTIMISED else None
    from core.listening import listen
    from core.loudness import comfortable

    return comfortable(
        listen(audio, explanation, keep=keep, mode=mode, ranking=ranking), reference=audio
    )


def wav_of(song: Song, name: str, target: str, method: str, keep: float, mode: Mode) -> bytes:
    """Return an excerpt as a WAV file; the parameters are those of `excerpt_of`."""
    from core.audio import encode_audio

    return encode_audio(audible(song, name, target, method, keep, mode, lambda *_: None), "WAV")


def enough_of(song: Song, name: str, target: str, report: Report) -> float:
    """Return the mean share of a segment that is enough for the model, by its optimised ranking."""
    model = session.model_of(name)
    doing = "Looking how little is enough …"

    def look() -> float:
        explanation = session.explanation_of(song, name, target, report)
        ranking = ranking_of(song, name, target, report)
        from core.extremal import smallest_share

        report(doing, None)
        return float(smallest_share(model, explanation, ranking).mean())

    key = (*session.key_of(song, model), target)
    return _enough.get(key, look, waiting=lambda: report(doing, None))


def network_input_of(song: Song, name: str, segment: int, report: Report) -> bytes:
    """Return what the network is given of a segment, turned back into sound: a FLAC file."""
    analysis = session.analysis_of(song, name, report)
    from core.audio import encode_audio
    from core.inversion import audio_from_mfcc

    parameters = session.model_of(name).parameters
    return encode_audio(audio_from_mfcc(analysis.mfcc[segment], parameters), "FLAC")
