"""What the classroom shows: steps with pictures and sounds, puzzles, and the full screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.services import excerpts, explanations, models, songs
from dashboard.services.cache import ResultCache
from dashboard.services.excerpts import PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback

if TYPE_CHECKING:
    from core.features.mfcc_stages import Stage

KEEP = 0.2

_steps: ResultCache[list[Stage]] = ResultCache(8)


def steps_of(song: Song, name: str, start_s: float, report: ProgressCallback) -> list[Stage]:
    """Return the steps from a waveform to MFCCs, for three seconds of a song."""
    model = models.model_of(name)
    audio = songs.audio_of(song, report, model.parameters.sample_rate)

    def take() -> list[Stage]:
        from core.features.mfcc_stages import stages

        report("Turning every step into sound …", None)
        return stages(audio, start_s, model.parameters)

    key = (song.digest, model.parameters, start_s)
    return _steps.get(key, take, waiting=lambda: report("Turning every step into sound …", None))


def sound_of(step: Stage) -> bytes:
    """Return a step's sound as a FLAC file."""
    from core.audio.io import encode_audio

    return encode_audio(step.audio, "FLAC")


@dataclass(frozen=True)
class GameRound:
    """What is heard of a song, and what a network says.

    Parameters
    ----------
    file : bytes
        FLAC of what mattered most.
    song_genre, excerpt_genre : str
        The network's genre for the whole song and for what is heard.
    song_confidence, excerpt_confidence : float [range=[0, 1]]
        Their probabilities.
    """

    file: bytes
    song_genre: str
    song_confidence: float
    excerpt_genre: str
    excerpt_confidence: float


def game_round_of(song: Song, name: str, report: ProgressCallback) -> GameRound:
    """Return what is heard of a song in the game."""
    analysis = explanations.analysis_of(song, name, report)
    song_parts = excerpts.song_parts_of(
        song, name, PartSelection(ExplanationTarget(analysis.genre), keep=KEEP), report
    )
    place = int(song_parts.kept.probabilities.argmax())
    return GameRound(
        song_parts.kept.file,
        analysis.genre,
        float(analysis.probability),
        analysis.genres[place],
        float(song_parts.kept.probabilities[place]),
    )


def genre_of(song: Song) -> str | None:
    """Return what an example song was composed as; nobody knows of uploads."""
    return next(
        (entry["genre"] for entry in songs.examples() if entry["title"] == song.title), None
    )
