"""Results of a song for downloads: predictions, contributions and the effect of the selection."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.services import excerpts, explanations, songs
from dashboard.services.excerpts import PartSelection
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback


def results_of(
    song: Song, name: str, selection: PartSelection, report: ProgressCallback
) -> dict[str, Any]:
    """Collect a model's predictions for a song and for its parts.

    Parameters
    ----------
    song : Song
        The song.
    name : str
        Name of the model.
    selection : PartSelection
        Selection of the important parts.
    report : callable
        Called with the progress.

    Returns
    -------
    dict
        Ready for JSON, with the same structure as ``analysis.json`` of the command line and more
        about the explanation.
    """
    from core.analysis import to_json

    target = selection.target
    analysis = explanations.analysis_of(song, name, report)
    explanation = explanations.explanation_of(song, name, target, report)
    whole = excerpts.whole_song_of(song, name, report)
    song_parts = excerpts.song_parts_of(song, name, selection, report)
    genre = analysis.genres.index(target.genre)
    content = to_json(
        analysis,
        explanation={
            "target": target.genre,
            "versus": target.versus or None,
            "base_value": float(explanation.base_value.mean()),
            "gap": float(explanation.gap[np.abs(explanation.gap).argmax()]),
            "method": selection.method,
            "keep": selection.keep,
            "share_of": selection.of,
            "probability_original": float(whole.probabilities[genre]),
            "probability_kept": float(song_parts.kept.probabilities[genre]),
            "probability_removed": float(song_parts.rest.probabilities[genre]),
            "segments": [
                {
                    "base_value": float(part.base_value[0]),
                    "shap_by_coefficient": part.mfcc[0].sum(axis=0, dtype=float).tolist(),
                    "prediction": float(part.prediction[0]),
                    "gap": float(part.gap[0]),
                }
                for part in explanation
            ],
        },
    )
    content["song"]["name"] = songs.title_of(song)
    return content
