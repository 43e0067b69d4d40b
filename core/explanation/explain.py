"""Why a model says what it says: SHAP values of a song's segments, in three views of equal sum.

The method is expected gradients (Erion et al. 2021; see `core.explanation.expected_gradients`),
compared with the small weighted background of segments that comes with every model.

Conventions
-----------
The explained output ``f`` is the calibrated probability of one genre or, where a genre is explained
*rather than* another, the difference of their log-odds: ``log p(target) - log p(versus)``, in nats.
The MFCC and the mel view have the same sum in every frame (see `core.explanation.attribution`). A
band's share of the mel view goes to the STFT bins under the band in proportion to the energy that
each gives it, which keeps the sum a second time. What the sum lacks of ``f(x) - E[f(x')]`` is the
`gap`, in units of ``f``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import Analysis, analyze
from core.errors import ExplanationError
from core.explanation.attribution import Output, shap_values
from core.explanation.perturbation import perturbation_values
from core.features.spectrogram import FeatureParameters, mel_filterbank, segment_starts, stft_frames
from core.models.base import GenreModel
from core.models.spectrogram_models import SpectrogramModel

if TYPE_CHECKING:
    import shap

    from core.audio.io import Audio


@dataclass(frozen=True, eq=False)
class Explanation:
    """SHAP values of some segments of a song for one genre.

    Parameters
    ----------
    target : str
        The genre that is explained.
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
        SHAP values of the MFCCs, in units of the explained output.
    mel : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        The same sums, as SHAP values of the mel bands.
    audible : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        The part of `mel` from where the song is louder than the background.
    silencing : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        How much each cell's sounding adds to the output, when other regions are silent; see
        `core.explanation.perturbation`.
    stft : np.ndarray [shape=(n, segment_frames, 1 + n_fft / 2), dtype=float32]
        The same sums, as SHAP values of the frequency bins.
    base_value : np.ndarray [shape=(n,)]
        The output's mean over the background.
    prediction : np.ndarray [shape=(n,)]
        The output for each segment: the target's probability, or the difference of log-odds.
    versus : str
        The genre that the target is explained rather than; empty where its probability is.

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
    silencing: np.ndarray
    stft: np.ndarray
    base_value: np.ndarray
    prediction: np.ndarray
    versus: str = ""

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
        """What the SHAP values leave unexplained, `shape=(n,)`, signed, in units of the output."""
        total = self.mfcc.sum(axis=(1, 2), dtype=np.float64)
        return self.prediction - self.base_value - total

    @property
    def shap(self) -> shap.Explanation:
        """SHAP values of the coefficients, in the form that the shap library's own plots read.

        Those plots know instances and features, not time: the values of a segment, ``(n, n_mfcc)``,
        are sums over its frames, and the data are means over them.
        """
        import shap

        return shap.Explanation(
            values=self.mfcc.sum(axis=1),
            base_values=self.base_value,
            data=self.mfcc_values.mean(axis=1),
            feature_names=[f"MFCC {index + 1}" for index in range(self.mfcc.shape[-1])],
            output_names=f"{self.target} rather than {self.versus}" if self.versus else self.target,
        )


def explain(
    audio: Audio,
    model: GenreModel,
    *,
    target: str | None = None,
    versus: str | None = None,
    segments: Iterable[int] | None = None,
    analysis: Analysis | None = None,
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
    versus : str, optional
        Genre to explain it rather than, as in "why jazz rather than blues?": then the difference of
        their log-odds is explained, otherwise the target's probability.
    segments : iterable of int, optional
        Which segments to explain, counted from 0; all by default.
    analysis : Analysis, optional
        What the model says of this song, if that is known: then no more of the song is read than
        its segments need.
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
        If the model does not know a genre, both are the same, or the song lacks the segments.
    ModelError
        If the song has another sampling rate than the model was trained with.

    Examples
    --------
    >>> from core import explain, load_audio, load_model
    >>> audio = load_audio("examples/slow_harbour.ogg")
    >>> explanation = explain(audio, load_model("cnn"), segments=[0, 1])
    >>> explanation.mfcc.shape, explanation.mel.shape
    ((2, 72, 13), (2, 72, 128))
    >>> bool(abs(explanation.gap).max() < 0.01)  # the contributions add up to the prediction
    True
    """
    if not isinstance(model, SpectrogramModel):
        raise ExplanationError(
            f"{model.name} reads features, not places in a song; use explain_features."
        )
    for genre in (target, versus):
        if genre is not None and genre not in model.genres:
            raise ExplanationError(
                f"{model.name} does not know the genre {genre!r}. Choose one of: "
                f"{', '.join(model.genres)}."
            )
    analysis = analysis or analyze(audio, model)
    target = target or analysis.genre
    if target == versus:
        raise ExplanationError(f"Choose another genre than {target} to explain {target} against.")
    chosen = _chosen_segments(segments, len(analysis.logmel))
    output = Output(
        model.genres.index(target), None if versus is None else model.genres.index(versus)
    )
    base = output.of(model.predict_logmel(model.background.logmel))
    mel = analysis.logmel[chosen]
    shap_mfcc = np.empty(analysis.inputs[chosen].shape, dtype=np.float32)
    shap_mel = np.empty(mel.shape, dtype=np.float32)
    audible = np.empty(mel.shape, dtype=np.float32)
    silencing = np.empty(mel.shape, dtype=np.float32)
    if progress:
        progress(0, len(chosen))
    both = zip(
        shap_values(model, output, mel), perturbation_values(model, output, mel), strict=True
    )
    for index, (views, reaction) in enumerate(both):
        shap_mfcc[index], shap_mel[index], audible[index] = views
        silencing[index] = reaction
        if progress:
            progress(index + 1, len(chosen))

    parameters = model.parameters
    n_frames = 1 + len(audio.samples) // parameters.hop_length
    starts = segment_starts(n_frames, parameters)[chosen]
    filled = np.minimum(n_frames - starts, parameters.segment_frames)
    shap_stft = np.zeros((*mel.shape[:2], 1 + parameters.n_fft // 2), dtype=np.float32)
    for index, (first, frames) in enumerate(zip(starts, filled, strict=True)):
        heard = np.zeros(shap_stft.shape[1:])
        heard[:frames] = np.abs(stft_frames(audio.samples, parameters, first, frames)) ** 2
        shap_stft[index] = _share_among_bins(shap_mel[index], heard, parameters)
    return Explanation(
        target=target,
        versus=versus or "",
        model=model.name,
        genres=model.genres,
        parameters=parameters,
        segments=chosen,
        starts_s=analysis.starts_s[chosen],
        ends_s=analysis.ends_s[chosen],
        filled=filled,
        mfcc_values=analysis.inputs[chosen],
        logmel=mel,
        mfcc=shap_mfcc,
        mel=shap_mel,
        audible=audible,
        silencing=silencing,
        stft=shap_stft,
        base_value=np.full(len(chosen), base @ model.background.shares),
        prediction=output.of(analysis.probabilities[chosen]),
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
    if len({(part.target, part.versus, part.model, part.parameters) for part in parts}) != 1:
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
