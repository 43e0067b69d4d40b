"""Tables and sentences on where the explanations of mixes lie, from models/mixes.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.constants import LOCALISATION_METHODS
from dashboard.text.formatting import (
    clock,
    genre_name,
    grouped,
    markdown_safe,
    model_name,
    points,
    sentence_case,
    share_percent,
)

if TYPE_CHECKING:
    from core.listening.explained_mix import ExplainedMix

INTRODUCTION = (
    "In a mix of two songs it is known where each of them sounds. One test song sounds only in "
    "some seconds or only in some frequency bands; a song of another genre sounds throughout. The "
    "model explains the genre of the first song. The explanation should lie on the cells in which "
    "that song, the *target*, has more power than the other one."
)
NOTES = (
    "**Kept part**: share of the kept {keep} that lies on the target's cells. **Positive "
    "evidence**: the same share of all positive values, each weighted by its size (relevance mass "
    "accuracy, Arras et al. 2022). Cells count by area. Cells where neither song sounds belong to "
    "neither. **Chance**: the target's share of all cells. Random weights (Adebayo et al. "
    "2018) and the loudest cells show what is possible without anything learned. The smallest "
    "sufficient region is only a ranking and has no positive evidence."
)
TABLE = (
    "Method",
    "Kept part",
    "Minus random",
    "Positive evidence",
    "Minus random",
    "Kept part within its seconds or bands",
)
KINDS = {
    "all": "All mixes",
    "seconds": "Some seconds",
    "bands": "Some bands",
    "predicted": "Target predicted",
}
MISSING = "–"
DEFAULT = "shap"


def table_titles() -> dict[str, str]:
    """Titles of the methods, in the order of the table."""
    return {method: sentence_case(title) for method, title in LOCALISATION_METHODS.items()}


def localisation_rows(methods: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Build the rows of the table of localisation.

    Parameters
    ----------
    methods : mapping of str to mapping
        Results of a model in models/mixes.json, by method.

    Returns
    -------
    list of list of str
        A row for each method of `LOCALISATION_METHODS` that was measured, in that order.
    """
    return [
        [
            title,
            *_cells(methods[method].get("kept")),
            *_cells(methods[method].get("mass")),
            _cells(methods[method].get("gate_kept"))[0],
        ]
        for method, title in table_titles().items()
        if method in methods
    ]


def _cells(found: Mapping[str, Any] | None) -> tuple[str, str]:
    """Cells of a share and of its difference from random regions, with intervals."""
    if found is None:
        return MISSING, MISSING
    low, high = found["interval"]
    share = f"{share_percent(found['mean'], digits=1)}\n{100 * low:.1f}–{100 * high:.1f}"
    if not any(found["difference_interval"]):
        return share, MISSING  # random regions themselves
    return share, f"{points(found['difference'])}\n{_limits(found['difference_interval'])}"


def _limits(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{points(low)} to {points(high)}"


def caption(part: Mapping[str, Any], seed: int) -> str:
    """Caption of the table: numbers of mixes and songs."""
    return (
        f"{_counted(part['mixes'], 'mix', 'mixes')} of "
        f"{_counted(part['songs'], 'target song', 'target songs')} by unseen artists "
        f"(95\u202f% confidence intervals, bootstrap over the target songs; seed {seed})"
    )


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def summary(part: Mapping[str, Any]) -> str:
    """Sentences on what the figures of a model say.

    Parameters
    ----------
    part : mapping
        Results of one kind of mix.

    Returns
    -------
    str
        How the default method compares with random regions, whether another method is better, and
        how much of the result needs trained weights.
    """
    methods, chance = part["methods"], part["chance"]
    own = methods[DEFAULT]["kept"]
    sentences = [
        f"{sentence_case(share_percent(own['mean']))} of the part that the default method keeps "
        f"lies on the target song, which fills {share_percent(chance)} of the spectrogram: "
        f"{_compared(own['difference'], own['difference_interval'], 'random regions')}.",
        _best(methods),
        _learned(methods),
    ]
    return " ".join(filter(None, sentences))


def _compared(difference: float, interval: tuple[float, float], reference: str) -> str:
    """Compare a share with a reference: better, worse, or no measurable difference."""
    low, high = interval
    size = points(abs(difference)).removeprefix("+")
    limits = f"95\u202f% interval {_limits(interval)}"
    if low > 0:
        return f"{size} points more than for {reference} ({limits})"
    if high < 0:
        return f"{size} points less than for {reference} ({limits})"
    return f"no measurable difference from {reference} ({limits})"


def _best(methods: Mapping[str, Mapping[str, Any]]) -> str:
    """Name a method of explanation that locates the song better than the default one."""
    better = {
        method: found["kept"]
        for method, found in methods.items()
        if not method.startswith(("other_genre", "random", "level"))
        and found["kept"]["advantage_interval"][1] < 0
    }
    if not better:
        return "No other method locates it measurably better."
    method, found = max(better.items(), key=lambda item: item[1]["mean"])
    return f"Best: {LOCALISATION_METHODS[method]}, {share_percent(found['mean'])}."


def _learned(methods: Mapping[str, Mapping[str, Any]]) -> str:
    """Compare the default method with random weights and with the other song's genre."""
    parts = []
    for method, reference in (
        ("random_weights", "a network with random weights"),
        ("other_genre", "an explanation of the other song's genre"),
    ):
        if method in methods:
            found = methods[method]["kept"]
            interval = found["advantage_interval"]
            parts.append(_compared(found["advantage"], interval, reference))
    return f"Controls, for the default method: {'; '.join(parts)}." if parts else ""


def selection(found: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    """Sentences on which mixes count."""
    dropped = found["dropped"]
    return (
        f"{found['correct']} of {found['pieces']} three-second pieces count, because the model "
        "classifies them correctly alone. Dropped mixes: "
        f"{dropped['improbable']} in which the target's genre had less than "
        f"{share_percent(results['min_probability'])} probability, {dropped['small']} in which the "
        f"target dominated less than {share_percent(results['min_share'])} of the cells, and "
        f"{dropped['silent']} with silence. A song counts at most {results['most_per_song']} times "
        "for each kind of mix."
    )


def levels(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Sentences on the mixes with a quieter or louder target song; empty if not measured."""
    parts = []
    for level, part in sorted(found.items(), key=lambda item: float(item[0])):
        if not part["mixes"]:
            continue
        own, equal = (each["methods"][DEFAULT]["kept"] for each in (part, part["equal"]))
        parts.append(
            f"At {level.replace('-', '−')} dB, {share_percent(own['mean'])} of the kept part lies "
            f"on the target song (chance {share_percent(part['chance'])}): "
            f"{_compared(own['difference'], own['difference_interval'], 'random regions')}; at "
            f"equal loudness {points(equal['difference'])} points "
            f"({_counted(part['mixes'], 'mix', 'mixes')})."
        )
    return f"Quieter or louder target songs: {' '.join(parts)}" if parts else ""


def example_sentences(example: ExplainedMix, model: str) -> str:
    """Describe an example: which songs are mixed, and what the explanation finds."""
    gate = example.mix.gate
    where = (
        f"from {clock(gate.start_s, digits=1)} to {clock(gate.end_s, digits=1)}"
        if gate.kind == "seconds"
        else f"between {grouped(gate.low_hz)} and {grouped(gate.high_hz)} Hz"
    )
    target, rival = (markdown_safe(part.name) for part in (example.mix.target, example.mix.other))
    genre, other = genre_name(example.target_genre), genre_name(example.other_genre)
    return (
        f"*{target}*, which {model_name(model)} classifies as {genre}, sounds only {where} "
        f"(dashed frame). *{rival}* ({other}) sounds throughout. In the mix, {genre} has "
        f"{share_percent(example.probability)} probability. "
        f"{share_percent(example.kept_on_target)} of the kept part lies on *{target}*, "
        f"which fills {share_percent(example.chance)} of the spectrogram."
    )


def example_alt(example: ExplainedMix) -> str:
    """Text alternative of the picture of an example."""
    return (
        f"Spectrogram of a mix of {example.mix.target.name} and {example.mix.other.name} with the "
        f"important parts for {genre_name(example.target_genre)}: "
        f"{share_percent(example.kept_on_target)} of them lie on the cells of "
        f"{example.mix.target.name}."
    )


def localisation_alt(part: Mapping[str, Any]) -> str:
    """Text alternative of the chart of all methods."""
    shares = ", ".join(
        f"{title} {points(part['methods'][method]['kept']['difference'])}"
        for method, title in LOCALISATION_METHODS.items()
        if method in part["methods"]
    )
    return f"Kept part on the target song, in points above random regions: {shares}."
