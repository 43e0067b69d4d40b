"""Conclusions from measured quantities: the sentence on top of *Compare*, and the LSTM's benefit.

Everything here is a pure function, so every wording is tested without a page. The thresholds are
described in docs/explanations.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.text.formatting import genre_name, model_name, p_value, points, signed
from dashboard.text.sentences import SIGNIFICANT

# Correlation of two models' SHAP values from which they share half of their variance, and up to
# which they share less than a sixth.
SIMILAR, DIFFERENT = 0.7, 0.4
ORDER_MATTERS = 0.1  # smallest change of a probability by shuffling that counts


@dataclass(frozen=True)
class Findings:
    """Measured quantities of two models for one segment.

    Parameters
    ----------
    models : tuple of str
        Names of the two models.
    moment : str
        Time of the segment, as it is written.
    genres : tuple of str
        Genre that each model predicts for the segment.
    correlation : float, range=[-1, 1]
        Correlation of their SHAP values.
    changes : tuple of float or None
        Change in the probability of each model's predicted genre when single frames are shuffled,
        mean over the shuffles; None if the segment is too short.
    accepted : tuple of bool or None
        Whether the second model predicts the first one's genre from the first one's smallest
        sufficient part, and the reverse; None if that has not been computed, or if one of them has
        no such part.
    """

    models: tuple[str, str]
    moment: str
    genres: tuple[str, str]
    correlation: float
    changes: tuple[float, float] | None = None
    accepted: tuple[bool, bool] | None = None


def conclusion(found: Findings) -> str:
    """Sentence on what follows from the experiments on a segment.

    Parameters
    ----------
    found : Findings
        The measured quantities.

    Returns
    -------
    str
        One sentence: agreement and its reasons, sensitivity to order, and predictions for each
        other's smallest part.
    """
    clauses = [f"their SHAP values correlate by {signed(found.correlation)}"]
    if found.changes is not None:
        clauses.append(_order_clause(found.models, found.changes))
    if found.accepted is not None:
        clauses.append(_accepted_clause(found.models, found.accepted))
    *first, last = clauses
    listed = f"{', '.join(first)}, and {last}" if len(first) > 1 else " and ".join(clauses)
    return f"At {found.moment}, {_head(found)}: {listed}."


def _head(found: Findings) -> str:
    similar, different = found.correlation >= SIMILAR, found.correlation <= DIFFERENT
    first, second = map(genre_name, found.genres)
    if first == second:
        reasons = (
            "similar reasons"
            if similar
            else "different reasons"
            if different
            else "partly the same reasons"
        )
        return f"they agree on {first}, for {reasons}"
    reasons = (
        "although the same parts of the sound matter to both"
        if similar
        else "and different parts of the sound matter to them"
        if different
        else "and only some of the same parts of the sound matter to both"
    )
    return f"they disagree ({first} or {second}), {reasons}"


def _order_clause(models: tuple[str, str], changes: tuple[float, float]) -> str:
    shown = [f"{points(change, digits=0)} points" for change in changes]
    names = [model_name(name) for name in models]
    sensitive = [abs(change) >= ORDER_MATTERS for change in changes]
    if all(sensitive) or not any(sensitive):
        who = "both" if all(sensitive) else "neither"
        return (
            f"the order of the frames matters to {who} ({names[0]} {shown[0]} when they are "
            f"shuffled, {names[1]} {shown[1]})"
        )
    one = sensitive.index(True)
    return (
        f"the order of the frames matters to {names[one]} ({shown[one]} when they are shuffled) "
        f"but not to {names[1 - one]} ({shown[1 - one]})"
    )


def _accepted_clause(models: tuple[str, str], accepted: tuple[bool, bool]) -> str:
    if all(accepted) or not any(accepted):
        who = "each" if all(accepted) else "neither"
        return f"{who} predicts the other's genre from the other's smallest sufficient part"
    explained = accepted.index(True)
    one, other = model_name(models[explained]), model_name(models[1 - explained])
    return (
        f"{other} predicts {one}'s genre from {one}'s smallest sufficient part, but not the reverse"
    )


def lstm_benefit(names: tuple[str, str], test: Mapping[str, float]) -> str:
    """Sentence on whether the LSTM improves the accuracy on unseen artists.

    Parameters
    ----------
    names : tuple of str
        The network without and the network with an LSTM.
    test : mapping of str to float
        As `dashboard.services.measurements.mcnemar_test` returns it.

    Returns
    -------
    str
        One sentence.
    """
    figures = (
        f"{points(test['difference'])} percentage points, 95\u202f% interval "
        f"{points(test['low'])} to {points(test['high'])}; n = {int(test['songs'])} songs; "
        f"McNemar's test, p {p_value(test['p_value'])}"
    )
    without, with_lstm = map(model_name, names)
    if test["p_value"] >= SIGNIFICANT:
        return (
            f"On unseen artists, the LSTM has no significant effect on accuracy ({with_lstm} "
            f"compared with {without}: {figures})."
        )
    effect = "helps" if test["difference"] > 0 else "harms"
    return (
        f"On unseen artists, the LSTM {effect}: accuracy of {with_lstm} compared with {without} "
        f"({figures})."
    )
