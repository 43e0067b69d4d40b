"""What models of numbers are fitted and measured on: from spectrograms, recordings or the table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.audio.io import Audio, load_audio
from core.data.gtzan import TrackSet, list_recordings
from core.data.segments import segment_logmel
from core.data.splits import Segments, Split, all_segments
from core.errors import AudioError, DatasetError
from core.features.extractors import Extractor
from core.features.gtzan_table import read_table, stable_features
from core.features.spectrogram import logmel, segment_starts, split_segments
from core.storage import replacing

CHUNK = 1000  # segments at a time
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Segments as a model of numbers reads them.

    Parameters
    ----------
    inputs : np.ndarray [shape=(n, …), dtype=float32]
        What is read.
    segments : Segments
        Of the track set: which segments these are.
    """

    inputs: np.ndarray
    segments: Segments

    def side(self, wanted: Segments) -> FeatureSet:
        """Return those that belong to a side of a split.

        Parameters
        ----------
        wanted : Segments
            The side.

        Returns
        -------
        FeatureSet
            Those of its segments that are here.
        """
        width = 1 + int(max(self.segments.start.max(), wanted.start.max()))
        inside = np.isin(
            self.segments.track * width + self.segments.start, wanted.track * width + wanted.start
        )
        return FeatureSet(self.inputs[inside], self.segments.where(inside))


def from_logmel(tracks: TrackSet, reader: Extractor) -> FeatureSet:
    """Return all segments of a track set, from their spectrograms.

    Parameters
    ----------
    tracks : TrackSet
        The tracks.
    reader : Extractor
        What is read; it must not need the waveform.

    Returns
    -------
    FeatureSet
        All whole segments.
    """
    segments = all_segments(tracks)
    nothing = Audio(np.zeros(1, dtype=np.float32))
    parts = []
    for rows in np.array_split(np.arange(len(segments)), max(1, len(segments) // CHUNK)):
        some = segments.where(rows)
        parts.append(
            reader.extract(nothing, segment_logmel(tracks, some), some.start, tracks.parameters)
        )
    return FeatureSet(np.concatenate(parts), segments)


def recorded(folders: Sequence[Path], tracks: TrackSet) -> tuple[TrackSet, dict[str, Path]]:
    """Return those of the tracks that there are recordings of, and their files.

    Parameters
    ----------
    folders : sequence of Path
        As `core.data.gtzan.list_recordings` reads them.
    tracks : TrackSet
        The tracks; recordings of others are passed over.

    Returns
    -------
    tracks : TrackSet
        The tracks with recordings.
    files : dict of Path
        By the tracks' names.

    Raises
    ------
    DatasetError
        If there is none.
    """
    known = set(tracks.track_ids)
    listed = list_recordings(folders)
    files = {name: path for name, (path, _) in listed.items() if name in known}
    if not files:
        raise DatasetError("None of the recordings is of a track that is trained on.")
    chosen = [index for index, name in enumerate(tracks.track_ids) if name in files]
    some = replace(
        tracks,
        track_ids=tuple(tracks.track_ids[index] for index in chosen),
        labels=tracks.labels[chosen],
        starts=tracks.starts[chosen],
        lengths=tracks.lengths[chosen],
        floor_db=tracks.floor_db[chosen],
    )
    return some, files


def from_recordings(
    files: dict[str, Path], tracks: TrackSet, reader: Extractor, kept: Path, progress: Progress
) -> FeatureSet:
    """Return the segments of recordings; what was read once is kept in a file.

    Parameters
    ----------
    files : dict of Path
        Recordings, by the tracks' names.
    tracks : TrackSet
        The tracks.
    reader : Extractor
        What is read.
    kept : Path
        Folder of the files that are kept.
    progress : callable
        Called as ``progress(done, total)``.

    Returns
    -------
    FeatureSet
        Whole segments; of a recording shorter than one, that one.
    """
    listing = [(str(path), path.stat().st_size) for path in files.values()]
    key = [listing, tracks.parameters.to_json(), reader.name, reader.version]
    file = kept / f"read-{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]}.npz"
    if not file.is_file():
        inputs, names, start = [], [], []
        for done, (name, path) in enumerate(files.items()):
            progress(done, len(files))
            try:
                audio = load_audio(path)
            except AudioError:
                continue
            spectrogram = logmel(audio.samples, tracks.parameters)
            starts = segment_starts(len(spectrogram), tracks.parameters)
            segments = split_segments(spectrogram, tracks.parameters)
            whole = starts + tracks.parameters.segment_frames <= len(spectrogram)
            whole[0] = True
            inputs.append(reader.extract(audio, segments[whole], starts[whole], tracks.parameters))
            names += [name] * int(whole.sum())
            start.append(starts[whole])
        progress(len(files), len(files))
        with replacing(file) as temporary:
            np.savez(
                temporary,
                inputs=np.concatenate(inputs),
                names=np.array(names),
                start=np.concatenate(start),
            )
    places = {name: index for index, name in enumerate(tracks.track_ids)}
    with np.load(file, allow_pickle=False) as archive:
        track = np.array([places[str(name)] for name in archive["names"]])
        return FeatureSet(archive["inputs"], Segments(track, archive["start"]))


def from_table(file: Path, tracks: TrackSet) -> FeatureSet:
    """Return the tracks of the public table.

    Without its tempo: librosa tells another one today, see the benchmark `table_agreement`.

    Parameters
    ----------
    file : Path
        As `core.features.gtzan_table.read_table` reads it.
    tracks : TrackSet
        The tracks.

    Returns
    -------
    FeatureSet
        56 features of each track that is known, as its first segment.

    Raises
    ------
    DatasetError
        If the file is no such table, or none of its tracks is known.
    """
    names, features, _ = read_table(file)
    places = {name: index for index, name in enumerate(tracks.track_ids)}
    known = np.array([name in places for name in names])
    if not known.any():
        raise DatasetError(f"None of the tracks in {file.name} is among those trained on.")
    track = np.array([places[name] for name in names if name in places])
    inputs = stable_features(features[known]).astype(np.float32)
    return FeatureSet(inputs, Segments(track, np.zeros(len(track), dtype=int)))


def balanced(numbers: FeatureSet, labels: np.ndarray, split: Split, seed: int) -> FeatureSet:
    """Return a side in which every genre counts alike.

    Where few recordings are at hand, a side holds far more of some genres than of others, and the
    easy ones would make the figure.

    Parameters
    ----------
    numbers : FeatureSet
        The side.
    labels : np.ndarray [shape=(tracks,), dtype=int]
        Genre of each track.
    split : Split
        By tracks, whole tracks are left out; by segments, segments. By artists all stay: two
        genres have two songs there.
    seed : int
        Seed of the choice.

    Returns
    -------
    FeatureSet
        As many tracks, or segments, of each genre as the rarest has.
    """
    if split.protocol == "artist":
        return numbers
    generator = np.random.default_rng(seed)
    track = numbers.segments.track
    units = track if split.protocol == "track" else np.arange(len(track))
    names, first = np.unique(units, return_index=True)
    genres = labels[track[first]]
    least = np.bincount(genres)[np.unique(genres)].min()
    chosen = np.concatenate(
        [generator.permutation(names[genres == genre])[:least] for genre in np.unique(genres)]
    )
    inside = np.isin(units, chosen)
    return FeatureSet(numbers.inputs[inside], numbers.segments.where(inside))
