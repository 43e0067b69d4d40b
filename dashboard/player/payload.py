"""What the player shows and plays of a song: spectrograms with evidence, and the tracks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts.axes import band_rows, coefficient_rows, evidence_limit
from dashboard.charts.theme import DARK, LIGHT, rgb
from dashboard.player.pack import Pack, Track, View, pack
from dashboard.services import models
from dashboard.services.excerpts import Excerpt, PassageParts, SongParts
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.text import alternatives, formatting, sentences

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.explanation.explain import Explanation

SHADED_DEVIATIONS = 2.5  # of the training data, from the middle grey to the ends


def pack_of(
    song: Song,
    analysis: Analysis,
    target: ExplanationTarget,
    explanations: Sequence[Explanation],
    segment: int,
    whole: Excerpt,
    song_parts: SongParts | PassageParts | None,
    *,
    dark: bool,
) -> Pack:
    """Return what the player is given of a song.

    Parameters
    ----------
    song : Song
        The song.
    analysis : Analysis
        What a model says of it.
    target : ExplanationTarget
        What is explained.
    explanations : sequence of Explanation
        Of some of its segments, the chosen one among them and first.
    segment : int
        The chosen segment.
    whole : Excerpt
        The song as it is.
    song_parts : SongParts, PassageParts or None
        What matters and the rest, of the song or of a passage, if the whole song is explained.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    Pack
        Tracks and pictures.
    """
    genre = analysis.genres.index(target.genre)

    def answer(excerpt: Excerpt) -> str:
        share = formatting.percent(float(excerpt.probabilities[genre]))
        return f"{share} {formatting.genre_name(target.genre)}"

    tracks = [Track("original", "Original", answer(whole), whole.file)]
    kept, rest = ("kept", "Only what is kept"), ("removed", "Only the rest")
    if isinstance(song_parts, PassageParts):
        start = song_parts.start_s
        tracks.append(Track(*kept, "…", song_parts.kept, "keep", start))
        tracks.append(Track(*rest, "…", song_parts.rest, "remove", start))
    elif song_parts is not None:
        tracks.append(Track(*kept, answer(song_parts.kept), song_parts.kept.file, "keep"))
        tracks.append(Track(*rest, answer(song_parts.rest), song_parts.rest.file, "remove"))
    parameters = analysis.parameters
    frame_s = parameters.hop_length / parameters.sample_rate
    views = views_of(analysis, explanations, None if song_parts is None else song_parts.mask)
    start = float(analysis.starts_s[segment])
    colours = DARK if dark else LIGHT
    header = {
        "song": song.digest,
        "file": formatting.file_stem(song.name, target.genre),
        "duration_s": analysis.duration_s,
        "sample_rate": parameters.sample_rate,
        "frame_s": frame_s,
        "segment": [start, start + parameters.segment_s],
        "explained": True,
        "target": sentences.question_name(target.genre, target.versus),
        "alt": alternatives.evidence_alt(target.genre, explanations[0].mel[0], views[-1].names),
        "colours": {
            "dim": rgb(colours.dim),
            "bright": rgb(colours.bright),
            "favour": colours.favour,
            "against": colours.against,
            "label": colours.label,
        },
    }
    return pack(header, tracks, views)


def views_of(
    analysis: Analysis, explanations: Sequence[Explanation], mask: np.ndarray | None
) -> list[View]:
    """Return the MFCC and the mel view of a song, with the evidence that there is so far.

    Parameters
    ----------
    analysis : Analysis
        What a model says of the song.
    explanations : sequence of Explanation
        Of some of its segments; the first one's first segment sets the colours' scale.
    mask : np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool], optional
        The cells that matter.

    Returns
    -------
    list of View
        As long as the song's segments, without the padding after its end.
    """
    parameters = analysis.parameters
    frame_s = parameters.hop_length / parameters.sample_rate
    frames = min(
        len(analysis.logmel) * parameters.segment_frames, 1 + int(analysis.duration_s / frame_s)
    )

    def song_long(values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, values.shape[-1])[:frames]

    mfcc_shap, mel_shap = np.zeros_like(analysis.inputs), np.zeros_like(analysis.logmel)
    for explanation in explanations:
        mfcc_shap[explanation.segments] = explanation.mfcc
        mel_shap[explanation.segments] = explanation.mel
    coefficients = coefficient_rows(parameters.n_mfcc)
    bands = band_rows(models.band_frequencies(analysis.model))
    mean, scale = models.standardisation(analysis.model)
    half = parameters.top_db / 2
    views = [
        View(
            name="mfcc",
            label="MFCC",
            values=song_long(analysis.inputs),
            shap=song_long(mfcc_shap),
            limit=evidence_limit(explanations[0].mfcc[0]),
            centre=mean,
            spread=2 * SHADED_DEVIATIONS * scale,
            names=coefficients.labels,
            ticks=coefficients.ticks,
            value=coefficients.value,
        ),
        View(
            name="mel",
            label="Mel spectrogram",
            values=song_long(analysis.logmel),
            shap=song_long(mel_shap),
            limit=evidence_limit(explanations[0].mel[0]),
            centre=np.full(parameters.n_mels, -half),
            spread=np.full(parameters.n_mels, 2 * half),
            names=bands.labels,
            ticks=bands.ticks,
            value=bands.value,
            mask=None if mask is None else song_long(mask),
        ),
    ]
    # All coefficients are the bands in other words: nobody reads 96 of them.
    return views if parameters.n_mfcc < parameters.n_mels else views[1:]
