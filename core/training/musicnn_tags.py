"""Tag logits of tracks from MSD-musicnn: predicted from recordings, or read from stored taggrams.

Recordings are tagged at the level at which the served model tags songs. Stored taggrams, used for
tracks without a recording, were computed at the recording's own level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import scipy.special

from core.audio.io import load_audio
from core.data.gtzan import TrackSet, list_recordings
from core.errors import AudioError, DatasetError
from core.networks import musicnn
from core.storage import fingerprint, replacing

if TYPE_CHECKING:
    import tensorflow as tf

WINDOWS = 28  # of a clip of thirty seconds
WHOLE_CLIP_WINDOWS = 24  # minimum number of windows of a complete clip
WINDOW_STEP = 61  # frames from one window to the next, just under a second
CACHE_VERSION = 1  # of decoding and tagging; increase it whenever the logits change
MIN_PROBABILITY = 1e-6  # of a tag; avoids log(0)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class TagLogits:
    """Tag logits of recordings.

    Parameters
    ----------
    names : tuple of str
        Tracks.
    logits : np.ndarray [shape=(tracks, WINDOWS, 50), dtype=float32]
        Logits at the level of the served model.
    own_level : np.ndarray [shape=(tracks, WINDOWS, 50), dtype=float32]
        Logits at the recordings' own level, comparable with stored taggrams.
    windows : np.ndarray [shape=(tracks,), dtype=int]
        Number of windows that fit into each recording; the others are repetitions.
    """

    names: tuple[str, ...]
    logits: np.ndarray
    own_level: np.ndarray
    windows: np.ndarray

    @property
    def whole_clip(self) -> np.ndarray:
        """Whether each recording is about as long as a clip, `shape=(tracks,)`, bool."""
        return self.windows >= WHOLE_CLIP_WINDOWS


def weight_files(package: Path) -> list[Path]:
    """List the files of the tagger's weights.

    Parameters
    ----------
    package : Path
        Folder of the musicnn package.

    Returns
    -------
    list of Path
        Checkpoint files, sorted.

    Raises
    ------
    DatasetError
        If there are none.
    """
    folder = package / musicnn.CHECKPOINT
    files = sorted(path for path in folder.glob("*") if path.is_file())
    if not files:
        raise DatasetError(
            f"{folder} contains no weights. Install musicnn 0.1.0 without its dependencies and "
            "pass the folder of the package."
        )
    return files


def tag_recordings(folders: Sequence[Path], tagger: keras.Model, progress: Progress) -> TagLogits:
    """Tag all recordings in some folders.

    Parameters
    ----------
    folders : sequence of Path
        Folders of recordings, see `core.data.gtzan.list_recordings`.
    tagger : keras.Model
        musicnn with its weights, see `core.networks.musicnn.build_tagger`.
    progress : callable
        Called as ``progress(done, total)`` with numbers of recordings.

    Returns
    -------
    TagLogits
        The windows of recordings shorter than a clip are repeated from the first one on.
        Recordings that cannot be read are left out.

    Raises
    ------
    DatasetError
        If no recording can be read.
    """
    import tensorflow as tf

    forward = tf.function(lambda batch: tagger(batch, training=False))
    files = list_recordings(folders)
    names: list[str] = []
    logits: list[np.ndarray] = []
    own_level: list[np.ndarray] = []
    counts: list[int] = []
    for index, (name, (path, _)) in enumerate(files.items()):
        progress(index, len(files))
        try:
            audio = load_audio(path, sample_rate=musicnn.PARAMETERS.sample_rate)
        except AudioError:
            continue
        served, own = tag_samples(audio.samples, forward)
        logits.append(served[np.arange(WINDOWS) % len(served)])
        own_level.append(own[np.arange(WINDOWS) % len(own)])
        names.append(name)
        counts.append(len(own))
    progress(len(files), len(files))
    if not names:
        raise DatasetError(f"None of the {len(files)} recordings can be read.")
    return TagLogits(tuple(names), np.stack(logits), np.stack(own_level), np.array(counts))


def tag_samples(
    samples: np.ndarray, forward: Callable[[tf.Tensor], tf.Tensor]
) -> tuple[np.ndarray, np.ndarray]:
    """Tag one recording of up to thirty seconds.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        Audio at the sampling rate of `core.networks.musicnn.PARAMETERS`; repeated if it is shorter
        than one window.
    forward : callable
        From log-mel windows ``(n, 187, 96)`` to tag logits ``(n, 50)``.

    Returns
    -------
    served, own_level : np.ndarray [shape=(windows, 50), dtype=float32]
        Logits at the level of the served model and at the recording's own level; one window starts
        about every second.
    """
    import tensorflow as tf

    power = musicnn.mel_power(samples)
    missing = musicnn.PARAMETERS.segment_frames - len(power)
    if missing > 0:
        power = np.pad(power, ((0, missing), (0, 0)), mode="wrap")
    windows = musicnn.window_bounds(len(power), WINDOW_STEP)[:WINDOWS]
    served = power / max(power.max(), 1e-12) * 10 ** (musicnn.PEAK_LEVEL_DB / 10)
    found = []
    for scaled in (served, power):
        spectrogram = musicnn.compress(scaled)
        batch = np.stack([spectrogram[start:stop] for start, stop in windows])
        found.append(np.asarray(forward(tf.constant(batch, tf.float32))))
    return found[0], found[1]


def cached_tags(
    folders: Sequence[Path],
    weights: Sequence[Path],
    load_tagger: Callable[[], keras.Model],
    cache: Path,
    progress: Progress,
) -> TagLogits:
    """Tag all recordings in some folders, or read their tags from the cache.

    The cache key depends on the content of the recordings and the names of their tracks, not on
    their folders.

    Parameters
    ----------
    folders, progress
        As in `tag_recordings`.
    weights : sequence of Path
        Files of the tagger's weights.
    load_tagger : callable
        Loads the tagger; called only if the recordings have to be tagged.
    cache : Path
        Folder of cached tags.

    Returns
    -------
    TagLogits
        As from `tag_recordings`.
    """
    files = list_recordings(folders)
    key = fingerprint(
        [*weights, *(path for path, _ in files.values())],
        version=CACHE_VERSION,
        tracks=list(files),
    )
    file = cache / f"musicnn-{key[:16]}.npz"
    if file.is_file():
        with np.load(file, allow_pickle=False) as archive:
            names = tuple(str(name) for name in archive["names"])
            return TagLogits(names, archive["logits"], archive["own_level"], archive["windows"])
    tags = tag_recordings(folders, load_tagger(), progress)
    with replacing(file) as temporary:
        np.savez(
            temporary,
            names=np.array(tags.names),
            logits=tags.logits,
            own_level=tags.own_level,
            windows=tags.windows,
        )
    return tags


def agreement(tags: TagLogits, taggrams: np.ndarray | None, tracks: TrackSet) -> dict[str, float]:
    """Compare predicted tags with stored ones, to verify that the network is rebuilt correctly.

    Parameters
    ----------
    tags : TagLogits
        Tags of recordings.
    taggrams : np.ndarray [shape=(tracks, windows, 50), range=[0, 1]], optional
        Stored tag probabilities, NaN where there are none.
    tracks : TrackSet
        Tracks of the stored probabilities.

    Returns
    -------
    dict
        `tracks`: number of tracks with both. Over these tracks, `median_correlation`,
        `least_correlation` and `mean_difference` (absolute).
    """
    correlations, differences = [], []
    for name, logits, whole_clip in zip(tags.names, tags.own_level, tags.whole_clip, strict=True):
        if taggrams is None or not whole_clip or name not in tracks.track_ids:
            continue
        stored = taggrams[tracks.track_ids.index(name)][:WINDOWS]
        if np.isnan(stored).any():
            continue
        predicted = scipy.special.expit(logits[: len(stored)])
        correlations.append(float(np.corrcoef(predicted.ravel(), stored.ravel())[0, 1]))
        differences.append(float(np.abs(predicted - stored).mean()))
    if not correlations:
        return {"tracks": 0}
    return {
        "tracks": len(correlations),
        "median_correlation": float(np.median(correlations)),
        "least_correlation": min(correlations),
        "mean_difference": float(np.mean(differences)),
    }


def tag_table(tags: TagLogits, taggrams: np.ndarray | None, tracks: TrackSet) -> np.ndarray:
    """Collect the tag logits of all tracks.

    Parameters
    ----------
    tags, taggrams, tracks
        As in `agreement`.

    Returns
    -------
    np.ndarray [shape=(tracks, WINDOWS, 50), dtype=float64]
        Logits from whole recordings where there are any, then from stored taggrams, then from
        shorter recordings; NaN for the other tracks.
    """
    table = np.full((len(tracks), WINDOWS, musicnn.N_TAGS), np.nan)
    if taggrams is not None:
        table[:] = logits_of(taggrams[:, :WINDOWS])
    position = {name: index for index, name in enumerate(tracks.track_ids)}
    for name, logits, whole_clip in zip(tags.names, tags.logits, tags.whole_clip, strict=True):
        index = position.get(name)
        if index is not None and (whole_clip or np.isnan(table[index, 0, 0])):
            table[index] = logits
    return table


def logits_of(probabilities: np.ndarray) -> np.ndarray:
    """Compute the logits of tag probabilities, which are clipped to [1e-6, 1 − 1e-6] first."""
    clipped = np.clip(probabilities.astype(np.float64), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    return np.log(clipped) - np.log1p(-clipped)
