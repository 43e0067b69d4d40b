"""The README's tables of novelty, of the order of frames and of transfer between networks.

`benchmarks.tables` inserts them. Whatever was measured with other weights than a model has now is
left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.models.cards import list_models
from core.models.registry import TITLES

MISSING = "–"


def current_weights() -> dict[str, str]:
    """Digests of the weights of all bundled models, by name."""
    return {card["name"]: card["weights"]["sha256"] for card in list_models()}


def measured_now(
    entries: Mapping[str, Mapping[str, Any]], weights: Mapping[str, str]
) -> dict[str, Mapping[str, Any]]:
    """Select the entries that were measured with the current weights, in the registry's order.

    Parameters
    ----------
    entries : mapping of str to mapping
        Entries with `weights`, by name of the model.
    weights : mapping of str to str
        Current digests, see `current_weights`.

    Returns
    -------
    dict
        The selected entries.
    """
    return {
        name: entries[name]
        for name in TITLES
        if name in entries and entries[name].get("weights") == weights.get(name)
    }


def novelty_table(results: Mapping[str, Any], weights: Mapping[str, str]) -> str:
    """Format the table of novelty scores and genre sets.

    Parameters
    ----------
    results : mapping
        Content of ``models/novelty.json``.
    weights : mapping of str to str
        Current digests.

    Returns
    -------
    str
        Markdown.
    """
    sets = results["sets"]
    lines = [
        "| model | no music: AUROC | detected (%) | songs turned away (%) | unknown genre: AUROC "
        "| sets: coverage (%) | mean size |",
        "|---" * 7 + "|",
    ]
    alone = []
    for name, entry in measured_now(results["models"], weights).items():
        sounds, genres = entry["non_music"], entry["left_out"]
        cells = [
            _ranged(sounds["auroc"], sounds["interval"], 3),
            _ranged(100 * sounds["detected"]["share"], _in_percent(sounds["detected"]), 1),
            _ranged(100 * sounds["turned_away"]["share"], _in_percent(sounds["turned_away"]), 1),
            _ranged(genres["auroc"], genres["interval"], 3),
            _ranged(100 * sets[name]["coverage"], _in_percent(sets[name]), 1),
            f"{sets[name]['mean_size']:.2f}",
        ]
        lines.append(f"| {TITLES[name]} | {' | '.join(cells)} |")
        shares = (part["largest_probability"]["auroc"] for part in (sounds, genres))
        alone.append(f"{TITLES[name]} {' and '.join(f'{share:.2f}' for share in shares)}")
    others = ", ".join(
        f"{TITLES[name]} {entry['mean_size']:.2f} ({100 * entry['coverage']:.1f} %)"
        for name, entry in sorted(sets.items(), key=lambda item: item[1]["mean_size"])
        if "threshold" not in entry
    )
    lines += [
        "",
        f"- Brackets: 95 % intervals; seed {results['seed']}.",
        "- AUROC for recordings without music and for unknown genres if one minus the largest "
        f"probability were the score: {', '.join(alone) or MISSING}.",
        "- Mean size (coverage) of the sets of models without a threshold on their card, "
        "calibrated on four fifths of the test artists and measured on the rest, in turn: "
        f"{others or MISSING}.",
    ]
    return "\n".join(lines)


def order_table(results: Mapping[str, Any], weights: Mapping[str, str]) -> str:
    """Format the table of accuracy by order of the frames, and of evidence in time.

    Parameters
    ----------
    results : mapping
        Content of ``models/order.json``.
    weights : mapping of str to str
        Current digests.

    Returns
    -------
    str
        Markdown.
    """
    entries = measured_now(results["models"], weights)
    chunk = str(min(results["chunks"]))
    lines = [
        "| model | original order | frames shuffled | reversed | half of the evidence in (% of "
        "frames) | correlation with onsets (chance) | lag (ms) |",
        "|---" * 7 + "|",
    ]
    for name, entry in entries.items():
        timing = entry["timing"]
        half = timing["half_share"]
        cells = [
            f"{entry['original']['segment']['accuracy']:.3f}",
            _change(entry["shuffled"][chunk]["segment"]),
            _change(entry["backwards"]["segment"]),
            _ranged(100 * half["mean"], _in_percent(half), 1),
            f"{timing['correlation']:.2f} ({timing['chance']:.2f})",
            _ranged(timing["lag_ms"], timing["lag_interval_ms"], 0),
        ]
        lines.append(f"| {TITLES[name]} | {' | '.join(cells)} |")
    counts = "; ".join(f"{count}: {', '.join(names)}" for count, names in _grouped(entries).items())
    first = next(iter(entries.values()), None)
    if first is not None:
        lines += [
            "",
            f"Accuracy of segments of {first['songs']} songs by unseen artists, and its change in "
            f"points [95 % interval]; {first['shuffles']} shuffles of single frames, seed "
            f"{results['seed']}. Segments by model: {counts}. Evidence in time: "
            f"{first['timing']['segments']} segments, one of each song. A lag whose interval "
            "contains 0 does not differ measurably from none; the resolution is one frame, "
            f"{first['timing']['frame_ms']:.0f} ms.",
        ]
    return "\n".join(lines)


def transfer_table(results: Mapping[str, Any], weights: Mapping[str, str]) -> str:
    """Format the matrix of predictions for each other's smallest sufficient parts.

    Parameters
    ----------
    results : mapping
        Content of ``models/transfer.json``.
    weights : mapping of str to str
        Current digests.

    Returns
    -------
    str
        Markdown, with a row for each network that classifies.
    """
    explained = {
        name: measured_now(entry["others"], weights)
        for name, entry in measured_now(results["explained"], weights).items()
    }
    heads = [f"explained: {TITLES[name]}" for name in explained]
    lines = [f"| classified by | {' | '.join(heads)} |", "|---" * (1 + len(heads)) + "|"]
    for name, title in TITLES.items():
        rows = [others.get(name) for others in explained.values()]
        if any(rows):
            lines.append(f"| {title} | {' | '.join(map(_transferred, rows))} |")
    areas = ", ".join(
        f"{TITLES[name]} {100 * results['explained'][name]['sufficient']['area']:.1f} %"
        for name in explained
    )
    segments = {results["explained"][name]["segments"] for name in explained}
    lines += [
        "",
        "Share of segments in which the network of a row predicts the genre of the network of a "
        "column from that network's smallest sufficient part, in per cent [95 % interval]; in "
        "parentheses from the whole segment, and from random parts of the same size. Mean area of "
        f"the parts: {areas or MISSING}. {' to '.join(map(str, sorted(segments)))} test segments, "
        f"one of each song; seed {results['seed']}.",
    ]
    return "\n".join(lines)


def _transferred(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return MISSING
    kept, whole, random = (row[part]["explained"] for part in ("kept", "original", "random"))
    return (
        f"{_ranged(100 * kept['share'], _in_percent(kept), 0)} ({100 * whole['share']:.0f}, "
        f"{100 * random['share']:.0f})"
    )


def _grouped(entries: Mapping[str, Mapping[str, Any]]) -> dict[int, list[str]]:
    """Titles of the models by the number of their segments."""
    groups: dict[int, list[str]] = {}
    for name, entry in entries.items():
        groups.setdefault(entry["segments"], []).append(TITLES[name])
    return groups


def _in_percent(entry: Mapping[str, Any]) -> list[float]:
    return [100 * limit for limit in entry["interval"]]


def _ranged(value: float, interval: list[float], digits: int) -> str:
    low, high = (f"{limit:.{digits}f}" for limit in interval)
    return f"{value:.{digits}f} [{low}, {high}]"


def _change(part: Mapping[str, Any]) -> str:
    low, high = (100 * limit for limit in part["change_interval"])
    return f"{100 * part['change']:+.1f} [{low:+.1f}, {high:+.1f}]"
