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
# Changes of a probability by shuffling: from the first on, the order of the frames matters; below
# the second, it does not.
ORDER_MATTERS, ORDER_IGNORED = 0.1, 0.05


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
    target : str
        The explained genre.
    correlation : float, range=[-1, 1]
        Correlation of their SHAP values for this genre.
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
    target: str
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
        One sentence: agreement and its reasons, if a predicted genre is explained; sensitivity to
        order, and predictions for each other's smallest part.
    """
    clauses = [
        f"their SHAP values for {genre_name(found.target)} correlate by {signed(found.correlation)}"
    ]
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
    if found.target not in found.genres:
        return (
            f"they agree on {first}" if first == second else f"they disagree ({first} or {second})"
        )
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
    sizes = [abs(change) for change in changes]
    least, most = min(sizes), max(sizes)
    if most < ORDER_MATTERS or least >= ORDER_IGNORED:
        if most >= ORDER_MATTERS:
            verb = "matters to both"
        else:
            verb = "matters little to both" if most >= ORDER_IGNORED else "matters to neither"
        return (
            f"the order of the frames {verb} ({names[0]} {shown[0]} when they are shuffled, "
            f"{names[1]} {shown[1]})"
        )
    one = sizes.index(most)
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
        One sentence, and a second one where interval and test seem to differ.
    """
    figures = (
        f"{points(test['difference'])} percentage points, 95\u202f% interval "
        f"{points(test['low'])} to {points(test['high'])}; n = {int(test['songs'])} songs; "
        f"McNemar's test, p {p_value(test['p_value'])}"
    )
    without, with_lstm = map(model_name, names)
    if test["p_value"] >= SIGNIFICANT:
        text = (
            f"On unseen artists, the LSTM has no significant effect on accuracy ({with_lstm} "
            f"compared with {without}: {figures})."
        )
        if test["low"] > 0 or test["high"] < 0:
            text += " The interval just excludes zero, but the exact test is more cautious."
        return text
    effect = "helps" if test["difference"] > 0 else "harms"
    return (
        f"On unseen artists, the LSTM {effect}: accuracy of {with_lstm} compared with {without} "
        f"({figures})."
    )
