"""Content of the player for a song: tracks to play, and spectrograms with the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dashboard.charts.axes import band_rows, coefficient_rows, evidence_limit
from dashboard.charts.theme import DARK, LIGHT, rgb
from dashboard.player.passage import Passage, limited_tracks, limited_views
from dashboard.player.wire_format import Payload, Track, View, encode
from dashboard.services import models
from dashboard.services.excerpts import Excerpt, PassageParts, SongParts
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.text import alternatives, formatting, sentences

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.explanation.explain import Explanation

SHADED_DEVIATIONS = 2.5  # standard deviations from the middle grey to black and to white


def payload_of(
    song: Song,
    analysis: Analysis,
    target: ExplanationTarget,
    explanations: Sequence[Explanation],
    segment: int,
    whole: Excerpt,
    parts: SongParts | PassageParts | None,
    *,
    dark: bool,
    passage: Passage | None = None,
) -> Payload:
    """Collect everything that the player shows and plays for a song.

    Parameters
    ----------
    song : Song
        The song.
    analysis : Analysis
        Predictions of a model for the song.
    target : ExplanationTarget
        The explained output.
    explanations : sequence of Explanation
        Explanations of some segments, that of the chosen segment first.
    segment : int
        The chosen segment.
    whole : Excerpt
        The unchanged song.
    parts : SongParts, PassageParts or None
        Important parts and rest, of the song or of a passage; None until the song is explained.
    dark : bool
        Whether the page is dark.
    passage : Passage, optional
        Passage that is shown and played; by default the whole song.

    Returns
    -------
    Payload
        Tracks and spectrograms.
    """
    parameters = analysis.parameters
    frame_s = parameters.hop_length / parameters.sample_rate
    views = views_of(analysis, explanations, None if parts is None else parts.mask)
    start = float(analysis.starts_s[segment])
    colours = DARK if dark else LIGHT
    header = {
        "song": song.digest,
        "file": formatting.file_stem(song.name, target.genre),
        "duration_s": analysis.duration_s,
        "sample_rate": parameters.sample_rate,
        "frame_s": frame_s,
        "segment": [start, start + parameters.segment_s],
        "target": sentences.question_name(target.genre, target.versus),
        "legend": sentences.legend(target.genre, target.versus),
        "alt": alternatives.evidence_alt(target.genre, explanations[0].mel[0], views[-1].names),
        "colours": {
            "dim": rgb(colours.dim),
            "bright": rgb(colours.bright),
            "favour": colours.favour,
            "against": colours.against,
            "label": colours.label,
        },
    }
    tracks = tracks_of(analysis, target, whole, parts)
    if passage is not None:
        views = limited_views(views, passage, parameters.segment_frames)
        tracks = limited_tracks(tracks, passage)
    return encode(header, tracks, views)


def tracks_of(
    analysis: Analysis,
    target: ExplanationTarget,
    whole: Excerpt,
    parts: SongParts | PassageParts | None,
) -> list[Track]:
    """List the original and, if they exist, the important parts and everything else.

    Parameters
    ----------
    analysis, target, whole, parts
        As in `payload_of`.

    Returns
    -------
    list of Track
        Each with the genre's probability, which is unknown for a passage.
    """
    genre = analysis.genres.index(target.genre)

    def probability(excerpt: Excerpt) -> str:
        share = formatting.percent(float(excerpt.probabilities[genre]))
        return f"{share} {formatting.genre_name(target.genre)}"

    tracks = [Track("original", "Original", probability(whole), whole.file)]
    if parts is None:
        return tracks
    for name, label, part, excerpt in (
        ("kept", "Important parts", "keep", parts.kept),
        ("removed", "Everything else", "remove", parts.rest),
    ):
        if isinstance(excerpt, Excerpt):
            tracks.append(Track(name, label, probability(excerpt), excerpt.file, part))
        elif isinstance(parts, PassageParts):
            tracks.append(Track(name, label, "…", excerpt, part, parts.start_s))
    return tracks


def views_of(
    analysis: Analysis, explanations: Sequence[Explanation], mask: np.ndarray | None
) -> list[View]:
    """Draw up the MFCC view and the mel view of a song, with the evidence so far.

    Parameters
    ----------
    analysis : Analysis
        Predictions of a model for the song.
    explanations : sequence of Explanation
        Explanations of some segments. The first segment of the first one sets the colour scale.
    mask : np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool], optional
        Important cells.

    Returns
    -------
    list of View
        All segments of the song, without the padding after its end.
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
    # With as many coefficients as bands, the MFCC view would repeat the mel view.
    return views if parameters.n_mfcc < parameters.n_mels else views[1:]
