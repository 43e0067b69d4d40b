"""Explanations of models that read features instead of a spectrogram, and gated audio.

`core` is imported inside the functions, because TensorFlow and librosa take seconds to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.models.registry import FEATURE_SYSTEMS
from dashboard.services import explanations, models, songs
from dashboard.services.cache import ResultCache
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.formatting import genre_name, model_name

if TYPE_CHECKING:
    from core.explanation.feature_attribution import FeatureExplanation

_numbers: ResultCache[FeatureExplanation] = ResultCache(64)
_moments: ResultCache[dict[str, tuple[bytes, float]]] = ResultCache(16)


def feature_explanation_of(
    song: Song, name: str, genre: str, segment: int, report: ProgressCallback
) -> FeatureExplanation:
    """Return what speaks for a genre in a segment, to a model that reads numbers."""
    analysis = explanations.analysis_of(song, name, report)
    model = models.model_of(name)
    from core.explanation.feature_attribution import explain_features
    from core.models.feature_models import FeatureModel

    assert isinstance(model, FeatureModel)

    def ask() -> FeatureExplanation:
        report(f"Asking {model_name(name)} why {genre_name(genre)} …", None)
        return explain_features(model, analysis.inputs[segment], genre)

    return _numbers.get((*explanations.cache_key(song, model), genre, segment), ask)


def gated_sounds_of(
    song: Song, name: str, genre: str, segment: int, report: ProgressCallback
) -> dict[str, tuple[bytes, float]]:
    """Return how a segment sounds whole, with only the moments that spoke for a genre, and without.

    Returns
    -------
    dict of (bytes, float)
        For ``"original"``, ``"kept"`` and ``"removed"`` a FLAC file, and how likely the model finds
        the genre then.
    """
    found = feature_explanation_of(song, name, genre, segment, report)
    model = models.model_of(name)
    audio = songs.audio_of(song, report, model.parameters.sample_rate)
    from core.audio.io import encode_audio
    from core.listening.gating import gate_moments
    from core.models.feature_models import FeatureModel

    assert isinstance(model, FeatureModel)
    spoke = found.values > 0
    index = models.genre_index(name, genre)

    def hear() -> dict[str, tuple[bytes, float]]:
        report(f"{model_name(name)} is asked again …", None)
        sounds = {
            "original": gate_moments(audio, model, segment, np.ones_like(spoke)),
            "kept": gate_moments(audio, model, segment, spoke),
            "removed": gate_moments(audio, model, segment, ~spoke),
        }
        return {
            kind: (encode_audio(sound.audio, "FLAC"), float(sound.probabilities[index]))
            for kind, sound in sounds.items()
        }

    return _moments.get((*explanations.cache_key(song, model), genre, segment), hear)


def reads_spectrogram(name: str) -> bool:
    """Return whether what a model goes by lies in the spectrogram, and can be drawn and played."""
    return name not in FEATURE_SYSTEMS


def needs_yamnet(name: str) -> bool:
    """Return whether a model hears through YAMNet, which is not on this machine."""
    if name not in FEATURE_SYSTEMS or not FEATURE_SYSTEMS[name].reads.startswith("yamnet"):
        return False
    from core.features.yamnet import is_available

    return not is_available()


def download_yamnet() -> None:
    """Download YAMNet.

    Raises
    ------
    ModelError
        If it cannot be had.
    """
    from core.features.yamnet import fetch

    fetch()
