"""Does an explanation tell the truth: what the model says of the audio that it kept and removed.

The two masked songs are analysed again from their waveforms, each with its own maximum as the
reference. The metrics, and the papers they come from, are those of
`core.listening.faithfulness_metrics`; all of them can be imported from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import analyze
from core.audio.io import resample
from core.explanation.masks import importance_mask
from core.listening.faithfulness_metrics import (
    average_drop,
    average_gain,
    average_increase,
    complexity,
    deletion_auc,
    evaluate,
    faithfulness_of_removal,
    input_fidelity,
    insertion_auc,
    rank_correlation,
    sparseness,
    validate,
)
from core.listening.filtering import divide

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.explanation.explain import Explanation
    from core.models.base import GenreModel

__all__ = [
    "acceptance",
    "average_drop",
    "average_gain",
    "average_increase",
    "complexity",
    "deletion_auc",
    "evaluate",
    "faithfulness",
    "faithfulness_of_removal",
    "input_fidelity",
    "insertion_auc",
    "rank_correlation",
    "sparseness",
    "validate",
]


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

    Examples
    --------
    >>> from core import explain, faithfulness, load_audio, load_model
    >>> audio, model = load_audio("examples/slow_harbour.ogg"), load_model("cnn")
    >>> measured = faithfulness(model, audio, explain(audio, model), keep=0.2)
    >>> measured["probability_kept"] > measured["probability_removed"]
    True
    """
    genre = model.genres.index(explanation.target)
    kept, rest = divide(audio, explanation, keep=keep)
    songs = {
        "probability_original": audio,
        "probability_kept": kept,
        "probability_removed": rest,
    }
    answers = {
        name: analyze(heard, model).probabilities[explanation.segments]
        for name, heard in songs.items()
    }
    original, after_keeping, after_removing = answers.values()
    # The kept part of the spectrogram, in dB above the floor.
    level = explanation.logmel + explanation.parameters.top_db
    maps = np.where(importance_mask(explanation, keep=keep), level, 0)
    segments = {name: values[:, genre].tolist() for name, values in answers.items()}
    return {
        **{name: float(np.mean(values)) for name, values in segments.items()},
        **evaluate(original, after_keeping, after_removing, genre, maps),
        "segments": segments,
    }


def acceptance(
    audio: Audio,
    explanations: Sequence[Explanation],
    listeners: Sequence[GenreModel],
    *,
    keep: float = 0.2,
) -> dict[str, dict[str, dict[str, float]]]:
    """Let models hear what matters to each other, and say whether one accepts another's excerpt.

    Parameters
    ----------
    audio : Audio
        The song that was explained.
    explanations : sequence of Explanation
        What the song's regions mean to each of several models; their targets may differ.
    listeners : sequence of GenreModel
        The models that are asked about the excerpts.
    keep : float, range=[0, 1]
        Share of each segment's time-frequency area that counts as important.

    Returns
    -------
    dict
        For each explained model and each listener, by their names: mean probability of the
        explained genre in the `original`, the `kept` and the `removed` audio, over the segments
        that the explanation covers. JSON-ready.

    Raises
    ------
    ValueError
        If `keep` is not a share, an explanation is not of this song, or a listener does not know
        its genre.
    """
    matrix: dict[str, dict[str, dict[str, float]]] = {}
    for explanation in explanations:
        heard = resample(audio, explanation.parameters.sample_rate)
        kept, rest = divide(heard, explanation, keep=keep)
        sounds = {"original": audio, "kept": kept, "removed": rest}
        matrix[explanation.model] = {}
        for listener in listeners:
            genre = listener.genres.index(explanation.target)
            cells = matrix[explanation.model][listener.name] = {}
            for name, sound in sounds.items():
                own = resample(sound, listener.parameters.sample_rate)
                rows = analyze(own, listener).probabilities
                # A listener with other segments hears about the same moments under these numbers.
                segments = np.minimum(explanation.segments, len(rows) - 1)
                cells[name] = float(rows[segments, genre].mean())
    return matrix
