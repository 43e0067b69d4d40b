"""Experiments on one segment: its frames in other orders, and its evidence in time.

`core` is imported inside the functions, because it is slow to load. Functions with a leading
underscore run in workers, see `dashboard.services.workers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.services import explanations, models, songs, workers
from dashboard.services.cache import results
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.formatting import model_name

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.explanation.order import OrderProbabilities

ORIGINAL, BACKWARDS = "original", "backwards"  # versions, beside chunks of frames
SHUFFLED = "Preparing the shuffled versions …"
COLUMNS = 8  # of a drawn waveform, for each frame


@dataclass(frozen=True, eq=False)
class Version:
    """A segment in one order, as audio, with the predictions for it.

    Parameters
    ----------
    name : str
        `ORIGINAL`, `BACKWARDS`, or the length of the shuffled chunks in frames.
    file : bytes
        FLAC of the segment.
    probabilities : dict of np.ndarray [shape=(genres,), range=[0, 1]]
        Prediction of each model for the played audio, within its song.
    envelope : np.ndarray [shape=(columns, 2), range=[-1, 1]]
        Smallest and largest sample of each column of the waveform.
    origins : np.ndarray [shape=(columns,), range=[0, 1]]
        Place in the original segment from which each column comes.
    """

    name: str
    file: bytes
    probabilities: dict[str, np.ndarray]
    envelope: np.ndarray
    origins: np.ndarray


@dataclass(frozen=True, eq=False)
class EvidenceInTime:
    """Distribution of a model's evidence over the frames of a segment.

    Parameters
    ----------
    mass : np.ndarray [shape=(frames,), non-negative]
        Sum of the absolute SHAP values of each frame.
    half_share : float, range=(0, 0.5]
        Smallest share of frames with half of the mass.
    gini : float, range=[0, 1)
        Gini index of the mass.
    frame_s : float
        Length of a frame.
    has_onsets : bool
        Whether anything begins in the segment.
    lags_s : tuple of float or None
        Lags behind the onsets that fit about equally well, nearest to zero first; None if the
        segment has no onsets, or is too short to measure a lag.
    correlation, chance : float
        Correlation with the onsets at the first of these lags, and the share of shifted copies
        that reach the largest correlation.
    """

    mass: np.ndarray
    half_share: float
    gini: float
    frame_s: float
    has_onsets: bool
    lags_s: tuple[float, ...] | None
    correlation: float
    chance: float


def order_of(song: Song, name: str, segment: int, report: ProgressCallback) -> OrderProbabilities:
    """Predict a segment with its frames in other orders.

    Parameters
    ----------
    song : Song
        The song.
    name : str
        Name of a model that reads a spectrogram.
    segment : int
        Number of the segment in the song.
    report : callable
        Called with the current work; may raise to stop.

    Returns
    -------
    OrderProbabilities
        Of this one segment; without the chunks for which it is too short.
    """
    found: OrderProbabilities = workers.cached(
        ("order", *explanations.cache_key(song, name), segment),
        _order,
        song,
        name,
        segment,
        report=report,
        doing=_shuffling(name),
    )
    return found


def _order(song: Song, name: str, segment: int, *, report: ProgressCallback) -> OrderProbabilities:
    from core.explanation.order import order_probabilities
    from core.features.frame_order import possible_chunks

    analysis = explanations.analysis_of(song, name, report)
    return order_probabilities(
        models.spectrogram_model_of(name),
        analysis.logmel[segment][np.newaxis],
        analysis.filled[segment : segment + 1],
        numbers=[segment],
        chunks=possible_chunks(int(analysis.filled[segment])),
        progress=lambda done, total: report(_shuffling(name), done / total),
    )


def _shuffling(name: str) -> str:
    return f"Shuffling the segment ({model_name(name)}) …"


def leader_of(names: Sequence[str]) -> str:
    """Model on whose frames a segment is cut: the first one with the highest sampling rate."""
    return max(names, key=lambda name: models.parameters_of(name).sample_rate)


def versions_of(
    song: Song, names: Sequence[str], segment: int, report: ProgressCallback
) -> list[Version]:
    """Cut a segment into chunks, play them in other orders, and predict from the result.

    Parameters
    ----------
    song : Song
        The song.
    names : sequence of str
        Models that predict. The segment, its frames and the sampling rate are those of the first
        one, see `leader_of`; the others predict for their segment that contains its middle.
    segment : int
        Number of the segment.
    report : callable
        Called with the current work; may raise to stop.

    Returns
    -------
    list of Version
        The original order, chunks from long to short, and the reversed order. Each shuffled
        version is the first of the orders that `order_of` averages.
    """
    keys = [explanations.cache_key(song, name) for name in names]
    found: list[Version] = workers.cached(
        ("versions", *keys, segment),
        _versions,
        song,
        tuple(names),
        segment,
        report=report,
        doing=SHUFFLED,
    )
    return found


def _versions(
    song: Song, names: Sequence[str], segment: int, *, report: ProgressCallback
) -> list[Version]:
    from core.features.frame_order import possible_chunks, reversed_order, seeded_order
    from core.listening.reordering import reordered_audio, reversed_audio

    report(SHUFFLED, 0.0)
    analysis = explanations.analysis_of(song, names[0], report)
    parameters = analysis.parameters
    audio = songs.audio_of(song, report, parameters.sample_rate)
    start, frames = int(analysis.starts[segment]), int(analysis.filled[segment])
    orders = {ORIGINAL: np.arange(frames)}
    for chunk in possible_chunks(frames)[::-1]:
        orders[str(chunk)] = seeded_order(frames, chunk, segment=segment)
    orders[BACKWARDS] = reversed_order(frames)
    found = []
    for done, (name, order) in enumerate(orders.items()):
        report(SHUFFLED, done / len(orders))
        if name == ORIGINAL:
            changed = audio
        elif name == BACKWARDS:
            changed = reversed_audio(audio, parameters, start, frames)
        else:
            changed = reordered_audio(audio, parameters, start, order)
        found.append(_version(song, names, name, changed, order, segment, report))
    return found


def _version(
    song: Song,
    names: Sequence[str],
    version: str,
    changed: Audio,
    order: np.ndarray,
    segment: int,
    report: ProgressCallback,
) -> Version:
    """Encode a version of a segment, and predict from it within the changed song."""
    from core.audio.io import encode_audio
    from core.listening.reordering import probabilities_within, segment_audio

    analysis = explanations.analysis_of(song, names[0], report)
    parameters = analysis.parameters
    middle_s = float(analysis.starts_s[segment] + analysis.ends_s[segment]) / 2
    probabilities = {}
    for name in names:
        own = explanations.analysis_of(song, name, report)
        index = explanations.segment_at(own, middle_s)
        if version == ORIGINAL:
            probabilities[name] = own.probabilities[index]
            continue
        probabilities[name] = probabilities_within(
            models.model_of(name), changed, int(own.starts[index]), _peaks_of(song, name, report)
        )
    sound = segment_audio(changed, parameters, int(analysis.starts[segment]), len(order))
    places = np.arange(COLUMNS * len(order)) / COLUMNS
    within = places % 1
    if version == BACKWARDS:
        within = 1 - within
    origins = (order[places.astype(int)] + within) / len(order)
    return Version(
        version,
        encode_audio(sound, "FLAC"),
        probabilities,
        envelope_of(sound.samples, COLUMNS * len(order)),
        np.clip(origins, 0, 1),
    )


def envelope_of(samples: np.ndarray, columns: int) -> np.ndarray:
    """Compute the smallest and the largest sample of each of some columns, `shape=(columns, 2)`."""
    if not len(samples):
        return np.zeros((columns, 2), dtype=np.float32)
    starts = np.arange(columns) * len(samples) // columns
    bounds = [np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)]
    return np.stack(bounds, axis=1).astype(np.float32)


def _peaks_of(song: Song, name: str, report: ProgressCallback) -> np.ndarray:
    """Loudest mel cell of each frame of a song, on the grid of a model."""
    parameters = models.parameters_of(name)

    def compute() -> np.ndarray:
        from core.listening.reordering import mel_peaks

        return mel_peaks(songs.audio_of(song, report, parameters.sample_rate), parameters)

    grid = (parameters.sample_rate, parameters.n_fft, parameters.hop_length, parameters.n_mels)
    return results.get(("mel peaks", song.digest, *grid), compute)


def evidence_in_time_of(
    song: Song, name: str, target: ExplanationTarget, segment: int, report: ProgressCallback
) -> EvidenceInTime:
    """Measure where in a segment the evidence of a model lies.

    Parameters
    ----------
    song : Song
        The song.
    name : str
        Name of a model that reads a spectrogram.
    target : ExplanationTarget
        The explained output.
    segment : int
        Number of the segment.
    report : callable
        Called with the current work; may raise to stop.

    Returns
    -------
    EvidenceInTime
        Mass by frame, its concentration and its lag.
    """
    found: EvidenceInTime = workers.cached(
        ("evidence in time", *explanations.cache_key(song, name), target, segment),
        _evidence_in_time,
        song,
        name,
        target,
        segment,
        report=report,
        doing=f"Measuring the evidence in time ({model_name(name)}) …",
    )
    return found


def _evidence_in_time(
    song: Song, name: str, target: ExplanationTarget, segment: int, *, report: ProgressCallback
) -> EvidenceInTime:
    explanation = explanations.segment_explanation_of(song, name, target, segment, report)
    from core.explanation.timing import (
        MAX_LAG,
        chance_of_correlation,
        frame_mass,
        frame_onsets,
        half_share,
        has_onsets,
        lag_correlations,
        likely_lags,
    )
    from core.listening.faithfulness_metrics import sparseness

    (mass,), (onsets,) = frame_mass(explanation), frame_onsets(explanation)
    parameters = explanation.parameters
    frame_s = parameters.hop_length / parameters.sample_rate
    lags_s, correlation, chance = None, 0.0, 1.0
    begins = has_onsets(onsets)
    # With fewer frames, there would be no shifted copies to compare with.
    if begins and len(mass) > 3 * MAX_LAG:
        correlations = lag_correlations(mass, onsets)
        lags = likely_lags(correlations)
        lags_s = tuple(frame_s * lag for lag in lags)
        correlation = float(correlations[MAX_LAG + lags[0]] if lags else correlations.max())
        chance = chance_of_correlation(mass, onsets)
    return EvidenceInTime(
        mass=mass,
        half_share=half_share(mass),
        gini=sparseness(mass[np.newaxis]),
        frame_s=frame_s,
        has_onsets=begins,
        lags_s=lags_s,
        correlation=correlation,
        chance=chance,
    )
