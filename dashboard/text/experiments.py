"""Sentences about the experiments on *Compare*: order, evidence in time, smallest parts.

Everything here is a pure function of numbers, names and arrays, so it is tested without a page.
Thresholds are described in docs/explanations.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.text.formatting import (
    duration_ms,
    genre_name,
    model_name,
    points,
    sentence_case,
    share_percent,
)

SAME_HALF = 0.03  # shares of frames that differ by less count as equally concentrated
CHANCE = 0.05  # share of shifted copies above which a correlation with onsets is chance

MISSING_ORDER = (
    "These experiments need two models that read a spectrogram. Descriptors and embeddings of a "
    "segment have no frames that could change places, and no evidence in time and frequency."
)
MISSING_VERSIONS = (
    "The shuffled versions can be played only if both models read segments of similar length."
)
NO_ONSETS = "Nothing begins in this segment, so the evidence cannot follow an onset."
WEAK = 0.3  # correlation with the onsets below which a tenth of the variance is in common
TOO_SHORT = "This segment is too short to be shuffled."


def order_on_test_set(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """Sentences on the accuracy of models with shuffled and reversed segments, on the test set.

    Parameters
    ----------
    entries : mapping of str to mapping
        Entries of ``models/order.json`` by name of the model, at least one.

    Returns
    -------
    str
        One sentence for each model, and one on the test set.
    """
    sentences = []
    for name, entry in entries.items():
        shortest = min(entry["shuffled"], key=int)
        changes = [
            _change(entry["shuffled"][shortest]["segment"]),
            _change(entry["backwards"]["segment"]),
        ]
        sentences.append(
            f"Shuffling single frames changes {model_name(name)}'s accuracy by {changes[0]} "
            f"points, reversing by {changes[1]}."
        )
    first = next(iter(entries.values()))
    counts = [str(entry["segments"]) for entry in entries.values()]
    if len(set(counts)) > 1:
        counts = [
            f"{count} ({model_name(name)})" for name, count in zip(entries, counts, strict=True)
        ]
    sentences.append(
        f"{' and '.join(dict.fromkeys(counts))} segments of {first['songs']} songs by unseen "
        f"artists, {first['shuffles']} shuffles each, seed 0; brackets and bars: 95\u202f% "
        "intervals."
    )
    return " ".join(sentences)


def _change(part: Mapping[str, Any]) -> str:
    low, high = part["change_interval"]
    return f"{points(part['change'])} [{points(low)}, {points(high)}]"


def not_measured(names: Sequence[str], what: str) -> str:
    """Sentence on models without a stored measurement; empty if there are none.

    Parameters
    ----------
    names : sequence of str
        Models that lack it.
    what : str
        What was not measured, as the beginning of a sentence.
    """
    if not names:
        return ""
    return f"{what} has not been measured for {' and '.join(map(model_name, names))}."


def played_versions(genre: str, names: Sequence[str]) -> str:
    """Explain the percentages beside the versions in the player."""
    listed = " / ".join(map(model_name, names))
    return (
        "Tracks: length of the shuffled pieces. Percentages: probability of "
        f"{genre_name(genre)} for the audio as played ({listed})."
    )


def versions_alt(names: Sequence[str]) -> str:
    """Text alternative of the waveform of a segment."""
    return (
        "Waveform of the segment, coloured by the original position of each piece, and in the "
        f"original order the evidence by frame of {' and '.join(map(model_name, names))}."
    )


def versions_meaning() -> str:
    """Explain the picture of the versions."""
    return (
        "Colour of the waveform: where a piece was in the original, from the beginning (blue) to "
        "the end (orange). Below it, in the original order: absolute SHAP values of each frame, "
        "each model on its own scale."
    )


def order_alt(lines: Mapping[str, Sequence[float]], what: str) -> str:
    """Text alternative of a chart of order: values for the shortest chunks, in order, reversed.

    Parameters
    ----------
    lines : mapping of str to sequence of float
        By name of the model: values for the shortest chunks, the original and the reversed order.
    what : str
        The charted quantity, as the beginning of a sentence.
    """
    parts = [
        f"{model_name(name)} {share_percent(shuffled)} with the shortest chunks, "
        f"{share_percent(original)} in the original order, {share_percent(backwards)} reversed"
        for name, (shuffled, original, backwards) in lines.items()
    ]
    return f"{what} by length of the shuffled chunks: {'; '.join(parts)}."


def order_method(shuffles: int) -> str:
    """Explain how the order is changed for the chart and for the player."""
    return (
        f"The chart moves frames of the spectrogram, so that nothing but their order changes (mean "
        f"and standard deviation of {shuffles} shuffles, seed 0). The player cuts the waveform at "
        "the same places, with crossfades of 4 ms. This also blurs the frames beside each cut, so "
        "predictions for the played audio can differ, most of all for short chunks."
    )


def concentration(
    names: Sequence[str], half_shares: Sequence[float], ginis: Sequence[float]
) -> str:
    """Sentence on how concentrated the evidence of two models is.

    Parameters
    ----------
    names : sequence of str
        The two models.
    half_shares : sequence of float
        Smallest share of frames with half of the SHAP mass.
    ginis : sequence of float
        Gini index of the SHAP mass.
    """
    first, second = map(model_name, names)
    shares = [share_percent(share) for share in half_shares]
    text = (
        f"Half of {first}'s evidence lies in {shares[0]} of the frames "
        f"(Gini index {ginis[0]:.2f}), half of {second}'s in {shares[1]} ({ginis[1]:.2f})."
    )
    difference = half_shares[0] - half_shares[1]
    if abs(difference) < SAME_HALF:
        return f"{text} Both spread it about equally over time."
    denser = names[0] if difference < 0 else names[1]
    return f"{text} {model_name(denser)} relies on fewer moments."


def lag(
    name: str, lags_s: Sequence[float] | None, correlation: float, chance: float, frame_s: float
) -> str:
    """Sentence on the lag of a model's evidence behind the onsets of a segment.

    Parameters
    ----------
    name : str
        The model.
    lags_s : sequence of float or None
        Lags that fit about equally well, the one to report first; None if the segment is too short.
    correlation, chance : float
        Correlation at this lag, and the share of shifted copies that reach the largest one.
    frame_s : float
        Length of a frame.
    """
    title = model_name(name)
    if lags_s is None:
        return f"The segment is too short to measure a lag for {title}."
    if not lags_s:
        return f"{title}'s evidence does not peak within half a second of the onsets."
    if chance > CHANCE:
        return (
            f"{title}'s evidence has no measurable relation to the onsets: "
            f"{share_percent(chance)} of copies shifted in time correlate as well "
            f"({correlation:.2f})."
        )
    lag_s, resolution = lags_s[0], duration_ms(frame_s)
    if abs(lag_s) < 1.5 * frame_s:
        text = (
            f"{title}'s evidence coincides with the onsets to within a frame ({resolution}; "
            f"correlation {correlation:.2f})."
        )
    else:
        side = "follows" if lag_s > 0 else "precedes"
        text = (
            f"{title}'s evidence {side} the onsets by {duration_ms(abs(lag_s))} (± {resolution}, "
            f"correlation {correlation:.2f})."
        )
    if len(lags_s) > 1:
        text += " Because the rhythm repeats, other lags fit about as well."
    return text


def timing_on_test_set(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """Sentences on the concentration and lag of models' evidence on the test set.

    Parameters
    ----------
    entries : mapping of str to mapping
        Entries `timing` of ``models/order.json`` by name of the model, at least one.
    """
    count = min(entry["segments"] for entry in entries.values())
    sentences = []
    for name, entry in entries.items():
        low, high = entry["half_share"]["interval"]
        sentences.append(
            f"half of {model_name(name)}'s evidence lies in "
            f"{share_percent(entry['half_share']['mean'])} of the frames "
            f"[{share_percent(low)}, {share_percent(high)}]; {_relation_to_onsets(entry)}."
        )
    sentences.append(
        f"Brackets: 95\u202f% intervals, in steps of a frame ({entry['frame_ms']:.0f} ms). A lag "
        "tells which frames of the sound count, not when a network reacts: it reads the whole "
        "segment before it predicts."
    )
    first, *others = sentences
    beginning = f"On {count} test segments of unseen artists, {first}"
    return " ".join([beginning, *map(sentence_case, others)])


def _relation_to_onsets(entry: Mapping[str, Any]) -> str:
    """Clause on the correlation of the evidence with the onsets, and on its lag."""
    correlation, chance = entry["correlation"], entry["chance"]
    if correlation <= chance:
        return "it has no measurable relation to the onsets"
    strength = "weak" if correlation < WEAK else "clear"
    low, high = entry["lag_interval_ms"]
    lag_ms, limits = _ms(entry["lag_ms"]), f"[{_ms(low)}, {_ms(high)}]"
    relation = (
        f"its relation to the onsets is {strength} (correlation {correlation:.2f}; with the onsets "
        f"of other songs below {chance:.2f})"
    )
    if max(abs(low), abs(high)) < 1.5 * entry["frame_ms"]:
        return (
            f"{relation}, and it coincides with them to within a frame (lag {lag_ms} ms {limits})"
        )
    if low <= 0 <= high:
        return f"{relation}, and its lag of {lag_ms} ms {limits} does not differ measurably from 0"
    side = "follows" if low > 0 else "precedes"
    return f"{relation}, and it {side} them (lag {lag_ms} ms {limits})"


def _ms(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")
