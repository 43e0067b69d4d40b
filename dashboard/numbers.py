"""What pages ask of models that read numbers: what counted, when, and how that sounds.

Like `dashboard.session`, on which it stands, it imports `core` late and keeps results on shelves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.catalogue import NUMBERS
from dashboard import session
from dashboard.session import Song
from dashboard.shelf import Shelf
from dashboard.warmup import Report
from dashboard.wording import genre_name, model_name

if TYPE_CHECKING:
    from core.number_explanation import NumberExplanation

_numbers: Shelf[NumberExplanation] = Shelf(64)
_moments: Shelf[dict[str, tuple[bytes, float]]] = Shelf(16)


def number_explanation_of(
    song: Song, name: str, genre: str, segment: int, report: Report
) -> NumberExplanation:
    """Return what speaks for a genre in a segment, to a model that reads numbers."""
    analysis = session.analysis_of(song, name, report)
    model = session.model_of(name)
    from core.number_explanation import explain_numbers
    from core.vector_models import NumberModel

    assert isinstance(model, NumberModel)

    def ask() -> NumberExplanation:
        report(f"Asking {model_name(name)} why {genre_name(genre)} …", None)
        return explain_numbers(model, analysis.inputs[segment], genre)

    return _numbers.get((*session.key_of(song, model), genre, segment), ask)


def moment_sounds_of(
    song: Song, name: str, genre: str, segment: int, report: Report
) -> dict[str, tuple[bytes, float]]:
    """Return how a segment sounds whole, with only the moments that spoke for a genre, and without.

    Returns
    -------
    dict of (bytes, float)
        For ``"original"``, ``"kept"`` and ``"removed"`` a FLAC file, and how likely the model finds
        the genre then.
    """
    found = number_explanation_of(song, name, genre, segment, report)
    model = session.model_of(name)
    audio = session.audio_of(song, report, model.parameters.sample_rate)
    from core.audio import encode_audio
    from core.moments import hear_moments
    from core.vector_models import NumberModel

    assert isinstance(model, NumberModel)
    spoke = found.values > 0
    index = session.genre_index(name, genre)

    def hear() -> dict[str, tuple[bytes, float]]:
        report(f"{model_name(name)} is asked again …", None)
        sounds = {
            "original": hear_moments(audio, model, segment, np.ones_like(spoke)),
            "kept": hear_moments(audio, model, segment, spoke),
            "removed": hear_moments(audio, model, segment, ~spoke),
        }
        return {
            kind: (encode_audio(sound.audio, "FLAC"), float(sound.probabilities[index]))
            for kind, sound in sounds.items()
        }

    return _moments.get((*session.key_of(song, model), genre, segment), hear)


def hears_places(name: str) -> bool:
    """Return whether what a model goes by lies in the spectrogram, and can be drawn and played."""
    return name not in NUMBERS


def lacks_yamnet(name: str) -> bool:
    """Return whether a model hears through YAMNet, which is not on this machine."""
    if name not in NUMBERS or not NUMBERS[name].reads.startswith("yamnet"):
        return False
    from core.yamnet import is_there

    return not is_there()


def fetch_yamnet() -> None:
    """Download YAMNet.

    Raises
    ------
    ModelError
        If it cannot be had.
    """
    from core.yamnet import fetch

    fetch()
