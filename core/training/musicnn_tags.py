"""Fits and measures the genre model on top of musicnn, from recordings and from stored tags.

Recordings that are there are heard by musicnn itself, the way the dashboard will do it. Of tracks
without a recording the tags may come from files; they were heard at the recording's own level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import scipy.special

from core.audio.io import load_audio
from core.data.gtzan import TrackSet, list_recordings
from core.errors import AudioError
from core.networks import musicnn
from core.networks.musicnn import PEAK_LEVEL_DB
from core.storage import replacing

WINDOWS = 28  # of a clip of thirty seconds
WHOLE = 24  # windows that make a recording about as long as such a clip
STEP = 61  # frames from one window to the next, just under a second

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TagLogits:
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


def tag_recordings(folders: Sequence[Path], tagger: keras.Model, progress: Progress) -> TagLogits:
    """Let musicnn hear all recordings of some folders.

    Parameters
    ----------
    folders : sequence of Path
        As `core.data.gtzan.list_recordings` reads them.
    tagger : keras.Model
        musicnn, with its weights.
    progress : callable
        Called as ``progress(done, total)``.

    Returns
    -------
    TagLogits
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
        windows = musicnn.window_bounds(len(power), STEP)[:WINDOWS]
        rows = []
        for scaled in (power / max(power.max(), 1e-12) * 10 ** (PEAK_LEVEL_DB / 10), power):
            spectrogram = musicnn.compress(scaled)
            batch = np.stack([spectrogram[start:stop] for start, stop in windows])
            heard = np.asarray(forward(tf.constant(batch, tf.float32)))
            rows.append(heard[np.arange(WINDOWS) % len(heard)])
        names.append(name)
        served.append(rows[0])
        own.append(rows[1])
        counts.append(len(windows))
    progress(len(files), len(files))
    shape = (-1, WINDOWS, musicnn.N_TAGS)
    return TagLogits(
        tuple(names), np.reshape(served, shape), np.reshape(own, shape), np.array(counts, dtype=int)
    )


def cached_tags(
    kept: Path, folders: Sequence[Path], tagger: keras.Model, progress: Progress
) -> TagLogits:
    """Return what musicnn hears in folders, from a file if it was heard before.

    Parameters
    ----------
    kept : Path
        The file, which is written if it is not there.
    folders, tagger, progress
        As in `tag_recordings`.

    Returns
    -------
    TagLogits
        What was heard.
    """
    if kept.is_file():
        with np.load(kept, allow_pickle=False) as archive:
            names = tuple(str(name) for name in archive["names"])
            return TagLogits(names, archive["logits"], archive["stored"], archive["windows"])
    heard = tag_recordings(folders, tagger, progress)
    with replacing(kept) as temporary:
        np.savez(
            temporary,
            names=np.array(heard.names),
            logits=heard.logits,
            stored=heard.stored,
            windows=heard.windows,
        )
    return heard


def agreement(heard: TagLogits, taggrams: np.ndarray | None, tracks: TrackSet) -> dict[str, float]:
    """Compare what was heard with stored tags: the proof that the network was rebuilt rightly.

    Parameters
    ----------
    heard : TagLogits
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


def tag_table(heard: TagLogits, taggrams: np.ndarray | None, tracks: TrackSet) -> np.ndarray:
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


LEAST = 1e-6  # of a tag's probability, before a logarithm


def logits_of(taggrams: np.ndarray) -> np.ndarray:
    """Return the logits of tag probabilities."""
    shares = np.clip(taggrams.astype(np.float64), LEAST, 1 - LEAST)
    return np.log(shares) - np.log1p(-shares)
