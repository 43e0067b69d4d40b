"""SHAP values of a song's segments in three views of equal sum: MFCCs, mel bands, frequency bins.

The method is expected gradients (Erion et al. 2021; see `core.explanation.expected_gradients`). The
baseline is the small weighted background of segments that comes with every model.

Conventions
-----------
The explained output ``f`` is the calibrated probability of one genre. If a genre is explained
*rather than* another, ``f`` is the difference of their log-odds in nats:
``log p(target) - log p(versus)``. The MFCC view and the mel view have the same sum in every frame
(see `core.explanation.attribution`). The STFT view distributes the value of each mel band over the
frequency bins under the band, in proportion to the energy that each bin contributes. This preserves
the sum as well. The `gap` is the difference between ``f(x) - E[f(x')]`` and the sum of the SHAP
values, in units of ``f``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import Analysis, analyze
from core.audio.io import resample
from core.errors import ExplanationError
from core.explanation.attribution import Output, shap_values
from core.explanation.perturbation import perturbation_values
from core.features.spectrogram import FeatureParameters, mel_filterbank, stft_frames
from core.models.base import GenreModel
from core.models.spectrogram_models import SpectrogramModel

if TYPE_CHECKING:
    import shap

    from core.audio.io import Audio


@dataclass(frozen=True, eq=False)
class Explanation:
    """SHAP values of segments of a song for one genre.

    Parameters
    ----------
    target : str
        The explained genre.
    model : str
        Name of the model.
    genres : tuple of str
        The model's genres.
    parameters : FeatureParameters
        Parameters of the features.
    segments : np.ndarray [shape=(n,), dtype=int]
        Numbers of the segments in the song, counted from 0.
    starts : np.ndarray [shape=(n,), dtype=int]
        First frame of each segment in the song's spectrogram.
    filled : np.ndarray [shape=(n,), dtype=int, range=[1, segment_frames]]
        Number of frames of each segment that lie within the song; the others are padding.
    starts_s, ends_s : np.ndarray [shape=(n,)]
        Beginning and end of each segment in seconds.
    mfcc_values : np.ndarray [shape=(n, segment_frames, n_mfcc), dtype=float32]
        MFCCs, not standardised.
    logmel : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32, range=[-top_db, 0]]
        Log-mel spectrogram in dB relative to the song's maximum.
    mfcc : np.ndarray [shape=(n, segment_frames, n_mfcc), dtype=float32]
        SHAP values of the MFCCs, in units of the explained output.
    mel : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        SHAP values of the mel bands.
    audible : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        The part of `mel` that comes from cells louder than the background.
    perturbation : np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        Gain of the output from each cell when random other regions are silent; see
        `core.explanation.perturbation`.
    base_value : np.ndarray [shape=(n,)]
        Mean output over the background.
    prediction : np.ndarray [shape=(n,)]
        Output for each segment: the target's probability, or the difference of log-odds.
    versus : str
        The genre that the target is compared with; empty if the target's probability is explained.
    audio : Audio or None
        The explained song, from which `stft` is computed. This is a reference, not a copy: all
        slices share it, and it keeps the song's samples in memory (4 bytes a sample, 79 MB for
        fifteen minutes at 22 050 Hz). Caches should store `without_audio`.

    Notes
    -----
    An explanation has one element for each segment and is sliced like an array: ``explanation[3]``
    and ``explanation[2:5]`` are explanations of one and of three segments.
    """

    target: str
    model: str
    genres: tuple[str, ...]
    parameters: FeatureParameters
    segments: np.ndarray
    starts: np.ndarray
    filled: np.ndarray
    starts_s: np.ndarray
    ends_s: np.ndarray
    mfcc_values: np.ndarray
    logmel: np.ndarray
    mfcc: np.ndarray
    mel: np.ndarray
    audible: np.ndarray
    perturbation: np.ndarray
    base_value: np.ndarray
    prediction: np.ndarray
    versus: str = ""
    audio: Audio | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.segments)

    def __getitem__(self, index: int | slice | Sequence[int] | np.ndarray) -> Explanation:
        if isinstance(index, int | np.integer):
            if not -len(self) <= index < len(self):
                raise IndexError(f"segment {index} of an explanation of {len(self)} segments")
            index = [int(index)]
        arrays: dict[str, Any] = {
            field.name: value[index]
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), np.ndarray)
        }
        return replace(self, **arrays)

    def __iter__(self) -> Iterator[Explanation]:
        return (self[index] for index in range(len(self)))

    def without_audio(self) -> Explanation:
        """Drop the reference to the song: the same explanation, but `stft` cannot be computed."""
        return replace(self, audio=None)

    @property
    def gap(self) -> np.ndarray:
        """Part of the output not explained by the SHAP values, `shape=(n,)`, signed."""
        total = self.mfcc.sum(axis=(1, 2), dtype=np.float64)
        return self.prediction - self.base_value - total

    @property
    def stft(self) -> np.ndarray:
        """SHAP values of the frequency bins, `shape=(n, segment_frames, 1 + n_fft / 2)`, float32.

        The values are computed from `mel` and from the song at every access, because they would
        take twice the memory of all other arrays together. For CNN this takes about 2 ms
        and 0.3 MB a segment. If the song has another sampling rate than the model, all of it is
        resampled first.

        Raises
        ------
        ExplanationError
            If the explanation was stored without its audio.
        """
        if self.audio is None:
            raise ExplanationError(
                "The STFT view needs the song's audio, which this explanation no longer "
                "contains. "
                "Call explain() again."
            )
        parameters = self.parameters
        samples = resample(self.audio, parameters.sample_rate).samples
        n_bins = 1 + parameters.n_fft // 2
        values = np.zeros((*self.mel.shape[:2], n_bins), dtype=np.float32)
        for index, (start, frames) in enumerate(zip(self.starts, self.filled, strict=True)):
            power = np.zeros(values.shape[1:])
            power[:frames] = np.abs(stft_frames(samples, parameters, start, frames)) ** 2
            values[index] = _share_among_bins(self.mel[index], power, parameters)
        return values

    @property
    def shap(self) -> shap.Explanation:
        """SHAP values of the coefficients as a `shap.Explanation`, for the plots in `shap.plots`.

        These plots have instances and features but no time axis. The values of a segment are
        therefore summed over its frames, ``(n, n_mfcc)``, and the data are means over them.
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
    """Compute SHAP values of a song: the evidence for a genre and against it.

    Parameters
    ----------
    audio : Audio
        The song, at any sampling rate.
    model : GenreModel
        The model whose prediction is explained. It must take a spectrogram as input.
    target : str, optional
        Genre to explain; by default the song's predicted genre.
    versus : str, optional
        Genre to compare the target with, as in "why jazz rather than blues?". The explained output
        is then the difference of their log-odds, otherwise the target's probability.
    segments : iterable of int, optional
        Segments to explain, counted from 0; by default all of them.
    analysis : Analysis, optional
        The model's analysis of this song, if it is available. It is computed otherwise.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of segments, before the first segment and
        after each one. An exception that it raises ends the computation.

    Returns
    -------
    Explanation
        SHAP values of the MFCCs, the mel bands and the frequency bins.

    Raises
    ------
    ExplanationError
        If the model does not take a spectrogram as input or lacks a genre, if target and versus
        are equal, or if a segment does not exist.

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
            f"{model.name} does not classify a spectrogram. Use explain_features() instead."
        )
    for genre in (target, versus):
        if genre is not None and genre not in model.genres:
            raise ExplanationError(
                f"{model.name} has no genre {genre!r}. Choose one of: {', '.join(model.genres)}."
            )
    analysis = analysis or analyze(audio, model)
    target = target or analysis.genre
    if target == versus:
        raise ExplanationError(f"{target} cannot be compared with itself. Choose another genre.")
    chosen = _chosen_segments(segments, len(analysis.logmel))
    output = Output(
        model.genres.index(target), None if versus is None else model.genres.index(versus)
    )
    base = output.of(model.predict_logmel(model.background.logmel))
    logmel = analysis.logmel[chosen]
    mfcc = np.empty(analysis.inputs[chosen].shape, dtype=np.float32)
    mel, audible, perturbation = (np.empty(logmel.shape, dtype=np.float32) for _ in range(3))
    if progress:
        progress(0, len(chosen))
    values = zip(
        shap_values(model, output, logmel), perturbation_values(model, output, logmel), strict=True
    )
    for index, (views, effect) in enumerate(values):
        mfcc[index], mel[index], audible[index] = views
        perturbation[index] = effect
        if progress:
            progress(index + 1, len(chosen))
    return Explanation(
        target=target,
        versus=versus or "",
        model=model.name,
        genres=model.genres,
        parameters=model.parameters,
        segments=chosen,
        starts=analysis.starts[chosen],
        filled=analysis.filled[chosen],
        starts_s=analysis.starts_s[chosen],
        ends_s=analysis.ends_s[chosen],
        mfcc_values=analysis.inputs[chosen],
        logmel=logmel,
        mfcc=mfcc,
        mel=mel,
        audible=audible,
        perturbation=perturbation,
        base_value=np.full(len(chosen), base @ model.background.shares),
        prediction=output.of(analysis.probabilities[chosen]),
        audio=audio,
    )


def joined(parts: Sequence[Explanation]) -> Explanation:
    """Join explanations of different segments of one song.

    Parameters
    ----------
    parts : sequence of Explanation
        Explanations of one song for one genre by one model, at least one.

    Returns
    -------
    Explanation
        The parts' segments in the order of the parts, with the audio of the first part.

    Raises
    ------
    ValueError
        If there is no part, or the parts explain different outputs.
    """
    if len({(part.target, part.versus, part.model, part.parameters) for part in parts}) != 1:
        raise ValueError("Only explanations of the same genre by the same model can be joined.")
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
        raise ExplanationError("No segments were chosen. Choose at least one, or None for all.")
    wrong = chosen[(chosen < 0) | (chosen >= count)]
    if len(wrong):
        raise ExplanationError(f"The song has no segment {wrong[0]}. Choose from 0 to {count - 1}.")
    return chosen


def _share_among_bins(
    shap_mel: np.ndarray, power: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    """Distribute the SHAP values of mel bands over the bins, in proportion to the bins' energy.

    The value of a band without energy (padding, digital silence) is distributed in proportion to
    the band's filter.
    """
    bank = mel_filterbank(parameters).astype(np.float64)
    energy = power @ bank.T
    sounds = energy > np.finfo(np.float64).tiny
    shares = np.divide(shap_mel, energy, out=np.zeros_like(energy), where=sounds)
    silent = np.where(sounds, 0.0, shap_mel) / bank.sum(axis=1)
    return (shares @ bank) * power + silent @ bank
