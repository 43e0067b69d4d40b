"""Explanations of models that read features instead of a spectrogram, and gated audio.

`core` is imported inside the functions, because it is slow to load. Functions with a leading
underscore run in workers, see `dashboard.services.workers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.models.registry import FEATURE_MODELS, needs_download
from dashboard.services import explanations, models, songs, workers
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.formatting import genre_name, model_name

if TYPE_CHECKING:
    from core.explanation.feature_attribution import FeatureExplanation


def feature_explanation_of(
    song: Song, name: str, genre: str, segment: int, report: ProgressCallback
) -> FeatureExplanation:
    """Explain the prediction of a feature model for one segment.

    Parameters
    ----------
    song : Song
        The song.
    name : str
        Name of a model that reads features.
    genre : str
        The explained genre.
    segment : int
        Index of the segment.
    report : callable
        Called with the current work; may raise to stop.

    Returns
    -------
    FeatureExplanation
        Shapley values of features or of time steps.
    """
    found: FeatureExplanation = workers.cached(
        ("feature explanation", *explanations.cache_key(song, name), genre, segment),
        _feature_explanation,
        song,
        name,
        genre,
        segment,
        report=report,
        doing=_explaining(name, genre),
    )
    return found


def _feature_explanation(
    song: Song, name: str, genre: str, segment: int, *, report: ProgressCallback
) -> FeatureExplanation:
    from core.explanation.feature_attribution import explain_features

    analysis = explanations.analysis_of(song, name, report)
    report(_explaining(name, genre), None)
    return explain_features(models.feature_model_of(name), analysis.inputs[segment], genre)


def _explaining(name: str, genre: str) -> str:
    return f"Explaining {genre_name(genre)} ({model_name(name)}) …"


def gated_sounds_of(
    song: Song, name: str, genre: str, segment: int, report: ProgressCallback
) -> dict[str, tuple[bytes, float]]:
    """Mute the time steps of a segment against a genre, and those for it.

    Returns
    -------
    dict of (bytes, float)
        For ``"original"``, ``"kept"`` and ``"removed"`` a FLAC file and the genre's probability
        when the model predicts from this audio.
    """
    found: dict[str, tuple[bytes, float]] = workers.cached(
        ("gated sounds", *explanations.cache_key(song, name), genre, segment),
        _gated_sounds,
        song,
        name,
        genre,
        segment,
        report=report,
        doing=_classifying_parts(name),
    )
    return found


def _gated_sounds(
    song: Song, name: str, genre: str, segment: int, *, report: ProgressCallback
) -> dict[str, tuple[bytes, float]]:
    from core.audio.io import encode_audio
    from core.listening.gating import gate_time_steps

    explanation = feature_explanation_of(song, name, genre, segment, report)
    model = models.feature_model_of(name)
    audio = songs.audio_of(song, report, model.parameters.sample_rate)
    supporting = explanation.values > 0
    report(_classifying_parts(name), None)
    open_steps = {
        "original": np.ones_like(supporting),
        "kept": supporting,
        "removed": ~supporting,
    }
    sounds = {
        kind: gate_time_steps(audio, model, segment, steps) for kind, steps in open_steps.items()
    }
    index = model.genres.index(genre)
    return {
        kind: (encode_audio(sound.audio, "FLAC"), float(sound.probabilities[index]))
        for kind, sound in sounds.items()
    }


def _classifying_parts(name: str) -> str:
    return f"Classifying both parts ({model_name(name)}) …"


def reads_spectrogram(name: str) -> bool:
    """Whether a model's evidence lies in the spectrogram, so that it can be drawn and played."""
    return name not in FEATURE_MODELS


def needs_yamnet(name: str) -> bool:
    """Whether a model uses YAMNet and the server does not have it yet."""
    if not needs_download(name):
        return False
    from core.features.yamnet import is_available

    return not is_available()


def download_yamnet() -> None:
    """Download YAMNet.

    Raises
    ------
    ModelError
        If the download fails.
    """
    from core.features.yamnet import fetch

    fetch()
