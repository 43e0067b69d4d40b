"""Cells and notes of the tables on the page *Scores*, from the entries of models/scores.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.constants import EXPLANATION_METHODS, FAITHFULNESS_METRICS, PROTOCOLS
from core.models.registry import ENSEMBLE, MUSICNN
from dashboard.text.formatting import model_name, sentence_case

MISSING = "–"
LEADERBOARD = (
    "Model",
    "Reported elsewhere",
    sentence_case(PROTOCOLS["artist"]),
    "Macro F1",
    "Log loss",
    "ECE",
    f"{sentence_case(PROTOCOLS['track'])} (leakage)",
    f"{sentence_case(PROTOCOLS['segment'])} (leakage)",
    "Size (MB)",
    "Time (ms)",
)
RANKING_TABLE = ("Ranking", *FAITHFULNESS_METRICS.values(), "Roughness ↓", "Time (s)")
IN_PERCENT = ("AI", "AD", "AG")
OTHER_PROTOCOLS = (("track", "song"), ("segment", "segment"))  # with the unit that is scored


def leaderboard_row(
    name: str, scores: Mapping[str, Mapping[str, Any] | None], *, starred: bool
) -> list[str]:
    """Build a model's row of the leaderboard.

    Parameters
    ----------
    name : str
        Name of the model.
    scores : mapping of str to mapping or None
        Entries of the model by protocol; the one for ``"artist"`` exists.
    starred : bool
        Whether the model was tested on fewer songs than the others.

    Returns
    -------
    list of str
        Cells, as many as `LEADERBOARD` has columns.
    """
    score = scores["artist"]
    assert score is not None
    test = score["test"]
    others = [
        MISSING
        if (other := scores.get(protocol)) is None
        else accuracy_cell(other["test"][unit], other["test"]["tracks"])
        for protocol, unit in OTHER_PROTOCOLS
    ]
    return [
        f"{model_name(name)}{'*' if starred else ''}",
        f"{score['reported']:.2f}" if score.get("reported") else MISSING,
        accuracy_cell(test["song"], test["tracks"]),
        f"{test['song']['macro_f1']:.3f}",
        f"{test['segment']['log_loss']:.3f}",
        f"{test['segment']['ece']:.3f}",
        *others,
        f"{score['bytes'] / 1e6:.1f}" if "bytes" in score else MISSING,
        f"{score['ms_per_segment']:.1f}" if "ms_per_segment" in score else MISSING,
    ]


def accuracy_cell(part: Mapping[str, Any], n_songs: int) -> str:
    """Format an accuracy, and on a second line its 95 % interval and the number of songs."""
    low, high = part["interval"]
    return f"{part['accuracy']:.3f}\n{low:.2f}–{high:.2f}, n = {n_songs}"


def leaderboard_notes(
    scores: Mapping[str, Mapping[str, Any]],
    folds: Mapping[str, Mapping[str, Any]],
    starred: Sequence[str],
    n_common: int,
    on_common: Mapping[str, float],
) -> list[str]:
    """Compose the notes on which rows of the leaderboard are comparable.

    Parameters
    ----------
    scores : mapping of str to mapping
        Entries of all models for unseen artists, by name.
    folds : mapping of str to mapping
        Entries of the cross-validated models, by name.
    starred : sequence of str
        Models that were tested on fewer songs than the others.
    n_common : int
        Number of songs on which all models were tested.
    on_common : mapping of str to float
        Accuracy on those songs, by name.

    Returns
    -------
    list of str
        Paragraphs in Markdown.
    """
    notes = []
    if starred:
        listed = ", ".join(f"{model_name(name)} {share:.3f}" for name, share in on_common.items())
        notes.append(
            f"\\* Tested on only the {n_common} songs whose audio is available; not directly "
            "comparable with the other rows. Accuracy of all models on these songs: "
            f"{listed}."
        )
    if MUSICNN in scores:
        notes.append(
            f"{model_name(MUSICNN)} builds on a network pretrained on a million songs, and the "
            "YAMNet models on one pretrained on two million audio clips. Their final layers were "
            "trained without the artists of the test set, but the pretraining data may include "
            "them."
        )
    if ENSEMBLE in scores:
        weights = scores[ENSEMBLE]["members"].items()
        listed = ", ".join(f"{model_name(name)} {weight:.2f}" for name, weight in weights)
        notes.append(
            f"{model_name(ENSEMBLE)}: weighted mean of the log-probabilities of three models, "
            "calibrated by its own temperature. Weights from the validation set (unseen artists): "
            f"{listed}."
        )
    if folds:
        listed = "; ".join(
            f"{model_name(name)} {fold['song']['mean']:.3f} ± {fold['song']['deviation']:.3f} on "
            f"{fold['tracks']} songs"
            for name, fold in folds.items()
        )
        notes.append(
            "Five-fold cross-validation on unseen artists (mean ± standard deviation over folds): "
            f"{listed}."
        )
    return notes


def ranking_rows(methods: Mapping[str, Mapping[str, Any]], area: str) -> list[list[str]]:
    """Build the rows of the table of faithfulness.

    Parameters
    ----------
    methods : mapping of str to mapping
        Entries of a model in models/faithfulness.json, by ranking.
    area : str
        Size of the important parts as a share of the spectrogram, as a key of the entries.

    Returns
    -------
    list of list of str
        A row for each ranking of `EXPLANATION_METHODS` that was measured, in that order.
    """
    return [
        [
            sentence_case(title),
            *(_with_interval(methods[method], area, metric) for metric in FAITHFULNESS_METRICS),
            f"{methods[method]['roughness']:.1f}",
            _seconds(methods[method]["seconds"]),
        ]
        for method, title in EXPLANATION_METHODS.items()
        if method in methods
    ]


def _seconds(value: float) -> str:
    return "<\u202f0.01" if value < 0.005 else f"{value:.2f}"


def _with_interval(row: Mapping[str, Any], area: str, metric: str) -> str:
    low, high = row["intervals"][area][metric]
    digits = 1 if metric in IN_PERCENT else 2
    return f"{row[area][metric]:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"
