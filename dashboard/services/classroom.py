"""Content of the classroom: the stages from a waveform to MFCCs, and the rounds of the game.

`core` is imported inside the functions, because it is slow to load. Functions with a leading
underscore run in workers, see `dashboard.services.workers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.constants import DEFAULT_KEEP
from dashboard.services import excerpts, explanations, models, songs, workers
from dashboard.services.excerpts import PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.answers import Answer, answer

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.features.mfcc_stages import Stage
    from core.features.spectrogram import FeatureParameters

RESYNTHESISING = "Resynthesising the sound of each step …"


def stages_of(song: Song, name: str, start_s: float, report: ProgressCallback) -> list[Stage]:
    """Compute the stages from a waveform to a model's MFCCs, each with its sound.

    Parameters
    ----------
    song : Song
        The song.
    name : str
        Name of the model, which sets the parameters.
    start_s : float
        Beginning of the three seconds in the song.
    report : callable
        Called with the current work; may raise to stop.

    Returns
    -------
    list of Stage
        In the order of the computation.
    """
    parameters = models.parameters_of(name)
    found: list[Stage] = workers.cached(
        ("stages", song.digest, parameters, start_s),
        _stages,
        song,
        parameters,
        start_s,
        report=report,
        doing=RESYNTHESISING,
        audio=(song, parameters.sample_rate),
    )
    return found


def _stages(
    song: Song, parameters: FeatureParameters, start_s: float, *, report: ProgressCallback
) -> list[Stage]:
    from core.features.mfcc_stages import stages

    audio = songs.audio_of(song, report, parameters.sample_rate)
    report(RESYNTHESISING, None)
    return stages(audio, start_s, parameters)


def sound_of(stage: Stage) -> bytes:
    """Encode the sound of a stage as a FLAC file."""
    found: bytes = workers.pool.run(
        _encoded, stage.audio, report=lambda *_: None, doing=RESYNTHESISING
    )
    return found


def _encoded(audio: Audio, *, report: ProgressCallback) -> bytes:
    from core.audio.io import encode_audio

    return encode_audio(audio, "FLAC")


@dataclass(frozen=True)
class GameRound:
    """One round of the game: the important parts of a song, and the network's predictions.

    Parameters
    ----------
    file : bytes
        FLAC of the most important parts of a song.
    answer : Answer
        The prediction for the whole song in words.
    excerpt_genre : str
        Predicted genre of the important parts.
    excerpt_confidence : float [range=[0, 1]]
        Its probability.
    """

    file: bytes
    answer: Answer
    excerpt_genre: str
    excerpt_confidence: float


def game_round_of(song: Song, name: str, report: ProgressCallback) -> GameRound:
    """Prepare a round of the game: the most important parts of a song, for one model."""
    analysis = explanations.analysis_of(song, name, report)
    selection = PartSelection(ExplanationTarget(analysis.genre), keep=DEFAULT_KEEP)
    kept = excerpts.song_parts_of(song, name, selection, report).kept
    genre = int(kept.probabilities.argmax())
    return GameRound(
        file=kept.file,
        answer=answer(analysis),
        excerpt_genre=analysis.genres[genre],
        excerpt_confidence=float(kept.probabilities[genre]),
    )


def genre_of(song: Song) -> str | None:
    """Genre in which an example song was composed; None for all other songs."""
    return next(
        (entry["genre"] for entry in songs.examples() if entry["title"] == song.title), None
    )
