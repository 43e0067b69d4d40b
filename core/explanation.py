"""Why a model says what it says: SHAP values of a song's segments, in three views of equal sum.

The estimator is expected gradients (Erion, Janizek, Sturmfels, Lundberg & Lee 2021, "Improving
performance of deep learning models with axiomatic attribution priors and expected gradients"),
with its two expectations computed instead of sampled: the one over the way between a background
segment and the explained one by Gauss-Legendre quadrature, the one over the background by the
model's own small, weighted background.

Conventions
-----------
The explained output ``f`` is the calibrated probability of one genre. A frame of MFCCs is a linear
image of the log-mel frame, so one set of gradients serves both views::

    phi_mfcc = E[(mfcc - mfcc') * g_mfcc]        g_mfcc: gradient for the standardised MFCCs / scale
    phi_mel  = E[(mel - mel') * (g_mfcc @ D)]    D: rows of the DCT

and both have the same sum in every frame. A band's share of ``phi_mel`` goes to the STFT bins under
the band in proportion to the energy that each gives it, which keeps the sum a second time. What the
sum lacks of ``f(x) - E[f(x')]`` is the `gap`, in units of probability.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from core.analysis import analyze
from core.features import FeatureParameters, dct_matrix, mel_filterbank, segment_starts, stft
from core.models import GenreModel

if TYPE_CHECKING:
    import shap

    from core.audio import Audio

FIRST_NODES = 8  # on the way from a background segment, before any refinement
MOST_NODES = 64
GAP_TOLERANCE = 0.01  # probability; a way whose own gap is larger gets twice as many nodes
GRADIENT_BATCH = 256  # gradients at a time


class ExplanationError(ValueError):
    """An explanation cannot be made; the message is a sentence that says what to do."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """SHAP values of some segments of a song for one genre.

    Parameters
    ----------
    target : str
        The genre whose probability is explained.
    model : str
        Name of the model.
    genres : tuple of str
        The model's genres.
    parameters : FeatureParameters
        How the features were computed.
    segments : np.ndarray [shape=(n,), dtype=int]
        Which of the song's segments these are.
    starts_s, ends_s : np.ndarray [shape=(n,)]
        First and last moment of each segment in seconds.
    filled : np.ndarray [shape=(n,), dtype=int]
        Frames of each segment that the song fills; the others are padding.
    mfcc_values : np.ndarray [shape=(n, segment_frames, n_mfcc), dtype=float32]
        MFCCs, not standardised.
    logmel : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32, range=[-top_db, 0]]
        Log-mel spectrogram in dB relative to the song's maximum.
    mfcc : np.ndarray [shape=(n, segment_frames, n_mfcc), dtype=float32]
        SHAP values of the MFCCs, in units of probability.
    mel : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        The same sums, as SHAP values of the mel bands.
    stft : np.ndarray [shape=(n, segment_frames, 1 + n_fft / 2), dtype=float32]
        The same sums, as SHAP values of the frequency bins.
    base_value : np.ndarray [shape=(n,), range=[0, 1]]
        The target's mean probability over the background.
    prediction : np.ndarray [shape=(n,), range=[0, 1]]
        The target's probability for each segment.

    Notes
    -----
    An explanation has as many elements as segments and is sliced like an array: ``explanation[3]``
    and ``explanation[2:5]`` are explanations of one and of three of its segments.
    """

    target: str
    model: str
    genres: tuple[str, ...]
    parameters: FeatureParameters
    segments: np.ndarray
    starts_s: np.ndarray
    ends_s: np.ndarray
    filled: np.ndarray
    mfcc_values: np.ndarray
    logmel: np.ndarray
    mfcc: np.ndarray
    mel: np.ndarray
    stft: np.ndarray
    base_value: np.ndarray
    prediction: np.ndarray

    def __len__(self) -> int:
        return len(self.segments)

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> Explanation:
        if isinstance(index, int | np.integer):
            if not -len(self) <= index < len(self):
                raise IndexError(f"segment {index} of an explanation of {len(self)}")
            index = [int(index)]
        arrays: dict[str, Any] = {
            field.name: value[index]
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), np.ndarray)
        }
        return replace(self, **arrays)

    @property
    def gap(self) -> np.ndarray:
        """What the SHAP values leave unexplained, `shape=(n,)`, signed, in units of probability."""
        total = self.mfcc.sum(axis=(1, 2), dtype=np.float64)
        return self.prediction - self.base_value - total

    @property
    def shap(self) -> shap.Explanation:
        """The MFCC view in the form that the shap library's own plots read."""
        import shap

        return shap.Explanation(
            values=self.mfcc,
            base_values=self.base_value,
            data=self.mfcc_values,
            feature_names=[f"MFCC {index + 1}" for index in range(self.mfcc.shape[-1])],
            output_names=self.target,
        )


def explain(
    audio: Audio,
    model: GenreModel,
    *,
    target: str | None = None,
    segments: Iterable[int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Explanation:
    """Explain what speaks for a genre in a song, and what against it.

    Parameters
    ----------
    audio : Audio
        The song.
    model : GenreModel
        The model whose answer is explained.
    target : str, optional
        Genre to explain; the song's verdict by default.
    segments : iterable of int, optional
        Which segments to explain, counted from 0; all by default.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of segments, before the first and after
        every few; an exception that it raises ends the work.

    Returns
    -------
    Explanation
        SHAP values of the MFCCs, the mel bands and the frequency bins.

    Raises
    ------
    ExplanationError
        If the model does not know the genre, or the song does not have the segments.
    ModelError
        If the song has another sampling rate than the model was trained with.
    """
    if target is not None and target not in model.genres:
        raise ExplanationError(
            f"{model.name} does not know the genre {target!r}. Choose one of: "
            f"{', '.join(model.genres)}."
        )
    analysis = analyze(audio, model)
    target = target or analysis.genre
    chosen = _chosen_segments(segments, len(analysis.logmel))
    genre = model.genres.index(target)
    background = model.background.logmel
    base = model.predict_logmel(background)[:, genre].astype(np.float64)
    prediction = analysis.probabilities[chosen, genre].astype(np.float64)

    mel = analysis.logmel[chosen]
    shap_mfcc = np.empty(analysis.mfcc[chosen].shape, dtype=np.float32)
    shap_mel = np.empty(mel.shape, dtype=np.float32)
    # A graph call is only worth its overhead when it is full, so small backgrounds share one.
    together = max(1, GRADIENT_BATCH // (FIRST_NODES * len(background)))
    if progress:
        progress(0, len(chosen))
    for start in range(0, len(chosen), together):
        part = slice(start, start + together)
        shap_mfcc[part], shap_mel[part] = _expected_gradients(
            model, genre, mel[part], prediction[part], base
        )
        if progress:
            progress(min(start + together, len(chosen)), len(chosen))

    parameters = model.parameters
    power = np.abs(stft(audio.samples, parameters)) ** 2
    starts = segment_starts(len(power), parameters)[chosen]
    filled = np.minimum(len(power) - starts, parameters.segment_frames)
    shap_stft = np.zeros((*mel.shape[:2], power.shape[1]), dtype=np.float32)
    for index, start in enumerate(starts):
        heard = np.zeros(shap_stft.shape[1:])
        heard[: filled[index]] = power[start : start + parameters.segment_frames]
        shap_stft[index] = _share_among_bins(shap_mel[index], heard, parameters)
    return Explanation(
        target=target,
        model=model.name,
        genres=model.genres,
        parameters=parameters,
        segments=chosen,
        starts_s=analysis.starts_s[chosen],
        ends_s=analysis.ends_s[chosen],
        filled=filled,
        mfcc_values=analysis.mfcc[chosen],
        logmel=mel,
        mfcc=shap_mfcc,
        mel=shap_mel,
        stft=shap_stft,
        base_value=np.full(len(chosen), np.sum(base * _weights(model))),
        prediction=prediction,
    )


def _chosen_segments(segments: Iterable[int] | None, count: int) -> np.ndarray:
    if segments is None:
        return np.arange(count)
    chosen = np.array(list(dict.fromkeys(int(index) for index in segments)), dtype=int)
    if not len(chosen):
        raise ExplanationError("No segment was chosen. Name at least one, or none to explain all.")
    wrong = chosen[(chosen < 0) | (chosen >= count)]
    if len(wrong):
        raise ExplanationError(
            f"The song has no segment {wrong[0]}; its segments are 0 to {count - 1}."
        )
    return chosen


def _weights(model: GenreModel) -> np.ndarray:
    weights = model.background.weights.astype(np.float64)
    return weights / weights.sum()


def _expected_gradients(
    model: GenreModel, genre: int, mel: np.ndarray, prediction: np.ndarray, base: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return SHAP values of MFCCs and of mel bands, of segments ``mel (n, frames, n_mels)``."""
    dct = dct_matrix(model.parameters.n_mfcc, mel.shape[-1]).astype(np.float64)
    mel = mel.astype(np.float64)
    mel_background = model.background.logmel.astype(np.float64)
    # Both views start from the same log-mel frames, in double precision, so their sums are equal.
    inputs = (mel @ dct.T - model.mean) / model.scale
    background = (mel_background @ dct.T - model.mean) / model.scale
    means = _mean_gradients(model, genre, inputs, background, prediction[:, np.newaxis] - base)
    shap_mfcc = np.empty_like(inputs)
    shap_mel = np.empty_like(mel)
    for index, mean in enumerate(means):
        weighted = mean * _weights(model)[:, np.newaxis, np.newaxis]
        shap_mfcc[index] = np.sum((inputs[index] - background) * weighted, axis=0)
        mel_gradients = weighted / model.scale @ dct
        shap_mel[index] = np.sum((mel[index] - mel_background) * mel_gradients, axis=0)
    return shap_mfcc, shap_mel


def _mean_gradients(
    model: GenreModel,
    genre: int,
    inputs: np.ndarray,
    background: np.ndarray,
    differences: np.ndarray,
) -> np.ndarray:
    """Return the mean gradient on the straight way from each background segment to each input.

    Parameters
    ----------
    model : GenreModel
        The model.
    genre : int
        Index of the explained output.
    inputs : np.ndarray [shape=(n, frames, n_mfcc)]
        Standardised MFCCs.
    background : np.ndarray [shape=(k, frames, n_mfcc)]
        Standardised MFCCs.
    differences : np.ndarray [shape=(n, k)]
        What the output gains on each way; tells how exact the quadrature is there.

    Returns
    -------
    np.ndarray [shape=(n, k, frames, n_mfcc)]
        Integral of the gradient over the way, which is parametrised from 0 to 1.
    """
    gradients = _gradient_graph(model)
    means = np.zeros((len(inputs), *background.shape))
    ways = np.argwhere(np.ones(differences.shape, dtype=bool))
    nodes = FIRST_NODES
    while len(ways):
        alphas, weights = _quadrature(nodes)
        step = max(1, GRADIENT_BATCH // nodes)
        for start in range(0, len(ways), step):
            there, here = ways[start : start + step].T
            means[there, here] = gradients(
                inputs[there].astype(np.float32),
                background[here].astype(np.float32),
                alphas,
                weights,
                np.int32(genre),
            ).numpy()
        there, here = ways.T
        explained = np.sum((inputs[there] - background[here]) * means[there, here], axis=(1, 2))
        inexact = np.abs(differences[there, here] - explained) > GAP_TOLERANCE
        nodes *= 2
        ways = ways[inexact] if nodes <= MOST_NODES else ways[:0]
    return means


@lru_cache(maxsize=8)
def _quadrature(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    positions, weights = np.polynomial.legendre.leggauss(nodes)
    return ((positions + 1) / 2).astype(np.float32), (weights / 2).astype(np.float32)


_graphs: WeakKeyDictionary[GenreModel, Any] = WeakKeyDictionary()
_graphs_lock = threading.Lock()


def _gradient_graph(model: GenreModel) -> Any:
    """Return the model's one traced graph: weighted sums of gradients between two segments."""
    with _graphs_lock:
        if model not in _graphs:
            _graphs[model] = _trace(model)
        return _graphs[model]


def _trace(model: GenreModel) -> Any:
    import tensorflow as tf

    network = model.network  # not the model itself: it would keep its own entry in `_graphs` alive
    frames, n_mfcc = model.parameters.segment_frames, model.parameters.n_mfcc
    segments = tf.TensorSpec((None, frames, n_mfcc), tf.float32)
    vector = tf.TensorSpec((None,), tf.float32)

    @tf.function(input_signature=[segments, segments, vector, vector, tf.TensorSpec((), tf.int32)])
    def gradients(
        inputs: Any, background: Any, alphas: Any, weights: Any, genre: Any
    ) -> Any:  # (pairs, frames, n_mfcc), summed over the nodes
        along = (
            background[:, tf.newaxis]
            + alphas[:, tf.newaxis, tf.newaxis] * (inputs - background)[:, tf.newaxis]
        )
        points = tf.reshape(along, (-1, frames, n_mfcc, 1))
        with tf.GradientTape() as tape:
            tape.watch(points)
            output = tf.reduce_sum(tf.gather(network(points, training=False), genre, axis=1))
        slopes = tf.reshape(tape.gradient(output, points), tf.shape(along))
        return tf.einsum("pafc,a->pfc", slopes, weights)

    return gradients


def _share_among_bins(
    shap_mel: np.ndarray, power: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    """Return SHAP values of bins: each band's value, shared in proportion to the bins' energy.

    A band without any energy (padding, digital silence) is shared in proportion to its filter.
    """
    bank = mel_filterbank(parameters).astype(np.float64)
    energy = power @ bank.T
    sounds = energy > np.finfo(np.float64).tiny
    shares = np.divide(shap_mel, energy, out=np.zeros_like(energy), where=sounds)
    silent = np.where(sounds, 0.0, shap_mel) / bank.sum(axis=1)
    return (shares @ bank) * power + silent @ bank
