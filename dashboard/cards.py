"""Verdicts and accounts as HTML, styled by style.css; every text in them is escaped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.wording import genre_name, genre_title, html_safe, model_name, percent, points

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
        trust = (
            f'<p class="trust">Right for {percent(share)} of {songs} songs by artists it had never '
            "heard.</p>"
        )
    return (
        f'<section class="verdict"><p class="model">{html_safe(model_name(model))}</p>'
        f'<p class="genre">{html_safe(genre_title(genres[best]))} '
        f"<small>{percent(shares[best])}{unsure}</small></p><dl>{rows}</dl>{trust}</section>"
    )


def account(target: str, base_value: float, shap_values: np.ndarray, prediction: float) -> str:
    """Return how an answer adds up: base value, evidence for and against, prediction and gap.

    Parameters
    ----------
    target : str
        The explained genre.
    base_value : float
        Mean probability of the genre over the background.
    shap_values : np.ndarray
        SHAP values of the segment, in units of probability.
    prediction : float
        Probability of the genre for the segment.

    Returns
    -------
    str
        HTML table; its gap is the difference of the two figures above it as they are shown.
    """
    values = np.asarray(shap_values, dtype=np.float64)
    favour, against = float(values[values > 0].sum()), float(values[values < 0].sum())
    total = base_value + favour + against
    name = html_safe(genre_name(target))

    def exact(share: float) -> str:
        return f"{100 * share:.1f}\u202f%".replace("-", "−")

    rows = [
        ("", f"{genre_title(name)} on average, before hearing this", exact(base_value)),
        ("for", f"What speaks for {name}", points(favour)),
        ("against", f"What speaks against {name}", points(against)),
        ("total", "Sum", exact(total)),
        ("", "What the network says", exact(prediction)),
        ("gap", "Gap", points(round(prediction, 3) - round(total, 3))),
    ]
    lines = "".join(
        f'<tr class="{kind}"><th scope="row">{text}</th><td>{value}</td></tr>'
        for kind, text, value in rows
    )
    return f'<table class="account"><tbody>{lines}</tbody></table>'


def legend(target: str, scale: Sequence[tuple[float, str]], limit: float) -> str:
    """Return what the colours of the evidence mean.

    Parameters
    ----------
    target : str
        The explained genre.
    scale : sequence of (float, str)
        Colour scale, from the strongest evidence against the genre to the strongest for it.
    limit : float
        SHAP value of the strongest colour.

    Returns
    -------
    str
        HTML.
    """
    name = html_safe(genre_name(target))
    stops = ", ".join(f"{colour} {100 * position:.0f}%" for position, colour in scale)
    return (
        f'<div class="legend"><span class="scale" style="background:linear-gradient(to right, '
        f'{stops})"></span><span><b>against {name}</b> −{limit:.2g}</span>'
        f'<span class="unit">SHAP value of one cell</span>'
        f"<span><b>for {name}</b> +{limit:.2g}</span></div>"
    )


def heard(title: str, target: str, probability: float) -> str:
    """Return a player's heading: what it plays, and how likely the genre is in that."""
    return (
        f'<div class="heard"><p>{html_safe(title)}</p><p class="share">{percent(probability)} '
        f"<small>{html_safe(genre_name(target))}</small></p></div>"
    )
