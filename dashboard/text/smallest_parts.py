"""Sentences and a table about smallest parts, and about other models' predictions for them.

Everything here is a pure function of numbers and names, so it is tested without a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.text.formatting import genre_name, model_name, percent, share_percent

SMALLEST_PARTS = (
    "An optimisation finds the smallest part from which each model still gives its predicted genre "
    "90 % of the probability, and the smallest part without which it predicts another genre. "
    "Both models classify both sounds. This takes seconds, with MSD-musicnn about a minute."
)
TRANSFER_TITLE = (
    "Share of segments in which the network of a row predicts the genre of the network of a column "
    "from that network's smallest sufficient part"
)
TRANSFER_METHOD = (
    "Area: mean size of the part. Small type: 95\u202f% interval; the share for the whole segment; "
    "the share for random parts of the same size and similar shape. Test segments of unseen "
    "artists, one of each song; audio of the part, seed 0. Kelly & Chockler (2026) report about "
    "26\u202f% for other music classifiers."
)
MISSING_PARTS = (
    "Smallest parts can be compared only if both models read segments of similar length."
)


def sufficient(
    names: Sequence[str],
    explained: str,
    genre: str,
    share: float | None,
    predicted: Mapping[str, tuple[str, float]],
) -> str:
    """Sentence on the smallest sufficient part of a segment for a model.

    Parameters
    ----------
    names : sequence of str
        Both models.
    explained : str
        The model whose part it is.
    genre : str
        The genre that it predicts for the segment.
    share : float or None
        Share of the segment; None if there is no such part.
    predicted : mapping of str to (str, float)
        Genre and probability that each model predicts from the part.
    """
    title = model_name(explained)
    if share is None:
        return (
            f"No part of the segment, cut out of the song, gives {title} 90\u202f% of the "
            f"probability of {genre_name(genre)}."
        )
    own = percent(predicted[explained][1])
    (other,) = [name for name in names if name != explained]
    theirs, probability = predicted[other]
    verdict = "also predicts" if theirs == genre else "predicts"
    return (
        f"From {percent(share)} of the segment alone, {title} predicts {genre_name(genre)} with "
        f"{own}. From the same sound, {model_name(other)} {verdict} {genre_name(theirs)} "
        f"({percent(probability)})."
    )


def necessary(explained: str, genre: str, share: float | None, without: str) -> str:
    """Sentence on the smallest necessary part of a segment for a model.

    Parameters
    ----------
    explained : str
        The model.
    genre : str
        The genre that it predicts for the segment.
    share : float or None
        Share of the segment; None if there is no such part.
    without : str
        Genre that it predicts without the part.
    """
    title, name = model_name(explained), genre_name(genre)
    if share is None:
        return f"{title} predicts {name} even from silence, so no part is necessary."
    return (
        f"Removing {percent(share)} of the segment changes {title}'s prediction from {name} to "
        f"{genre_name(without)}."
    )


def transfer_note(entry: Mapping[str, Any], explained: str, other: str) -> str:
    """Sentence on how often a model accepts another one's smallest sufficient part.

    Parameters
    ----------
    entry : mapping
        Entry of the explained model in ``models/transfer.json``.
    explained, other : str
        The model whose part it is, and the one that classifies it.
    """
    row = entry["others"][other]
    kept, whole, random = (row[part]["explained"] for part in ("kept", "original", "random"))
    low, high = kept["interval"]
    return (
        f"{model_name(other)} predicts {model_name(explained)}'s genre from {model_name(explained)}"
        f"'s smallest sufficient part in {share_percent(kept['share'])} of "
        f"{entry['segments']} test segments [{share_percent(low)}, {share_percent(high)}], from "
        f"the whole segment in {share_percent(whole['share'])}, and from random parts of the same "
        f"size in {share_percent(random['share'])}."
    )


def transfer_rows(
    matrix: Mapping[str, Mapping[str, Any]], order: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """Build header and rows of the table of transfer: a column for each explained network.

    Parameters
    ----------
    matrix : mapping of str to mapping
        Entries `explained` of ``models/transfer.json``.
    order : sequence of str
        All models, in the order of the rows.
    """
    header = ["Classified by", *(f"Explained: {model_name(name)}" for name in matrix)]
    classifying = [
        name for name in order if any(name in entry["others"] for entry in matrix.values())
    ]
    rows = [
        ["Segments", *(str(entry["segments"]) for entry in matrix.values())],
        [
            "Area",
            *(share_percent(each["sufficient"]["area"], digits=1) for each in matrix.values()),
        ],
    ]
    for name in classifying:
        cells = [_transfer_cell(entry["others"].get(name)) for entry in matrix.values()]
        rows.append([model_name(name), *cells])
    return header, rows


def _transfer_cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    kept, whole, random = (row[part]["explained"] for part in ("kept", "original", "random"))
    low, high = kept["interval"]
    return (
        f"{share_percent(kept['share'])}\n{share_percent(low)}–{share_percent(high)}, whole "
        f"{share_percent(whole['share'])}, random {share_percent(random['share'])}"
    )
