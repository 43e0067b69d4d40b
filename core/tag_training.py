"""Fits and measures the genre model on top of musicnn, from recordings and from stored tags.

Recordings that are there are heard by musicnn itself, the way the dashboard will do it. Of tracks
without a recording the tags may come from files; they were heard at the recording's own level.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import scipy.special

from core import musicnn
from core.audio import AudioError, load_audio
from core.background import medoids
from core.catalogue import LISTENER
from core.constants import GENRES
from core.datasets import TrackSet, list_recordings
from core.evaluation import evaluate
from core.features import logmel, split_segments
from core.models import Background, GenreModel
from core.pretrained import LEVEL_DB, fit_head, genre_network, logits_of
from core.splits import Segments, Split
from core.storage import replacing

WINDOWS = 28  # of a clip of thirty seconds
WHOLE = 24  # windows that make a recording about as long as such a clip
CANDIDATES = 6  # recordings a genre for the background
BACKGROUND = 4  # segments that explanations compare with
STEP = 61  # frames from one window to the next, just under a second

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Heard:
    """What musicnn heard in recordings.

    Parameters
    ----------
    names : tuple of str
        Tracks.
    logits : np.ndarray [shape=(tracks, WINDOWS, 50), dtype=float32]
        Logits of the tags, at the level that the model is served with.
    stored : np.ndarray [shape=(tracks, WINDOWS, 50), dtype=float32]
        The same at the recordings' own level, to be compared with stored tags.
    windows : np.ndarray [shape=(tracks,), dtype=int]
        How many windows were really there.
    """

    names: tuple[str, ...]
    logits: np.ndarray
    stored: np.ndarray
    windows: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """Whether each recording is about as long as a clip, `shape=(tracks,)`."""
        return self.windows >= WHOLE


def hear_recordings(folders: Sequence[Path], tagger: keras.Model, progress: Progress) -> Heard:
    """Let musicnn hear all recordings of some folders.

    Parameters
    ----------
    folders : sequence of Path
        As `core.datasets.list_recordings` reads them.
    tagger : keras.Model
        musicnn, with its weights.
    progress : callable
        Called as ``progress(done, total)``.

    Returns
    -------
    Heard
        What is missing of half a minute is filled up by what there is, from its beginning.
    """
    import tensorflow as tf

    forward = tf.function(lambda batch: tagger(batch, training=False))
    files = list_recordings(folders)
    names, served, own, counts = [], [], [], []
    for index, (name, (path, _)) in enumerate(files.items()):
        progress(index, len(files))
        try:
            audio = load_audio(path, sample_rate=musicnn.PARAMETERS.sample_rate)
        except AudioError:
            continue
        power = musicnn.mel_power(audio.samples)
        missing = musicnn.PARAMETERS.segment_frames - len(power)
        if missing > 0:
            power = np.pad(power, ((0, missing), (0, 0)), mode="wrap")
        windows = musicnn.windows(len(power), STEP)[:WINDOWS]
        rows = []
        for scaled in (power / max(power.max(), 1e-12) * 10 ** (LEVEL_DB / 10), power):
            spectrogram = musicnn.compressed(scaled)
            batch = np.stack([spectrogram[start:stop] for start, stop in windows])
            heard = np.asarray(forward(tf.constant(batch, tf.float32)))
            rows.append(heard[np.arange(WINDOWS) % len(heard)])
        names.append(name)
        served.append(rows[0])
        own.append(rows[1])
        counts.append(len(windows))
    progress(len(files), len(files))
    shape = (-1, WINDOWS, musicnn.N_TAGS)
    return Heard(
        tuple(names), np.reshape(served, shape), np.reshape(own, shape), np.array(counts, dtype=int)
    )


def kept_or_heard(
    kept: Path, folders: Sequence[Path], tagger: keras.Model, progress: Progress
) -> Heard:
    """Return what musicnn hears in folders, from a file if it was heard before.

    Parameters
    ----------
    kept : Path
        The file, which is written if it is not there.
    folders, tagger, progress
        As in `hear_recordings`.

    Returns
    -------
    Heard
        What was heard.
    """
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as archive:
            names = tuple(str(name) for name in archive["names"])
            return Heard(names, archive["logits"], archive["stored"], archive["windows"])
    heard = hear_recordings(folders, tagger, progress)
    with replacing(kept) as temporary:
        np.savez(
            temporary,
            names=np.array(heard.names),
            logits=heard.logits,
            stored=heard.stored,
            windows=heard.windows,
        )
    return heard


def agreement(heard: Heard, taggrams: np.ndarray | None, tracks: TrackSet) -> dict[str, float]:
    """Compare what was heard with stored tags: the proof that the network was rebuilt rightly.

    Parameters
    ----------
    heard : Heard
        What was heard.
    taggrams : np.ndarray [shape=(tracks, windows, 50)], optional
        Stored tag probabilities, NaN where there are none.
    tracks : TrackSet
        The tracks that they are of.

    Returns
    -------
    dict
        `tracks`, and over them `median_correlation`, `least_correlation`, `mean_difference`.
    """
    correlations, differences = [], []
    for name, logits, whole in zip(heard.names, heard.stored, heard.whole, strict=True):
        if taggrams is None or not whole or name not in tracks.track_ids:
            continue
        known = taggrams[tracks.track_ids.index(name)][:WINDOWS]
        if np.isnan(known).any():
            continue
        found = scipy.special.expit(logits[: len(known)])
        correlations.append(float(np.corrcoef(found.ravel(), known.ravel())[0, 1]))
        differences.append(float(np.abs(found - known).mean()))
    if not correlations:
        return {"tracks": 0}
    return {
        "tracks": len(correlations),
        "median_correlation": float(np.median(correlations)),
        "least_correlation": min(correlations),
        "mean_difference": float(np.mean(differences)),
    }


def tag_table(heard: Heard, taggrams: np.ndarray | None, tracks: TrackSet) -> np.ndarray:
    """Return the logits of all tracks that are known in some way, NaN for the others.

    Parameters
    ----------
    heard, taggrams, tracks
        As in `agreement`.

    Returns
    -------
    np.ndarray [shape=(tracks, WINDOWS, 50)]
        From the recording where there is one, else from stored tags; these count more than a
        recording of a part.
    """
    table = np.full((len(tracks), WINDOWS, musicnn.N_TAGS), np.nan)
    if taggrams is not None:
        table[:] = logits_of(taggrams[:, :WINDOWS])
    places = {name: index for index, name in enumerate(tracks.track_ids)}
    for name, logits, whole in zip(heard.names, heard.logits, heard.whole, strict=True):
        place = places.get(name)
        if place is not None and (whole or np.isnan(table[place, 0, 0])):
            table[place] = logits
    return table


def rows_of(table: np.ndarray, tracks: TrackSet, side: Segments) -> tuple[np.ndarray, Segments]:
    """Return the tags of those segments of a side that are known, and these segments."""
    side = side.where(~np.isnan(table[side.track, 0, 0]))
    seconds = side.start * tracks.parameters.hop_length / tracks.parameters.sample_rate
    window = np.minimum(np.rint(seconds).astype(int), WINDOWS - 1)
    return table[side.track, window], side


def train(
    table: np.ndarray, tracks: TrackSet, split: Split, seed: int
) -> tuple[
    tuple[np.ndarray, np.ndarray, float],
    dict[str, Any],
    dict[str, tuple[np.ndarray, Segments]],
]:
    """Fit the layer from tags to genres on the larger training side, and measure it.

    Parameters
    ----------
    table : np.ndarray
        As `tag_table` returned it.
    tracks : TrackSet
        The tracks.
    split : Split
        Their sides.
    seed : int
        Seed of the folds that the temperature is fitted on.

    Returns
    -------
    head : tuple
        Kernel, bias and temperature.
    scores : dict
        `valid` (fitted on `train` alone) and `test` metrics, `temperature`, `training_s`.
    answers : dict of str to tuple
        For the `valid` and the `test` side: answers ``(n, 10)``, and those of its segments whose
        tags are known.
    """
    artists = np.array(
        [tracks.entry(index).artist or name for index, name in enumerate(tracks.track_ids)]
    )
    started = time.monotonic()

    def fitted(side: Segments) -> tuple[np.ndarray, np.ndarray, float]:
        rows, known = rows_of(table, tracks, side)
        return fit_head(rows, tracks.labels[known.track], artists[known.track], seed)

    def answers(
        head: tuple[np.ndarray, np.ndarray, float], side: Segments
    ) -> tuple[np.ndarray, Segments]:
        kernel, bias, temperature = head
        rows, known = rows_of(table, tracks, side)
        return scipy.special.softmax((rows @ kernel + bias) / temperature, axis=1), known

    head = fitted(split.refit)
    answered = {
        "valid": answers(fitted(split.train), split.valid),
        "test": answers(head, split.test),
    }
    scores = {
        side: evaluate(rows, tracks.labels[known.track], known.track)
        for side, (rows, known) in answered.items()
    }
    return (
        head,
        {
            **scores,
            "temperature": head[2],
            "training_s": round(time.monotonic() - started),
            "parameters": int(head[0].size + head[1].size),
        },
        answered,
    )


def background_of(folders: Sequence[Path], names: set[str], seed: int) -> Background:
    """Choose what explanations compare with, from recordings of the training side.

    A gradient of this network takes a hundred times as long as one of the small networks, so there
    are only few segments.

    Parameters
    ----------
    folders : sequence of Path
        The recordings.
    names : set of str
        Tracks of the training side.
    seed : int
        Seed of the choice.

    Returns
    -------
    Background
        Medoids of clusters of segments, each with its cluster's share.
    """
    random = np.random.default_rng(seed)
    files = list_recordings(folders)
    chosen = []
    for label in range(len(GENRES)):
        paths = [path for name, (path, found) in files.items() if found == label and name in names]
        for path in random.permutation(np.array(sorted(paths), dtype=object))[:CANDIDATES]:
            audio = load_audio(path, sample_rate=musicnn.PARAMETERS.sample_rate)
            segments = split_segments(logmel(audio.samples, musicnn.PARAMETERS), musicnn.PARAMETERS)
            chosen.append(segments[random.integers(len(segments))])
    cuts = np.stack(chosen)
    points = np.concatenate([cuts.mean(axis=1), cuts.std(axis=1)], axis=1)
    places, shares = medoids(points, BACKGROUND, seed)
    return Background(cuts[places], shares.astype(np.float32))


def package(
    tagger: keras.Model,
    head: tuple[np.ndarray, np.ndarray, float],
    background: Background,
    description: dict[str, Any],
) -> GenreModel:
    """Make the model that can be saved, explained and played like the others.

    Parameters
    ----------
    tagger : keras.Model
        musicnn, with its weights.
    head : tuple
        As `train` returned it.
    background : Background
        What explanations compare with.
    description : dict
        `title`, `data`, `training` and `metrics` of the card.

    Returns
    -------
    GenreModel
        With calibrated output.
    """
    network = genre_network(tagger, *head)
    count = musicnn.PARAMETERS.n_mfcc
    card = {
        "name": LISTENER,
        "genres": list(GENRES),
        "created": time.strftime("%Y-%m-%d"),
        "parameters": int(network.count_params()),
        "features": musicnn.PARAMETERS.to_json(),
        "standardisation": {"mean": [0.0] * count, "scale": [1.0] * count},
        "temperature": head[2],
        **description,
    }
    return GenreModel(network, card, background)
