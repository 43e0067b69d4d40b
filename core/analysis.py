"""Predict the genre of a song: probabilities for every segment, and the song's genre.

Conventions
-----------
Times are in seconds from the beginning of the song. The predicted genre is the one with the largest
mean probability over the segments.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.audio.io import check_samples, resample
from core.constants import SILENT_PEAK
from core.features.spectrogram import FeatureParameters, logmel, segment_starts, split_segments

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.models.base import GenreModel


@dataclass(frozen=True, eq=False)
class Analysis:
    """A model's predictions for the segments of one song.

    Parameters
    ----------
    song : str
        Name of the song as it was given. Treat it as untrusted in file names and markup.
    duration_s : float
        Length of the song in seconds.
    model : str
        Name of the model.
    genres : tuple of str
        Genres in the order of the probabilities.
    parameters : FeatureParameters
        Parameters of the features.
    logmel : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32, range=[-top_db, 0]]
        Log-mel segments in dB relative to the song's maximum.
    inputs : np.ndarray [shape=(n, …), dtype=float32]
        Inputs of the model, as its `extract` computes them; for a `SpectrogramModel` MFCCs, not
        standardised, ``(n, segment_frames, n_mfcc)``.
    probabilities : np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
        Genre probabilities of the segments.
    starts : np.ndarray [shape=(n,), dtype=int]
        First frame of each segment in the song's spectrogram.
    filled : np.ndarray [shape=(n,), dtype=int, range=[1, segment_frames]]
        Number of frames of each segment that lie within the song; the others are padding.
    starts_s, ends_s : np.ndarray [shape=(n,), range=[0, duration_s]]
        Beginning and end of each segment in seconds.
    padded : bool
        Whether the song is shorter than one segment and was padded with silence.
    silent : bool
        Whether the recording has no sound.
    novelty : float
        How strange the song is to the model, see `core.models.novelty`; higher is stranger. 5 % of
        songs like those of the training set have more than 1. Infinite without sound, NaN if the
        model has no novelty score.
    genre_set : tuple of str
        Genres that remain possible, the most probable first: nine of ten sets contain the true
        genre, see `core.models.genre_sets`. Empty where nothing fits: if the novelty is above 1.
        The predicted genre alone if the model's sets are not calibrated.
    """

    song: str
    duration_s: float
    model: str
    genres: tuple[str, ...]
    parameters: FeatureParameters
    logmel: np.ndarray
    inputs: np.ndarray
    probabilities: np.ndarray
    starts: np.ndarray
    filled: np.ndarray
    starts_s: np.ndarray
    ends_s: np.ndarray
    padded: bool
    silent: bool
    novelty: float
    genre_set: tuple[str, ...]

    @property
    def song_probabilities(self) -> np.ndarray:
        """Mean of the segments' probabilities, `shape=(10,)`; sums to one."""
        return self.probabilities.mean(axis=0, dtype=np.float64)

    @property
    def genre(self) -> str:
        """The genre with the largest mean probability."""
        return self.genres[int(self.song_probabilities.argmax())]

    @property
    def probability(self) -> float:
        """Mean probability of the song's genre."""
        return float(self.song_probabilities.max())


def analyze(audio: Audio, model: GenreModel) -> Analysis:
    """Predict the genre of every segment of a song.

    Parameters
    ----------
    audio : Audio
        The song, at any sampling rate. It is resampled to the model's rate if the two differ.
    model : GenreModel
        The model. Its card sets the parameters of the features.

    Returns
    -------
    Analysis
        Features and genre probabilities of every segment.

    Raises
    ------
    AudioError
        If the song is shorter than 0.5 s or contains NaN or infinity.

    Examples
    --------
    >>> from core import analyze, load_audio, load_model
    >>> analysis = analyze(load_audio("examples/slow_harbour.ogg"), load_model("cnn"))
    >>> analysis.genre, analysis.probabilities.shape
    ('reggae', (7, 10))
    """
    return analyze_songs([audio], model)[0]


def analyze_songs(songs: Iterable[Audio], model: GenreModel) -> list[Analysis]:
    """Predict the genres of several songs at once, which is faster than one by one.

    Parameters
    ----------
    songs : iterable of Audio
        The songs, at any sampling rate. Their samples are not kept, so a generator needs little
        memory.
    model : GenreModel
        The model.

    Returns
    -------
    list of Analysis
        Like `analyze` for each song, up to the rounding of single precision.
    """
    features = [_features(audio, model) for audio in songs]
    predictions = model.predict_songs([(each["inputs"], each["filled"]) for each in features])
    return [
        _analysis(each, model, probabilities, novelty)
        for each, (probabilities, novelty) in zip(features, predictions, strict=True)
    ]


def _features(audio: Audio, model: GenreModel) -> dict[str, Any]:
    """Compute the fields of an `Analysis` that precede the prediction."""
    check_samples(audio)
    parameters = model.parameters
    own_rate = resample(audio, parameters.sample_rate)
    spectrogram = logmel(own_rate.samples, parameters)
    segments = split_segments(spectrogram, parameters)
    starts = segment_starts(len(spectrogram), parameters)
    filled = np.minimum(len(spectrogram) - starts, parameters.segment_frames)
    seconds_per_frame = parameters.hop_length / parameters.sample_rate
    return {
        "song": audio.name,
        "duration_s": audio.duration_s,
        "parameters": parameters,
        "logmel": segments,
        "inputs": model.extract(own_rate, segments, starts),
        "starts": starts,
        "filled": filled,
        "starts_s": starts * seconds_per_frame,
        # A centred frame reaches beyond the last sample; a segment does not.
        "ends_s": np.minimum((starts + filled) * seconds_per_frame, audio.duration_s),
        "padded": len(spectrogram) < parameters.segment_frames,
        "silent": bool(np.abs(audio.samples).max(initial=0) < SILENT_PEAK),
    }


def _analysis(
    features: dict[str, Any], model: GenreModel, probabilities: np.ndarray, novelty: float
) -> Analysis:
    """Complete an `Analysis` with the prediction."""
    novelty = math.inf if features["silent"] else novelty
    return Analysis(
        **features,
        model=model.name,
        genres=model.genres,
        probabilities=probabilities,
        novelty=novelty,
        genre_set=() if novelty > 1 else model.genre_set(probabilities.mean(axis=0, dtype=float)),
    )


def to_json(analysis: Analysis, *, explanation: dict[str, Any] | None = None) -> dict[str, Any]:
    """Convert an analysis to a JSON-ready dictionary: the content of ``analysis.json``.

    Parameters
    ----------
    analysis : Analysis
        The analysis.
    explanation : dict, optional
        Summary of its explanation: `target`, `base_value`, `gap`, `keep`, `probability_kept` and
        `probability_removed`. Without it the key is left out.

    Returns
    -------
    dict
        Keys `song`, `model`, `genres`, `verdict`, `segments` and, if given, `explanation`.
    """
    content: dict[str, Any] = {
        "song": {"name": analysis.song, "duration_s": analysis.duration_s},
        "model": analysis.model,
        "genres": list(analysis.genres),
        "verdict": {
            "genre": analysis.genre,
            "probability": analysis.probability,
            "genre_set": list(analysis.genre_set),
            # JSON has neither NaN nor infinity.
            "novelty": analysis.novelty if math.isfinite(analysis.novelty) else None,
            "silent": analysis.silent,
        },
        "segments": [
            {
                "start_s": float(start),
                "end_s": float(end),
                "probabilities": [float(value) for value in row],
            }
            for start, end, row in zip(
                analysis.starts_s, analysis.ends_s, analysis.probabilities, strict=True
            )
        ],
    }
    if explanation is not None:
        content["explanation"] = explanation
    return content
