"""Novelty score and genre sets of MSD-musicnn, whose spectrograms are those of recordings.

The sound of a song comes from its recording, whatever its length. Its tags come from the recording
if that is about as long as a clip, otherwise from stored taggrams if there are any.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.special

from core.audio.io import load_audio
from core.data.gtzan import TrackSet, list_recordings
from core.data.splits import FOLDS, Split, artist_groups, folds_within
from core.errors import AudioError, DatasetError
from core.features.spectrogram import logmel, mfcc_from_logmel, split_segments
from core.models.novelty import describe
from core.models.spectrogram_models import SpectrogramModel, hidden_layer
from core.storage import fingerprint, replacing
from core.training.musicnn_head import Head, fit_head
from core.training.musicnn_tags import logits_of
from core.training.novelty import HeldOut, SongSet, held_out_songs

VERSION = 1  # of the cached segments; increase it whenever they change
WHOLE_CLIP_SEGMENTS = 8  # recordings with fewer segments are parts of a clip
EVERY_WINDOW = 3  # of stored taggrams, which overlap by two thirds

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class RecordedSegments:
    """Segments of recordings as a model reads them.

    Parameters
    ----------
    names : np.ndarray [shape=(recordings,), dtype=str]
        Tracks.
    recording : np.ndarray [shape=(n,), dtype=int]
        Recording of each segment.
    description : np.ndarray [shape=(n, d)]
        See `core.models.novelty.describe`.
    hidden : np.ndarray [shape=(n, units)]
        Last hidden layer.
    """

    names: np.ndarray
    recording: np.ndarray
    description: np.ndarray
    hidden: np.ndarray


def recorded_segments(
    model: SpectrogramModel, folders: Sequence[Path], cache: Path, progress: Progress
) -> RecordedSegments:
    """Compute the segments of all recordings in some folders, or read them from the cache.

    Parameters
    ----------
    model : SpectrogramModel
        Model.
    folders : sequence of Path
        Folders of recordings, see `core.data.gtzan.list_recordings`.
    cache : Path
        Folder of cached segments.
    progress : callable
        Called as ``progress(done, total)`` with numbers of recordings.

    Returns
    -------
    RecordedSegments
        Recordings that cannot be read are left out.

    Raises
    ------
    DatasetError
        If no recording can be read.
    """
    files = list_recordings(folders)
    key = fingerprint(
        [path for path, _ in files.values()],
        version=VERSION,
        tracks=list(files),
        model=[float(weights.sum()) for weights in model.network.get_weights()],
    )
    file = cache / f"segments-{model.name}-{key[:16]}.npz"
    if not zipfile.is_zipfile(file):  # missing or damaged
        found = _segments(model, files, progress)
        with replacing(file) as temporary:
            np.savez(temporary, allow_pickle=False, **found)
    with np.load(file, allow_pickle=False) as stored:
        return RecordedSegments(**{name: stored[name] for name in stored.files})


def _segments(
    model: SpectrogramModel, files: dict[str, tuple[Path, int]], progress: Progress
) -> dict[str, np.ndarray]:
    names: list[str] = []
    descriptions: list[np.ndarray] = []
    hidden: list[np.ndarray] = []
    for index, (name, (path, _)) in enumerate(files.items()):
        progress(index, len(files))
        try:
            samples = load_audio(path, sample_rate=model.sample_rate).samples
        except AudioError:
            continue
        segments = split_segments(logmel(samples, model.parameters), model.parameters)
        mfcc = mfcc_from_logmel(segments, model.parameters.n_mfcc)
        names.append(name)
        descriptions.append(describe(mfcc, model.parameters))
        hidden.append(model.predict_hidden(mfcc)[1])
    progress(len(files), len(files))
    if not names:
        raise DatasetError(f"None of the {len(files)} recordings can be read.")
    return {
        "names": np.array(names),
        "recording": np.repeat(np.arange(len(names)), [len(each) for each in hidden]),
        "description": np.concatenate(descriptions),
        "hidden": np.concatenate(hidden),
    }


class TaggedSongs:
    """Songs with their tags and sound, as MSD-musicnn reads them.

    Parameters
    ----------
    segments : RecordedSegments
        Segments of the recordings.
    taggrams : np.ndarray [shape=(tracks, windows, 50), range=[0, 1]], optional
        Stored tags, NaN where there are none; see `core.data.taggrams.read_taggrams`.
    tracks : TrackSet
        Tracks.
    """

    def __init__(
        self, segments: RecordedSegments, taggrams: np.ndarray | None, tracks: TrackSet
    ) -> None:
        self.labels = tracks.labels
        self.artists = artist_groups(tracks)
        position = {name: index for index, name in enumerate(tracks.track_ids)}
        track = np.array([position.get(str(name), -1) for name in segments.names])
        self.described = track[segments.recording]
        self.description = segments.description
        count = np.bincount(segments.recording)[segments.recording]
        hidden, songs = [], []
        for index in range(len(tracks)):
            rows = self.described == index
            has_stored = taggrams is not None and not np.isnan(taggrams[index, 0, 0])
            if has_stored and not (count[rows] >= WHOLE_CLIP_SEGMENTS).any():
                assert taggrams is not None
                found = logits_of(taggrams[index, ::EVERY_WINDOW])
            else:
                found = segments.hidden[rows]
            hidden.append(found)
            songs.append(np.full(len(found), index))
        self.hidden = np.concatenate(hidden).astype(np.float64)
        self.songs = np.concatenate(songs)

    def tagged(self, chosen: np.ndarray) -> np.ndarray:
        """Tracks with tags among some tracks, in ascending order."""
        return np.intersect1d(chosen, self.songs)

    def head(self, chosen: np.ndarray) -> Head:
        """Fit the layer from tags to genres to some tracks."""
        rows = np.isin(self.songs, chosen)
        songs = self.songs[rows]
        return fit_head(self.hidden[rows], self.labels[songs], self.artists[songs])

    def song_set(self, predict: Callable[[np.ndarray], np.ndarray], chosen: np.ndarray) -> SongSet:
        """Collect some tracks as the novelty score reads them.

        Parameters
        ----------
        predict : callable
            From tag logits ``(n, 50)`` to calibrated probabilities ``(n, genres)``.
        chosen : np.ndarray [shape=(k,), dtype=int]
            Tracks.
        """
        rows, described = np.isin(self.songs, chosen), np.isin(self.described, chosen)
        hidden = self.hidden[rows]
        return SongSet(
            self.description[described],
            self.described[described],
            hidden,
            predict(hidden),
            self.songs[rows],
            self.labels,
        )


def held_out_of_folds(songs: TaggedSongs, tracks: TrackSet, split: Split) -> HeldOut:
    """Collect the songs that genre layers were not fitted on.

    Parameters
    ----------
    songs : TaggedSongs
        All songs.
    tracks : TrackSet
        Tracks.
    split : Split
        Artist protocol.

    Returns
    -------
    HeldOut
        The songs of five folds of the final training set by artist.
    """

    def folds() -> Iterator[tuple[SongSet, SongSet]]:
        for fitted, rest in folds_within(tracks, split.refit, FOLDS):
            head = songs.head(np.unique(fitted.track))
            known, held_out = (
                songs.song_set(head.predict, np.unique(part.track)) for part in (fitted, rest)
            )
            yield known, held_out

    return held_out_songs(folds())


def genre_layer(model: SpectrogramModel) -> Callable[[np.ndarray], np.ndarray]:
    """Build the function from the last hidden layer of a model to its genre probabilities."""
    kernel, bias = hidden_layer(model.network).get_weights()
    temperature = model.card["temperature"]
    return lambda hidden: scipy.special.softmax((hidden @ kernel + bias) / temperature, axis=1)
