"""Cards of predictions and tables as HTML, styled by style.css; every text in them is escaped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.models.registry import is_pretrained
from dashboard.text.answers import Answer
from dashboard.text.formatting import (
    genre_name,
    genre_title,
    html_safe,
    model_name,
    percent,
    points,
    share_percent,
    signed,
)
from dashboard.text.sentences import question_name, shown_gap

SHOWN_GENRES = 3  # on a prediction card
LONG_TITLE = 16  # characters; longer titles are set in smaller type


def prediction_cards(cards: Sequence[str]) -> str:
    """Lay out the cards of `prediction_card` side by side, or stacked on a narrow screen."""
    return f'<div class="predictions">{"".join(cards)}</div>'


def prediction_card(
    model: str,
    genres: Sequence[str],
    probabilities: np.ndarray,
    answer: Answer,
    accuracy: tuple[float, int] | None = None,
) -> str:
    """Build the card of a model's prediction: answer, most probable genres and accuracy.

    Parameters
    ----------
    model : str
        Name of the model.
    genres : sequence of str
        Genres in the order of the probabilities.
    probabilities : np.ndarray [shape=(10,), range=[0, 1]]
        Genre probabilities of the song.
    answer : Answer
        The prediction in words.
    accuracy : tuple of float and int, optional
        Accuracy on unseen artists, and the number of test songs.

    Returns
    -------
    str
        HTML.
    """
    order = np.argsort(-probabilities, kind="stable")[:SHOWN_GENRES]
    rows = "".join(
        f"<dt>{html_safe(genre_title(genres[index]))}</dt>"
        f'<dd><span class="bar"><i style="width:{100 * probabilities[index]:.1f}%"></i></span>'
        f"<span>{percent(probabilities[index])}</span></dd>"
        for index in order
    )
    trust = ""
    if accuracy is not None:
        share, songs = accuracy
        artists = "unseen artists"
        if is_pretrained(model):  # its pretraining data may include these artists
            artists = "artists unseen by its final layer"
        trust = f'<p class="trust">{share_percent(share)} correct on {songs} songs by {artists}</p>'
    kinds = "genre" + " long" * (len(answer.title) > LONG_TITLE)
    note = f" <small>{html_safe(answer.note)}</small>" if answer.note else ""
    return (
        f'<section class="prediction{" strange" * (not answer.fits)}">'
        f'<p class="model">{html_safe(model_name(model))}</p>'
        f'<p class="{kinds}">{html_safe(answer.title)}{note}</p><dl>{rows}</dl>{trust}</section>'
    )


def contributions_table(
    target: str, versus: str, base_value: float, shap_values: np.ndarray, prediction: float
) -> str:
    """Build the table that adds up a prediction: base value, evidence for and against, and gap.

    Parameters
    ----------
    target, versus : str
        The explained genre, and the genre that it is compared with, or nothing.
    base_value : float
        Mean output over the background: a probability, or a difference of log-odds in nats.
    shap_values : np.ndarray
        SHAP values of the segment, in units of the output.
    prediction : float
        Output for the segment.

    Returns
    -------
    str
        HTML table; the gap is the difference of the two rounded numbers above it.
    """
    values = np.asarray(shap_values, dtype=np.float64)
    favour, against = float(values[values > 0].sum()), float(values[values < 0].sum())
    total = base_value + favour + against
    name, rival = html_safe(genre_name(target)), html_safe(genre_name(versus))
    absolute: Callable[[float], str]
    change: Callable[[float], str]
    if versus:
        question = html_safe(question_name(target, versus))
        average, unit = f"average log-odds of {question}", " (log-odds, nats)"
        names = f"for {name} (against {rival})", f"for {rival} (against {name})"
        absolute = change = signed
    else:
        average, unit = f"average probability of {name}", ""
        names = f"for {name}", f"against {name}"
        absolute, change = _one_decimal, _points
    rows = [
        ("", f"Starting point: {average}", absolute(base_value)),
        ("for", f"Evidence {names[0]}", change(favour)),
        ("against", f"Evidence {names[1]}", change(against)),
        ("total", "Sum", absolute(total)),
        ("", "Prediction", absolute(prediction)),
        ("gap", "Gap", change(shown_gap(base_value, values, prediction, versus))),
    ]
    lines = "".join(
        f'<tr class="{kind}"><th scope="row">{text}</th><td>{value}</td></tr>'
        for kind, text, value in rows
    )
    caption = f"How this 3-second prediction adds up{unit}"
    return (
        f'<table class="contributions"><caption>{caption}</caption><tbody>{lines}</tbody></table>'
    )


def _one_decimal(output: float) -> str:
    """Format a sum of probabilities, which may lie outside [0, 1], in per cent."""
    return share_percent(output, digits=1)


def _points(difference: float) -> str:
    """Format a difference of probabilities as percentage points with their unit."""
    return f"{points(difference)} points"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """Build a table whose first column names the rows.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        Texts of the cells, not yet escaped; the second line of a cell is set in smaller type.
    caption : str
        Caption above the table.

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
