"""Every wording of the conclusions, and the thresholds between them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.text.conclusion import (
    DIFFERENT,
    ORDER_MATTERS,
    SIMILAR,
    Findings,
    conclusion,
    lstm_benefit,
)

FOUND = Findings(
    models=("cnn", "cnn_lstm"),
    moment="0:06–0:09",
    genres=("reggae", "reggae"),
    target="reggae",
    correlation=0.2,
)


def test_a_conclusion_names_everything_that_was_measured() -> None:
    found = replace(FOUND, changes=(-0.02, -0.31), accepted=(False, True))
    assert conclusion(found) == (
        "At 0:06–0:09, they agree on reggae, for different reasons: their SHAP values for reggae "
        "correlate by +0.20, the order of the frames matters to CNN-LSTM (−31 points when they are "
        "shuffled) but not to CNN (−2 points), and CNN predicts CNN-LSTM's genre from CNN-LSTM's "
        "smallest sufficient part, but not the reverse."
    )


@pytest.mark.parametrize(
    ("correlation", "reasons"),
    [
        (SIMILAR, "similar reasons"),
        (SIMILAR - 0.01, "partly the same reasons"),
        (DIFFERENT + 0.01, "partly the same reasons"),
        (DIFFERENT, "different reasons"),
        (-0.5, "different reasons"),
    ],
)
def test_the_correlation_decides_on_the_reasons_of_an_agreement(
    correlation: float, reasons: str
) -> None:
    sentence = conclusion(replace(FOUND, correlation=correlation))
    assert sentence.startswith(f"At 0:06–0:09, they agree on reggae, for {reasons}: their SHAP ")


@pytest.mark.parametrize(
    ("correlation", "reasons"),
    [
        (SIMILAR, "although the same parts of the sound matter to both"),
        (0.5, "and only some of the same parts of the sound matter to both"),
        (DIFFERENT, "and different parts of the sound matter to them"),
    ],
)
def test_the_correlation_decides_on_the_reasons_of_a_disagreement(
    correlation: float, reasons: str
) -> None:
    found = replace(FOUND, genres=("hiphop", "rock"), target="rock", correlation=correlation)
    assert f"they disagree (hip-hop or rock), {reasons}: their" in conclusion(found)


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        (
            (-ORDER_MATTERS, 0.4),
            "matters to both (CNN −10 points when they are shuffled, CNN-LSTM +40 points)",
        ),
        (
            (-0.09, 0.0),
            "matters little to both (CNN −9 points when they are shuffled, CNN-LSTM +0 points)",
        ),
        (
            (-0.2, 0.04),
            "matters to CNN (−20 points when they are shuffled) but not to CNN-LSTM (+4 points)",
        ),
        (
            (0.04, -0.2),
            "matters to CNN-LSTM (−20 points when they are shuffled) but not to CNN (+4 points)",
        ),
        (
            (-0.109, -0.096),
            "matters to both (CNN −11 points when they are shuffled, CNN-LSTM −10 points)",
        ),
        (
            (-0.04, 0.0),
            "matters to neither (CNN −4 points when they are shuffled, CNN-LSTM +0 points)",
        ),
    ],
)
def test_the_change_by_shuffling_decides_whom_the_order_matters_to(
    changes: tuple[float, float], clause: str
) -> None:
    sentence = conclusion(replace(FOUND, changes=changes))
    assert sentence.endswith(f"correlate by +0.20 and the order of the frames {clause}.")


@pytest.mark.parametrize(
    ("accepted", "clause"),
    [
        ((True, True), "each predicts the other's genre from the other's smallest sufficient part"),
        (
            (False, False),
            "neither predicts the other's genre from the other's smallest sufficient part",
        ),
        (
            (True, False),
            "CNN-LSTM predicts CNN's genre from CNN's smallest sufficient part, but not the "
            "reverse",
        ),
        (
            (False, True),
            "CNN predicts CNN-LSTM's genre from CNN-LSTM's smallest sufficient part, but not the "
            "reverse",
        ),
    ],
)
def test_predictions_for_each_others_part_are_named(
    accepted: tuple[bool, bool], clause: str
) -> None:
    assert conclusion(replace(FOUND, accepted=accepted)).endswith(f"+0.20 and {clause}.")


@pytest.mark.parametrize(
    ("genres", "head"),
    [
        (("reggae", "reggae"), "they agree on reggae:"),
        (("hiphop", "rock"), "they disagree (hip-hop or rock):"),
    ],
)
def test_an_explanation_of_another_genre_gives_no_reasons(
    genres: tuple[str, str], head: str
) -> None:
    sentence = conclusion(replace(FOUND, genres=genres, target="jazz"))
    assert sentence == f"At 0:06–0:09, {head} their SHAP values for jazz correlate by +0.20."


def test_what_was_not_measured_is_left_out() -> None:
    assert conclusion(FOUND) == (
        "At 0:06–0:09, they agree on reggae, for different reasons: their SHAP values for reggae "
        "correlate by +0.20."
    )


@pytest.mark.parametrize(
    ("difference", "p_value", "beginning"),
    [
        (0.007, 0.69, "On unseen artists, the LSTM has no significant effect on accuracy"),
        (0.05, 0.03, "On unseen artists, the LSTM helps: accuracy of CNN-LSTM compared with CNN"),
        (-0.05, 0.03, "On unseen artists, the LSTM harms: accuracy of CNN-LSTM compared with CNN"),
    ],
)
def test_the_benefit_of_the_lstm_is_told_with_interval_and_test(
    difference: float, p_value: float, beginning: str
) -> None:
    test = {
        "songs": 290,
        "difference": difference,
        "low": difference - 0.02,
        "high": difference + 0.02,
        "p_value": p_value,
    }
    sentence = lstm_benefit(("cnn", "cnn_lstm"), test)
    assert sentence.startswith(beginning)
    assert "95\u202f% interval" in sentence
    assert f"n = 290 songs; McNemar's test, p = {p_value:.2f})." in sentence
    assert f"{'−' if difference < 0 else '+'}{abs(100 * difference):.1f} percentage" in sentence


@pytest.mark.parametrize(("low", "remark"), [(0.001, True), (-0.001, False)])
def test_an_interval_that_seems_to_contradict_the_test_is_explained(
    low: float, remark: bool
) -> None:
    test = {"songs": 290, "difference": 0.038, "low": low, "high": 0.075, "p_value": 0.06}
    sentence = lstm_benefit(("cnn", "cnn_lstm"), test)
    assert sentence.endswith("the exact test is more cautious.") == remark
