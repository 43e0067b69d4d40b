"""An example of a mix with ground truth: two of the bundled songs, mixed and explained.

`core` is imported inside the functions, because it is slow to load. Functions with a leading
underscore run in workers, see `dashboard.services.workers`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from dashboard.services import models, songs, workers
from dashboard.services.warmup import ProgressCallback

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.features.spectrogram import FeatureParameters
    from core.listening.explained_mix import ExplainedMix
    from core.listening.mixing import Gate

Kind = Literal["seconds", "bands"]

SEGMENTS = 2  # of the mix, from the middle of both songs
SECONDS = (0.25, 0.75)  # in which the target sounds, as shares of the mix
BANDS_HZ = (300.0, 3_000.0)  # in which the target sounds
MIXING = "Mixing and explaining two example songs …"


@dataclass(frozen=True, eq=False)
class MixExample:
    """A mix of two example songs, explained for the genre of one of them, with its sounds.

    Parameters
    ----------
    explained : ExplainedMix
        The mix, the cells of the target song and the kept part.
    mix_file, target_file, kept_file : bytes
        FLAC of the mix, of the target as it sounds in the mix, and of the important parts.
    """

    explained: ExplainedMix
    mix_file: bytes
    target_file: bytes
    kept_file: bytes


def mix_example_of(name: str, kind: Kind, report: ProgressCallback) -> MixExample:
    """Mix two example songs and explain the mix.

    Parameters
    ----------
    name : str
        Name of the model.
    kind : {"seconds", "bands"}
        Where the target sounds.
    report : callable
        Called with the current work; may raise to stop.

    Returns
    -------
    MixExample
        The pair that `core.listening.explained_mix.explain_mix` chooses.

    Raises
    ------
    ExplanationError
        If the model predicts the same genre for all example songs.
    """
    key = ("mix example", name, models.card_of(name)["weights"]["sha256"], kind)
    found: MixExample = workers.cached(key, _mix_example, name, kind, report=report, doing=MIXING)
    return found


def _mix_example(name: str, kind: Kind, *, report: ProgressCallback) -> MixExample:
    from core.audio.io import encode_audio
    from core.audio.loudness import loudness, match_loudness
    from core.listening.explained_mix import explain_mix

    def working() -> None:
        report(MIXING, None)

    working()
    model = models.spectrogram_model_of(name)
    excerpts = [
        replace(
            _middle(songs.audio_of(songs.example_song(entry), report), model.parameters),
            name=entry["title"],
        )
        for entry in songs.examples()
    ]
    found = explain_mix(
        excerpts, model, lambda duration_s: _gate(kind, duration_s), progress=working
    )
    important = match_loudness(found.important, loudness(found.mix.audio))
    files = (
        encode_audio(audio, "FLAC") for audio in (found.mix.audio, found.mix.target, important)
    )
    return MixExample(found, *files)


def _middle(audio: Audio, parameters: FeatureParameters) -> Audio:
    """Cut `SEGMENTS` segments out of the middle of a song."""
    size = SEGMENTS * parameters.segment_frames * parameters.hop_length
    # Frames are centred: one more sample would add a frame.
    length = int(size * audio.sample_rate / parameters.sample_rate) - 1
    start = max(0, len(audio.samples) - length) // 2
    return replace(audio, samples=audio.samples[start : start + length])


def _gate(kind: Kind, duration_s: float) -> Gate:
    """Open the seconds or bands of the target in a mix."""
    from core.listening.mixing import BandGate, TimeGate

    if kind == "seconds":
        return TimeGate(SECONDS[0] * duration_s, SECONDS[1] * duration_s)
    return BandGate(*BANDS_HZ)
