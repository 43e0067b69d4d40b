"""Verdicts and accounts as HTML, styled by style.css; every text in them is escaped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.models.registry import is_pretrained
from dashboard.text.formatting import genre_title, html_safe, model_name, percent, points, signed
from dashboard.text.sentences import question_name

SHOWN_GENRES = 3  # on a verdict's card
UNSURE = 0.4  # probability below which a verdict is called unsure


def verdict_cards(cards: Sequence[str]) -> str:
    """Return the cards of `verdict_card` side by side, or below each other where it is narrow."""
    return f'<div class="verdicts">{"".join(cards)}</div>'


def verdict_card(
    model: str,
    genres: Sequence[str],
    shares: np.ndarray,
    accuracy: tuple[float, int] | None = None,
) -> str:
    """Return a model's verdict and the next genres.

    Parameters
    ----------
    model : str
        Name of the model.
    genres : sequence of str
        Genres in the order of the shares.
    shares : np.ndarray [shape=(10,), range=[0, 1]]
        Genre probabilities of the song.
    accuracy : tuple of float and int, optional
        How much of unheard music the model judges rightly, and on how many songs that was measured.

    Returns
    -------
    str
        HTML.
    """
    order = np.argsort(-shares, kind="stable")[:SHOWN_GENRES]
    rows = "".join(
        f"<dt>{html_safe(genre_title(genres[index]))}</dt>"
        f'<dd><span class="bar"><i style="width:{100 * shares[index]:.1f}%"></i></span>'
        f"<span>{percent(shares[index])}</span></dd>"
        for index in order
    )
    best = order[0]
    unsure = ", unsure" if shares[best] < UNSURE else ""
    trust = ""
    if accuracy is not None:
        share, songs = accuracy
        whom = "it had never heard"
        if is_pretrained(model):  # nobody knows who was among what was heard before
            whom = "its last layer was not fitted on"
        trust = (
            f'<p class="trust">Right for {percent(share)} of {songs} songs by artists {whom}.</p>'
        )
    return (
        f'<section class="verdict"><p class="model">{html_safe(model_name(model))}</p>'
        f'<p class="genre">{html_safe(genre_title(genres[best]))} '
        f"<small>{percent(shares[best])}{unsure}</small></p><dl>{rows}</dl>{trust}</section>"
    )


def account(
    target: str, versus: str, base_value: float, shap_values: np.ndarray, prediction: float
) -> str:
    """Return how an answer adds up: base value, evidence for and against, prediction and gap.

    Parameters
    ----------
    target, versus : str
        The explained genre, and the one that it is explained rather than, or nothing.
    base_value : float
        Mean output over the background: a probability, or a difference of log-odds in nats.
    shap_values : np.ndarray
        SHAP values of the segment, in units of the output.
    prediction : float
        Output for the segment.

    Returns
    -------
    str
        HTML table; its gap is the difference of the two figures above it as they are shown.
    """
    values = np.asarray(shap_values, dtype=np.float64)
    favour, against = float(values[values > 0].sum()), float(values[values < 0].sum())
    total = base_value + favour + against
    name = html_safe(question_name(target, versus))
    change: Callable[[float], str]
    if versus:
        average, digits = f"Log-odds of {name} on average, before hearing this", 2

        def exact(output: float) -> str:
            return signed(output)

        change, unit = signed, "natural log-odds"
    else:
        average, digits = f"{genre_title(name)} on average, before hearing this", 3

        def exact(output: float) -> str:
            return f"{100 * output:.1f}\u202f%".replace("-", "−")

        change, unit = points, "percentage points"
    rows = [
        ("", average, exact(base_value)),
        ("for", f"What speaks for {name}", change(favour)),
        ("against", f"What speaks against {name}", change(against)),
        ("total", "Sum", exact(total)),
        ("", "What the network says", exact(prediction)),
        ("gap", "Gap", change(round(prediction, digits) - round(total, digits))),
    ]
    lines = "".join(
        f'<tr class="{kind}"><th scope="row">{text}</th><td>{value}</td></tr>'
        for kind, text, value in rows
    )
    caption = f"These three seconds, added up in {unit}"
    return f'<table class="account"><caption>{caption}</caption><tbody>{lines}</tbody></table>'


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """Return a table; its first column names the rows.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        Texts of the cells, not yet escaped; of two lines the second is smaller.
    caption : str
        What the table shows.

    Returns
    -------
    str
        HTML that scrolls sideways where it is too wide.
    """
    heads = "".join(f'<th scope="col">{html_safe(name)}</th>' for name in header)
    lines = "".join(
        f'<tr><th scope="row">{html_safe(first)}</th>' + "".join(map(_cell, cells)) + "</tr>"
        for first, *cells in rows
    )
    return (
        f'<figure class="grid"><figcaption>{html_safe(caption)}</figcaption>'
        f'<div tabindex="0" role="region" aria-label="{html_safe(caption)}"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div></figure>"
    )


def _cell(text: str) -> str:
    kind = ' class="two"' if "\n" in text else ""
    return f"<td{kind}>{html_safe(text)}</td>"
