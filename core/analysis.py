"""What a model says of a song: genre probabilities segment by segment, and their verdict.

Conventions
-----------
Times are seconds from the beginning of the song. The verdict is the mean of the segments'
probabilities; its genre is the one with the largest mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelError
from core.features.spectrogram import FeatureParameters, logmel, segment_starts, split_segments

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.models.base import GenreModel


@dataclass(frozen=True, eq=False)
class Analysis:
    """One model's answer about one song.

    Parameters
    ----------
    song : str
        Name of the song as it was given; not to be trusted as a file name or as markup.
    duration_s : float
        Length of the song in seconds.
    model : str
        Name of the model.
    genres : tuple of str
        Genres in the order of the probabilities.
    parameters : FeatureParameters
        How the features were computed.
    logmel : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32, range=[-top_db, 0]]
        Log-mel segments in dB relative to the song's maximum.
    inputs : np.ndarray [shape=(n, …), dtype=float32]
        Inputs of the model, as its `extract` computes them; for a `SpectrogramModel` MFCCs, not
        standardised, ``(n, segment_frames, n_mfcc)``.
    probabilities : np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
        Genre probabilities of the segments.
    starts_s, ends_s : np.ndarray [shape=(n,), range=[0, duration_s]]
        First and last moment of each segment in seconds.
    padded : bool
        Whether the song is shorter than one segment and was filled up with silence.
    """

    song: str
    duration_s: float
    model: str
    genres: tuple[str, ...]
    parameters: FeatureParameters
    logmel: np.ndarray
    inputs: np.ndarray
    probabilities: np.ndarray
    starts_s: np.ndarray
    ends_s: np.ndarray
    padded: bool

    @property
    def song_probabilities(self) -> np.ndarray:
        """Mean of the segments' probabilities, `shape=(10,)`; sums to one."""
        return self.probabilities.mean(axis=0, dtype=np.float64)

    @property
    def genre(self) -> str:
        """The song's genre: the one with the largest mean probability."""
        return self.genres[int(self.song_probabilities.argmax())]

    @property
    def probability(self) -> float:
        """Mean probability of the song's genre."""
        return float(self.song_probabilities.max())


def analyze(audio: Audio, model: GenreModel) -> Analysis:
    """Hear a song segment by segment.

    Parameters
    ----------
    audio : Audio
        The song.
    model : GenreModel
        The model; features are computed with the parameters on its card.

    Returns
    -------
    Analysis
        Features and genre probabilities of every segment.

    Raises
    ------
    ModelError
        If the song has another sampling rate than the model was trained with.

    Examples
    --------
    >>> from core import analyze, load_audio, load_model
    >>> analysis = analyze(load_audio("examples/slow_harbour.ogg"), load_model("cnn"))
    >>> analysis.genre, analysis.probabilities.shape
    ('reggae', (7, 10))
    """
    parameters = model.parameters
    if audio.sample_rate != parameters.sample_rate:
        raise ModelError(
            f"{model.name} hears songs at {parameters.sample_rate} Hz, not at "
            f"{audio.sample_rate} Hz; read the song with load_audio."
        )
    spectrogram = logmel(audio.samples, parameters)
    segments = split_segments(spectrogram, parameters)
    starts = segment_starts(len(spectrogram), parameters)
    inputs = model.extract(audio, segments, starts)
    seconds_per_frame = parameters.hop_length / parameters.sample_rate
    ends = np.minimum(starts + parameters.segment_frames, len(spectrogram)) * seconds_per_frame
    return Analysis(
        song=audio.name,
        duration_s=audio.duration_s,
        model=model.name,
        genres=model.genres,
        parameters=parameters,
        logmel=segments,
        inputs=inputs,
        probabilities=model.predict(inputs),
        starts_s=starts * seconds_per_frame,
        # A centred frame reaches beyond the last sample; a segment does not.
        ends_s=np.minimum(ends, audio.duration_s),
        padded=len(spectrogram) < parameters.segment_frames,
    )


def to_json(analysis: Analysis, *, explanation: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an analysis as a JSON-ready dictionary: the content of ``analysis.json``.

    Parameters
    ----------
    analysis : Analysis
        What a model said of a song.
    explanation : dict, optional
        Summary of its explanation: `target`, `base_value`, `gap`, `keep`, `probability_kept` and
        `probability_removed`. Without one the key is left out.

    Returns
    -------
    dict
        Keys `song`, `model`, `genres`, `verdict`, `segments` and, if given, `explanation`.
    """
    content: dict[str, Any] = {
        "song": {"name": analysis.song, "duration_s": analysis.duration_s},
        "model": analysis.model,
        "genres": list(analysis.genres),
        "verdict": {"genre": analysis.genre, "probability": analysis.probability},
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
