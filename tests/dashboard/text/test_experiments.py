"""Sentences about order, evidence in time and smallest parts."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.text import experiments

PAIR = ("cnn", "cnn_lstm")


def part(change: float) -> dict[str, Any]:
    """Accuracy in one order."""
    return {"segment": {"change": change, "change_interval": [change - 0.02, change + 0.03]}}


def entry(shuffled: float, backwards: float, **timing: Any) -> dict[str, Any]:
    """Entry of order.json."""
    return {
        "songs": 290,
        "segments": 2900,
        "shuffles": 3,
        "shuffled": {"36": part(0.0), "1": part(shuffled), "2": part(-0.5)},
        "backwards": part(backwards),
        "timing": {
            "segments": 100,
            "half_share": {"mean": 0.34, "interval": [0.32, 0.36]},
            "frame_ms": 41.5,
            "lag_ms": 41.5,
            "lag_interval_ms": [-41.5, 83.0],
            "correlation": 0.25,
            "chance": 0.08,
            **timing,
        },
    }


def test_the_test_set_is_reported_for_single_frames_and_reversed_segments() -> None:
    text = experiments.order_on_test_set({"cnn": entry(0.0, 0.001), "cnn_lstm": entry(-0.3, -0.08)})
    assert text == (
        "Shuffling single frames changes CNN's accuracy by +0.0 [−2.0, +3.0] points, reversing by "
        "+0.1 [−1.9, +3.1]. Shuffling single frames changes CNN-LSTM's accuracy by −30.0 [−32.0, "
        "−27.0] points, reversing by −8.0 [−10.0, −5.0]. 2900 segments of 290 songs by unseen "
        "artists, 3 shuffles each, seed 0; brackets and bars: 95\u202f% intervals."
    )


def test_different_numbers_of_segments_are_both_given() -> None:
    entries = {"cnn": entry(0.0, 0.0), "crnn": {**entry(0.0, 0.0), "segments": 290}}
    text = experiments.order_on_test_set(entries)
    assert " 2900 (CNN) and 290 (CRNN) segments of 290 songs by unseen artists" in text


def test_models_without_a_measurement_are_named() -> None:
    assert experiments.not_measured([], "This") == ""
    assert experiments.not_measured(PAIR, "This") == (
        "This has not been measured for CNN and CNN-LSTM."
    )


@pytest.mark.parametrize(
    ("shares", "meaning"),
    [
        ((0.3, 0.32), "Both spread it about equally over time."),
        ((0.2, 0.32), "CNN relies on fewer moments."),
        ((0.4, 0.32), "CNN-LSTM relies on fewer moments."),
    ],
)
def test_concentration_names_the_model_that_relies_on_fewer_moments(
    shares: tuple[float, float], meaning: str
) -> None:
    text = experiments.concentration(PAIR, shares, (0.25, 0.5))
    assert text.startswith(
        f"Half of CNN's evidence lies in {100 * shares[0]:.0f}\u202f% of the frames (Gini index "
        "0.25), half of CNN-LSTM's in 32\u202f% (0.50). "
    )
    assert text.endswith(f" {meaning}")


WITHIN = "CNN's evidence coincides with the onsets to within a frame (41 ms; correlation 0.40)."


@pytest.mark.parametrize(
    ("lags_s", "chance", "text"),
    [
        (None, 1.0, "The segment is too short to measure a lag for CNN."),
        ((), 0.02, "CNN's evidence does not peak within half a second of the onsets."),
        ((0.083,), 0.02, "CNN's evidence follows the onsets by 83 ms (± 41 ms, correlation 0.40)."),
        (
            (-0.083, 0.166),
            0.02,
            "CNN's evidence precedes the onsets by 83 ms (± 41 ms, correlation 0.40). Because the "
            "rhythm repeats, other lags fit about as well.",
        ),
        *(((lag_s,), 0.02, WITHIN) for lag_s in (0.0, 0.0414, -0.0414)),
        (
            (0.083,),
            0.3,
            "CNN's evidence has no measurable relation to the onsets: 30\u202f% of copies shifted "
            "in time correlate as well (0.40).",
        ),
    ],
)
def test_a_lag_is_told_with_its_uncertainty_or_not_at_all(
    lags_s: tuple[float, ...] | None, chance: float, text: str
) -> None:
    assert experiments.lag("cnn", lags_s, 0.4, chance, 0.0414) == text


def test_the_evidence_in_time_on_the_test_set_has_intervals_and_a_baseline() -> None:
    entries = {
        "cnn": entry(0, 0)["timing"],
        "cnn_lstm": entry(0, 0, correlation=0.05)["timing"],
    }
    assert experiments.timing_on_test_set(entries) == (
        "On 100 test segments of unseen artists, half of CNN's evidence lies in 34\u202f% of the "
        "frames [32\u202f%, 36\u202f%]; its relation to the onsets is weak (correlation 0.25; with "
        "the onsets of other songs below 0.08), and its lag of 42 ms [−42, 83] does not differ "
        "measurably from 0. Half of CNN-LSTM's evidence lies in 34\u202f% of the frames "
        "[32\u202f%, 36\u202f%]; it has no measurable relation to the onsets. Brackets: "
        "95\u202f% intervals, in steps of a frame (42 ms). A lag tells which frames of the sound "
        "count, not when a network reacts: it reads the whole segment before it predicts."
    )


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (
            [41.5, 124.5],
            "is clear (correlation 0.50; with the onsets of other songs below 0.08), "
            "and it follows them (lag 83 ms [42, 124]).",
        ),
        ([-124.5, -41.5], "and it precedes them (lag 83 ms [−124, −42])."),
        ([-41.5, 41.5], "and it coincides with them to within a frame (lag 83 ms [−42, 42])."),
        ([0.0, 83.0], "and its lag of 83 ms [0, 83] does not differ measurably from 0."),
    ],
)
def test_a_lag_is_claimed_only_if_its_interval_excludes_zero(
    interval: list[float], text: str
) -> None:
    timing = entry(0, 0, correlation=0.5, lag_ms=83.0, lag_interval_ms=interval)["timing"]
    assert text in experiments.timing_on_test_set({"cnn": timing})


def test_alternatives_and_explanations_name_the_models() -> None:
    alt = experiments.order_alt({"cnn": (0.2, 0.9, 0.8)}, "Accuracy")
    assert alt == (
        "Accuracy by length of the shuffled chunks: CNN 20\u202f% with the shortest chunks, "
        "90\u202f% in the original order, 80\u202f% reversed."
    )
    assert "CNN and CNN-LSTM" in experiments.versions_alt(PAIR)
    assert "probability of hip-hop for the audio as played (CNN / CNN-LSTM)" in (
        experiments.played_versions("hiphop", PAIR)
    )
    assert "8 shuffles" in experiments.order_method(8)
