"""Why a model says what it says: SHAP values of a song's segments, in three views of equal sum.

The method is expected gradients (Erion et al. 2021; see `core.expected_gradients`), compared with
the small weighted background of segments that comes with every model.

Conventions
-----------
The explained output ``f`` is the calibrated probability of one genre. A frame of MFCCs is a linear
image of the log-mel frame, so one set of gradients serves both views::

    phi_mfcc = E[(mfcc - mfcc') * g_mfcc]        g_mfcc: gradient for the standardised MFCCs / scale
    phi_mel  = E[(mel - mel') * (g_mfcc @ D)]    D: rows of the DCT

and both have the same sum in every frame. A band's share of ``phi_mel`` goes to the STFT bins under
the band in proportion to the energy that each gives it, which keeps the sum a second time. What the
sum lacks of ``f(x) - E[f(x')]`` is the `gap`, in units of probability.

A song can speak for a genre by what sounds in it and by what does not. Only the first can be heard,
kept and removed; it is the part of ``phi_mel`` from where the song is louder than the background::

    audible  = E[max(mel - mel', 0) * (g_mfcc @ D)]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from core.analysis import analyze
from core.expected_gradients import Evaluate, mean_gradients
from core.features import FeatureParameters, dct_matrix, mel_filterbank, segment_starts, stft
from core.models import GenreModel

if TYPE_CHECKING:
    import shap

    from core.audio import Audio

GRADIENT_BATCH = 64  # gradients at a time; larger batches are no faster on two cores


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
    audible : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        The part of `mel` from where the song is louder than the background.
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
    audible: np.ndarray
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

    def __iter__(self) -> Iterator[Explanation]:
        return (self[index] for index in range(len(self)))

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
        each; an exception that it raises ends the work.

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
    base = model.predict_logmel(model.background.logmel)[:, genre]
    mel = analysis.logmel[chosen]
    shap_mfcc = np.empty(analysis.mfcc[chosen].shape, dtype=np.float32)
    shap_mel = np.empty(mel.shape, dtype=np.float32)
    audible = np.empty(mel.shape, dtype=np.float32)
    if progress:
        progress(0, len(chosen))
    for index, views in enumerate(_expected_gradients(model, genre, mel)):
        shap_mfcc[index], shap_mel[index], audible[index] = views
        if progress:
            progress(index + 1, len(chosen))

    parameters = model.parameters
    power = np.abs(stft(audio.samples, parameters)) ** 2
    starts = segment_starts(len(power), parameters)[chosen]
    filled = np.minimum(len(power) - starts, parameters.segment_frames)
    shap_stft = np.zeros((*mel.shape[:2], power.shape[1]), dtype=np.float32)
    for index, (first, frames) in enumerate(zip(starts, filled, strict=True)):
        heard = np.zeros(shap_stft.shape[1:])
        heard[:frames] = power[first : first + frames]
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
        audible=audible,
        stft=shap_stft,
        base_value=np.full(len(chosen), base @ _weights(model)),
        prediction=analysis.probabilities[chosen, genre].astype(np.float64),
    )


def joined(parts: Sequence[Explanation]) -> Explanation:
    """Return one explanation of all the segments that the parts explain.

    Parameters
    ----------
    parts : sequence of Explanation
        Explanations of one song for one genre by one model, at least one.

    Returns
    -------
    Explanation
        The parts' segments in the order of the parts.

    Raises
    ------
    ValueError
        If there is no part, or they explain different things.
    """
    if len({(part.target, part.model, part.parameters) for part in parts}) != 1:
        raise ValueError("Only explanations of one genre by one model can be joined.")
    first = parts[0]
    arrays: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(first)
        if isinstance(getattr(first, field.name), np.ndarray)
    }
    return replace(first, **arrays)


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
    model: GenreModel, genre: int, mel: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield SHAP values of each segment: of MFCCs, of mel bands, and the audible part of these."""
    dct = dct_matrix(model.parameters.n_mfcc, mel.shape[-1]).astype(np.float64)
    mel_background = model.background.logmel.astype(np.float64)
    # Both views start from the same log-mel frames, in double precision, so their sums are equal.
    inputs = (mel.astype(np.float64) @ dct.T - model.mean) / model.scale
    background = (mel_background @ dct.T - model.mean) / model.scale
    weights = _weights(model)
    means = mean_gradients(_evaluator(model, genre), inputs, background, weights)
    for mel_frames, mfcc_frames, mean in zip(mel, inputs, means, strict=True):
        gradients = mean * weights[:, np.newaxis, np.newaxis]
        mel_gradients = gradients / model.scale @ dct
        louder = mel_frames - mel_background
        yield (
            np.sum((mfcc_frames - background) * gradients, axis=0),
            np.sum(louder * mel_gradients, axis=0),
            np.sum(np.maximum(louder, 0) * mel_gradients, axis=0),
        )


_graphs: WeakKeyDictionary[GenreModel, Any] = WeakKeyDictionary()
_graphs_lock = threading.Lock()


def _evaluator(model: GenreModel, genre: int) -> Evaluate:
    """Return a function from standardised MFCCs to a genre's gradients and probabilities."""
    with _graphs_lock:
        if model not in _graphs:
            _graphs[model] = _trace(model)
        graph = _graphs[model]
    output = np.int32(genre)

    def evaluate(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [
            graph(
                points[start : start + GRADIENT_BATCH, ..., np.newaxis].astype(np.float32), output
            )
            for start in range(0, len(points), GRADIENT_BATCH)
        ]
        gradients, probabilities = zip(*parts, strict=True)
        return np.concatenate(gradients)[..., 0], np.concatenate(probabilities)

    return evaluate


def _trace(model: GenreModel) -> Any:
    """Return the graph that all explanations of a model share."""
    import tensorflow as tf

    network = model.network  # not the model itself: it would keep its own entry in `_graphs` alive
    shape = (None, model.parameters.segment_frames, model.parameters.n_mfcc, 1)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32), tf.TensorSpec((), tf.int32)])
    def gradients(points: Any, genre: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(points)
            probabilities = tf.gather(network(points, training=False), genre, axis=1)
        # The segments of a batch do not know of each other: each gets its own gradient.
        return tape.gradient(probabilities, points), probabilities

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
