"""Does an explanation tell the truth: what the model says of the audio that it kept and removed.

Conventions
-----------
A *segment* is one of the song's three-second segments. The model hears each of them three times:
in the original song, in the song of which only the important regions were kept, and in the song
from which these were removed; the two masked songs are analysed again from their waveforms, each
with its own maximum as the reference. Probabilities of one genre are arrays of `shape=(n,)`, those
of all genres of `shape=(n, genres)`, all in [0, 1] and in the same order of segments. A *map* is
what is left of a segment's spectrogram, non-negative, of any shape.

Metrics
-------
As reported in Paissan, Ravanelli & Subakan 2024, "Listenable maps for audio classifiers" (L-MAC):

* `average_increase` (AI, higher is better), `average_drop` (AD, lower is better): Chattopadhay,
  Sarkar, Howlader & Balasubramanian 2018, "Grad-CAM++".
* `average_gain` (AG, higher is better): Zhang, Torres, Sicre, Avrithis & Ayache 2024, "Opti-CAM".
* `faithfulness_of_removal` (FF, higher is better): Parekh, Parekh, Mozharovskyi, d'Alche-Buc &
  Richard 2022, "Listen to interpret".
* `input_fidelity` (Fid-In, higher is better): Paissan, Subakan & Ravanelli 2023, "Posthoc
  interpretation via quantization".
* `sparseness` (SPS, higher is better): Chalasani, Chen, Chowdhury, Wu & Jha 2020, "Concise
  explanations of neural networks using adversarial training".
* `complexity` (COMP, lower is better): Bhatt, Weller & Moura 2020, "Evaluating and aggregating
  feature-based model explanations".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import analyze
from core.listening import importance_mask, listen

if TYPE_CHECKING:
    from core.audio import Audio
    from core.explanation import Explanation
    from core.models import GenreModel


def validate(*probabilities: np.ndarray) -> None:
    """Check arrays of probabilities that are to be compared.

    Parameters
    ----------
    *probabilities : np.ndarray [shape=(n,) or (n, genres), range=[0, 1]]
        Arrays of one shape.

    Raises
    ------
    ValueError
        If there is no segment, the shapes differ, or a value is no probability.
    """
    shapes = {np.shape(values) for values in probabilities}
    if len(shapes) != 1:
        raise ValueError(f"Probabilities to compare differ in shape: {sorted(shapes)}.")
    if not np.size(probabilities[0]):
        raise ValueError("There are no probabilities to compare; give at least one segment.")
    for values in probabilities:
        # Written so that NaN fails, with room for a softmax's rounding.
        if not np.all((np.asarray(values) >= 0) & (np.asarray(values) <= 1 + 1e-6)):
            raise ValueError("Probabilities must be numbers from 0 to 1.")


def average_increase(original: np.ndarray, kept: np.ndarray) -> float:
    """Return AI: the percentage of segments whose kept part is more convincing than the whole.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[0, 100]
        Average increase in percent.
    """
    validate(original, kept)
    return float(100 * np.mean(np.asarray(kept) > np.asarray(original)))


def average_drop(original: np.ndarray, kept: np.ndarray) -> float:
    """Return AD: how much of the whole's probability the kept part loses on average.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[0, 100]
        Average drop in percent; a segment that gains, or had nothing to lose, counts as 0.
    """
    validate(original, kept)
    original, kept = np.asarray(original, dtype=float), np.asarray(kept, dtype=float)
    return float(100 * np.mean(_ratio(np.maximum(original - kept, 0), original)))


def average_gain(original: np.ndarray, kept: np.ndarray) -> float:
    """Return AG: how much of what the whole lacked to certainty the kept part gains on average.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[0, 100]
        Average gain in percent; a segment that loses, or had nothing to gain, counts as 0.
    """
    validate(original, kept)
    original, kept = np.asarray(original, dtype=float), np.asarray(kept, dtype=float)
    return float(100 * np.mean(_ratio(np.maximum(kept - original, 0), 1 - original)))


def faithfulness_of_removal(original: np.ndarray, removed: np.ndarray) -> float:
    """Return FF: the probability that is lost with the important regions.

    Parameters
    ----------
    original, removed : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[-1, 1]
        Mean difference of the probabilities.
    """
    validate(original, removed)
    return float(np.mean(np.asarray(original, dtype=float) - np.asarray(removed, dtype=float)))


def input_fidelity(original: np.ndarray, kept: np.ndarray) -> float:
    """Return Fid-In: the share of segments whose kept part gets the same genre as the whole.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities of all genres.

    Returns
    -------
    float, range=[0, 1]
        Share of equal answers.
    """
    validate(original, kept)
    return float(np.mean(np.argmax(original, axis=1) == np.argmax(kept, axis=1)))


def sparseness(maps: np.ndarray) -> float:
    """Return SPS: the mean Gini index of the maps.

    Parameters
    ----------
    maps : np.ndarray [shape=(n, ...), non-negative]
        One map a segment.

    Returns
    -------
    float, range=[0, 1)
        0 when all cells are equal, and for an empty map; near 1 when everything is in one cell.
    """
    values = np.sort(_flat(maps), axis=1)
    count = values.shape[1]
    ranks = 2 * np.arange(1, count + 1) - count - 1
    return float(np.mean(_ratio(values @ ranks, count * values.sum(axis=1))))


def complexity(maps: np.ndarray) -> float:
    """Return COMP: the mean entropy of the maps, each taken as a distribution over its cells.

    Parameters
    ----------
    maps : np.ndarray [shape=(n, ...), non-negative]
        One map a segment.

    Returns
    -------
    float, range=[0, log(cells)]
        Entropy in nats; 0 when everything is in one cell, and for an empty map.
    """
    values = _flat(maps)
    shares = _ratio(values, np.broadcast_to(values.sum(axis=1, keepdims=True), values.shape))
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return float(np.mean(-np.sum(shares * logs, axis=1)) + 0.0)  # no negative zero


def evaluate(
    original: np.ndarray,
    kept: np.ndarray,
    removed: np.ndarray,
    genre: int | np.ndarray,
    maps: np.ndarray,
) -> dict[str, float]:
    """Return all metrics by the names they have in the literature.

    Parameters
    ----------
    original, kept, removed : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities of all genres.
    genre : int or np.ndarray [shape=(n,), dtype=int]
        Index of the explained genre, one for all segments or one for each.
    maps : np.ndarray [shape=(n, ...), non-negative]
        What is left of each segment's spectrogram when the important regions are kept.

    Returns
    -------
    dict
        `AI`, `AD`, `AG` in percent; `FF`, `Fid-In`, `SPS`; `COMP` in nats.
    """
    validate(original, kept, removed)
    rows = np.arange(len(original))
    before, inside, outside = (
        np.asarray(values)[rows, genre] for values in (original, kept, removed)
    )
    return {
        "AI": average_increase(before, inside),
        "AD": average_drop(before, inside),
        "AG": average_gain(before, inside),
        "FF": faithfulness_of_removal(before, outside),
        "Fid-In": input_fidelity(original, kept),
        "SPS": sparseness(maps),
        "COMP": complexity(maps),
    }


def faithfulness(
    model: GenreModel, audio: Audio, explanation: Explanation, *, keep: float = 0.2
) -> dict[str, Any]:
    """Ask a model what it hears in the audio of an explanation.

    Parameters
    ----------
    model : GenreModel
        The model that judges; usually the explained one.
    audio : Audio
        The song that was explained.
    explanation : Explanation
        Its explanation; only the segments that it covers are judged.
    keep : float, range=[0, 1]
        Share of each segment's time-frequency area that counts as important.

    Returns
    -------
    dict
        `probability_original`, `probability_kept` and `probability_removed`: the explained genre's
        probability, as a mean over the segments; the metrics as `evaluate` names them; and
        `segments`, a dictionary of the same three probabilities segment by segment, as lists.
        JSON-ready.

    Raises
    ------
    ValueError
        If `keep` is not a share, or the explanation is not of this song.
    """
    genre = model.genres.index(explanation.target)
    songs = {
        "probability_original": audio,
        "probability_kept": listen(audio, explanation, keep=keep, mode="keep"),
        "probability_removed": listen(audio, explanation, keep=keep, mode="remove"),
    }
    answers = {
        name: analyze(heard, model).probabilities[explanation.segments]
        for name, heard in songs.items()
    }
    original, kept, removed = answers.values()
    # The kept part of the spectrogram, in dB above the floor.
    level = explanation.logmel + explanation.parameters.top_db
    maps = np.where(importance_mask(explanation, keep=keep), level, 0)
    segments = {name: values[:, genre].tolist() for name, values in answers.items()}
    return {
        **{name: float(np.mean(values)) for name, values in segments.items()},
        **evaluate(original, kept, removed, genre, maps),
        "segments": segments,
    }


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, with 0 where there is nothing to divide by."""
    return np.divide(
        numerator, denominator, out=np.zeros_like(numerator, dtype=float), where=denominator > 0
    )


def _flat(maps: np.ndarray) -> np.ndarray:
    values = np.asarray(maps, dtype=np.float64)
    if values.ndim < 2 or not values.size:
        raise ValueError(f"Maps of shape {values.shape} hold no segment's cells.")
    if not np.all(values >= 0):
        raise ValueError("Maps must not be negative; give magnitudes.")
    return values.reshape(len(values), -1)
