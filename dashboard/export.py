"""Downloads: the results of a song as JSON, and a self-contained HTML report."""

from __future__ import annotations

import base64
import json
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.charts.theme import LIGHT
from dashboard.player import parts
from dashboard.player.passage import passage_around
from dashboard.player.payload import payload_of
from dashboard.services import excerpts, explanations, models, songs
from dashboard.services.excerpts import OPTIMISED, PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.song_results import results_of
from dashboard.services.songs import Song
from dashboard.text import answers, formatting, sentences
from dashboard.text.formatting import clock, genre_title, html_safe, model_name, share_percent
from dashboard.text.html import contributions_table, prediction_card, prediction_cards
from dashboard.widgets.controls import METHOD_MEANINGS, SHARES

if TYPE_CHECKING:
    from core.analysis import Analysis

STYLE = Path(__file__).resolve().parent / "style.css"

# The variables that Streamlit's theme provides on a page, and the report's own style.
THEME = """
:root { color-scheme: light; --st-text-color: #22282b; --st-background-color: #fcfbf8;
  --st-primary-color: #0f6b66; --st-secondary-background-color: #f1efe9; --st-font: sans-serif; }
body { background: #fcfbf8; color: #22282b; font: 1rem/1.5 sans-serif; margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1, h2 { font-family: serif; }
table.timeline { border-collapse: collapse; display: block; font-size: 0.8rem; overflow-x: auto; }
table.timeline th { font-weight: 400; padding: 0 0.5rem; text-align: right; }
table.timeline td { min-width: 1.1rem; padding: 0.15rem 0.1rem; text-align: center; }
"""


def _quiet(*_: object) -> None:
    """Ignore progress: everything that is saved has been computed, or soon is."""


def results(song: Song, analysis: Analysis, selection: PartSelection) -> bytes:
    """Build the JSON file with a model's predictions for a song and for its parts.

    Parameters
    ----------
    song : Song
        The song.
    analysis : Analysis
        Predictions of a model for the song.
    selection : PartSelection
        Selection of the important parts.

    Returns
    -------
    bytes
        Same structure as ``analysis.json`` of the command line, with more about the explanation.
    """
    content = results_of(song, analysis.model, selection, _quiet)
    return json.dumps(content, indent=2, allow_nan=False).encode()


def report(
    song: Song,
    analysis: Analysis,
    target: ExplanationTarget,
    segment: int,
    selection: PartSelection,
) -> bytes:
    """Build a report with predictions, timeline, player and contributions, all in one file.

    Parameters
    ----------
    song : Song
        The song.
    analysis : Analysis
        Predictions of a model for the song.
    target : ExplanationTarget
        The explained genre.
    segment : int
        The chosen segment.
    selection : PartSelection
        Selection of the important parts.

    Returns
    -------
    bytes
        HTML that opens without a server and loads nothing else.
    """
    name = analysis.model
    own = explanations.segment_explanation_of(song, name, target, segment, _quiet)
    whole = excerpts.whole_song_of(song, name, _quiet)
    song_parts = excerpts.song_parts_of(song, name, selection, _quiet)
    explained = explanations.finished_batches(song, analysis, target)
    passage = passage_around(analysis, segment)
    payload = payload_of(
        song,
        analysis,
        target,
        [own, *explained],
        segment,
        whole,
        song_parts,
        dark=False,
        passage=passage,
    )
    title = html_safe(songs.title_of(song))
    analyses, _ = explanations.analyses_of(song, _quiet)
    cards = [
        prediction_card(
            other,
            each.genres,
            each.song_probabilities,
            answers.answer(each),
            models.accuracy(other),
        )
        for other, each in analyses.items()
    ]
    genre = analysis.genres.index(target.genre)
    probabilities = (
        float(each.probabilities[genre]) for each in (whole, song_parts.kept, song_parts.rest)
    )
    notes = [
        f"Important parts: {share_percent(selection.keep)} of the {SHARES[selection.of].lower()}.",
        METHOD_MEANINGS[selection.method],
        sentences.readings(selection.keep, selection.of, target.genre, *probabilities),
    ]
    if selection.method == OPTIMISED:
        notes.append(
            sentences.enough(excerpts.sufficient_share_of(song, name, target, _quiet), target.genre)
        )
    if passage is not None:
        played = formatting.span(passage.start_s, passage.end_s)
        notes.append(
            f"To keep this file small, it contains the sound and the evidence at {played}; "
            "percentages are for the whole song."
        )
    today = time.strftime("%Y-%m-%d")
    moment = formatting.span(float(analysis.starts_s[segment]), float(analysis.ends_s[segment]))
    question = html_safe(sentences.question_name(target.genre, target.versus))
    base_value, prediction = float(own.base_value[0]), float(own.prediction[0])
    contributions = contributions_table(
        target.genre, target.versus, base_value, own.mfcc[0], prediction
    )
    gap = sentences.shown_gap(base_value, own.mfcc[0], prediction, target.versus)
    meanings = sentences.view_meanings(own.parameters.n_mfcc < own.parameters.n_mels)
    markup, css, script = parts()
    script = script.replace("export default function", "window.mount = function")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}: {question}</title>
<meta name="viewport" content="width=device-width"><style>{THEME}
{STYLE.read_text(encoding="utf-8").replace(".stApp", ":root")}
{css}</style></head><body>
<h1>{title}</h1><p>{html_safe(answers.summary(analyses))}</p>{prediction_cards(cards)}
<h2>Genres over time</h2>
<p>Probability of each genre in every 3-second segment, in % ({html_safe(model_name(name))})</p>
{_timeline_table(analysis)}
<h2>Why {question} at {moment}?</h2><div id="player">{markup}</div>
<p>{html_safe(meanings.replace("*", ""))}</p>
<p>{html_safe(" ".join(notes))}</p>{contributions}
<p>{html_safe(sentences.additivity(gap, target.versus))}</p>
<p>Created with Groove-Guide on {today}. This file works offline.</p>
<script>{script}
const packed = atob("{base64.b64encode(zlib.compress(payload.to_bytes(), 9)).decode()}");
const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
new Response(stream).arrayBuffer().then((data) => window.mount({{
  data: new Uint8Array(data),
  parentElement: document.getElementById("player"),
}}));</script></body></html>
""".encode()


def _timeline_table(analysis: Analysis) -> str:
    """Build the timeline as a table: the higher the probability, the stronger the colour."""
    loud = LIGHT.loud
    heads = "".join(f"<th>{clock(start)}</th>" for start in analysis.starts_s)
    rows = "".join(
        f"<tr><th scope='row'>{html_safe(genre_title(genre))}</th>"
        + "".join(
            f"<td style='background:color-mix(in srgb, {loud} {100 * share:.0f}%, transparent);"
            f"color:{'#fff' if share > 0.5 else 'inherit'}'>{round(100 * share)}</td>"
            for share in column
        )
        + "</tr>"
        for genre, column in zip(analysis.genres, analysis.probabilities.T, strict=True)
    )
    return f"<table class='timeline'><tr><th></th>{heads}</tr>{rows}</table>"
