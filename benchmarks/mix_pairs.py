"""Mixes for the benchmark of localisation: which songs are mixed, and which mixes count.

The songs are the recordings of the test set of unseen artists. A *piece* is a segment of three
seconds from the middle of a song, or a whole clip of two to three seconds. Pairs of pieces and
their gates are drawn with a fixed seed, in the same order for every model. These rules were fixed
before any result was known:

* The model classifies both pieces correctly when it analyses them alone.
* The target's genre has a probability of at least `MIN_PROBABILITY` in the mix, as much as a tenth
  each. Otherwise there is no prediction to explain.
* The target dominates at least `MIN_SHARE` of the cells.
* A song is the target of at most `MOST_PER_SONG` mixes of each kind.
* The genres of the targets take turns, so that they are balanced as far as there are songs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.excerpts import Track, middle_excerpt
from core.analysis import Analysis, analyze
from core.audio.io import Audio, load_audio
from core.constants import GENRES, MIN_DURATION_S
from core.errors import AudioError
from core.features.spectrogram import FeatureParameters, band_frequencies
from core.listening.mixing import BandGate, Gate, Mix, TimeGate, mix_songs, target_cells
from core.models.spectrogram_models import SpectrogramModel

SEED = 0
KINDS = ("seconds", "bands")  # in which the target sounds
OPEN_SHARE = 0.5  # of the mix's length, or of its mel bands
MIN_PROBABILITY = 0.1
MIN_SHARE = 0.05
MOST_PER_SONG = 4
MOST_DRAWS = 1_000  # of pairs for one genre and kind
DROPPED = ("improbable", "small", "silent")  # reasons, in this order in the results


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of a song of the test set.

    Parameters
    ----------
    track : Track
        The song.
    number : int
        Position among the song's pieces.
    audio : Audio
        At most one segment.
    """

    track: Track
    number: int
    audio: Audio


@dataclass(frozen=True, eq=False)
class MixCase:
    """A mix that counts, with the model's prediction for it.

    Parameters
    ----------
    key : str
        Name, the same for every model.
    kind : {"seconds", "bands"}
        Where the target sounds.
    target, other : Piece
        The two pieces.
    mix : Mix
        Their mix.
    analysis : Analysis
        The model's analysis of the mix: one segment.
    """

    key: str
    kind: str
    target: Piece
    other: Piece
    mix: Mix
    analysis: Analysis

    @property
    def seed(self) -> int:
        """Seed for methods with random numbers."""
        return SEED + self.target.track.number


def pieces_of(tracks: Sequence[Track]) -> list[Piece]:
    """Cut up to four segments out of the middle of each song.

    Parameters
    ----------
    tracks : sequence of Track
        The recordings.

    Returns
    -------
    list of Piece
        In the order of the songs. Remainders shorter than half a segment are left out.
    """
    parameters = FeatureParameters()
    size = parameters.segment_frames * parameters.hop_length
    pieces = []
    for track in tracks:
        song = middle_excerpt(load_audio(track.file), parameters)
        for number, start in enumerate(range(0, len(song.samples), size)):
            # Frames are centred: one more sample would add a frame.
            samples = song.samples[start : start + size - 1]
            if 2 * len(samples) >= size and len(samples) >= MIN_DURATION_S * song.sample_rate:
                audio = replace(song, samples=samples, name=track.name)
                pieces.append(Piece(track, number, audio))
    return pieces


def classified_correctly(model: SpectrogramModel, pieces: Sequence[Piece]) -> list[bool]:
    """Find out which pieces a model classifies correctly when it analyses them alone."""
    return [analyze(piece.audio, model).genre == piece.track.genre for piece in pieces]


def cases(
    model: SpectrogramModel,
    pieces: Sequence[Piece],
    usable: Sequence[bool],
    kind: str,
    count: int,
    dropped: Counter[str],
) -> Iterator[MixCase]:
    """Draw mixes that count, with the genres of the targets in turn.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    pieces : sequence of Piece
        All pieces.
    usable : sequence of bool
        Which of them the model classifies correctly.
    kind : {"seconds", "bands"}
        Where the target sounds.
    count : int
        Number of mixes.
    dropped : Counter
        Receives the numbers of mixes that do not count, by reason.

    Yields
    ------
    MixCase
        Fewer than `count` if there are too few songs.
    """
    queues = {genre: _of_genre(model, pieces, usable, kind, genre, dropped) for genre in GENRES}
    while queues and count:
        for genre in list(queues):
            case = next(queues[genre], None)
            if case is None:
                del queues[genre]
            elif count:
                count -= 1
                yield case


def with_level(model: SpectrogramModel, case: MixCase, level_db: float) -> MixCase | None:
    """Mix the same pieces with another loudness of the target; None if the mix does not count."""
    mix = mix_songs(case.target.audio, case.other.audio, case.mix.gate, level_db=level_db)
    key = f"{case.key}{level_db:+.0f}dB"
    found = replace(case, key=key, mix=mix, analysis=analyze(mix.audio, model))
    return None if _objection(model, found) else found


def _of_genre(
    model: SpectrogramModel,
    pieces: Sequence[Piece],
    usable: Sequence[bool],
    kind: str,
    genre: str,
    dropped: Counter[str],
) -> Iterator[MixCase]:
    """Draw mixes whose target has one genre."""
    generator = np.random.default_rng([SEED, KINDS.index(kind), GENRES.index(genre)])
    of_genre = {
        each: [index for index, piece in enumerate(pieces) if piece.track.genre == each]
        for each in GENRES
    }
    others = [each for each in GENRES if each != genre and of_genre[each]]
    if not of_genre[genre] or not others:
        return
    per_song: Counter[str] = Counter()
    for draw in range(MOST_DRAWS):
        # Every draw takes the same numbers, so that all models see the same pairs.
        first = int(generator.choice(of_genre[genre]))
        second = int(generator.choice(of_genre[others[generator.integers(len(others))]]))
        place = float(generator.random())
        target, other = pieces[first], pieces[second]
        if not (usable[first] and usable[second]) or per_song[target.track.name] >= MOST_PER_SONG:
            continue
        duration_s = min(target.audio.duration_s, other.audio.duration_s)
        try:
            mix = mix_songs(target.audio, other.audio, gate_of(kind, place, duration_s))
        except AudioError:
            dropped["silent"] += 1
            continue
        key = f"{kind}-{genre}-{draw:04d}"
        case = MixCase(key, kind, target, other, mix, analyze(mix.audio, model))
        if reason := _objection(model, case):
            dropped[reason] += 1
            continue
        per_song[target.track.name] += 1
        yield case


def gate_of(kind: str, place: float, duration_s: float) -> Gate:
    """Open a share of `OPEN_SHARE` of the seconds or bands.

    Parameters
    ----------
    kind : {"seconds", "bands"}
        Kind of the gate.
    place : float, range=[0, 1)
        Its position: 0 at the beginning or at the lowest bands, 1 at the end or at the highest.
    duration_s : float
        Length of the mix in seconds.

    Returns
    -------
    TimeGate or BandGate
        The gate. Bands are equally wide on the mel scale.
    """
    if kind == "seconds":
        start_s = place * (1 - OPEN_SHARE) * duration_s
        return TimeGate(start_s, start_s + OPEN_SHARE * duration_s)
    bands = band_frequencies(FeatureParameters())
    width = round(OPEN_SHARE * len(bands))
    first = int(place * (len(bands) - width + 1))
    edges = np.concatenate([[0.0], (bands[:-1] + bands[1:]) / 2, [np.inf]])
    return BandGate(float(edges[first]), float(edges[first + width]))


def _objection(model: SpectrogramModel, case: MixCase) -> str:
    """Reason why a mix does not count; empty if it does."""
    target = model.genres.index(case.target.track.genre)
    if case.analysis.probabilities[0, target] < MIN_PROBABILITY:
        return "improbable"
    truth = target_cells(case.mix, model.parameters)[0, : case.analysis.filled[0]]
    return "" if truth.mean() >= MIN_SHARE else "small"
