"""Feature sets: inputs of the feature models from spectrograms, recordings or a table."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
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
from core.storage import fingerprint, replacing

BATCH = 1000  # segments whose log-mel spectrograms are in memory at a time
CACHE_VERSION = 1  # of decoding, spectrograms and segments; increase it whenever they change
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of segments.

    Parameters
    ----------
    inputs : np.ndarray [shape=(n, features) or (n, steps, features), dtype=float32]
        Features, as a `core.features.extractors.Extractor` computes them.
    segments : Segments
        The segments, within a track set.
    """

    inputs: np.ndarray
    segments: Segments

    def __len__(self) -> int:
        return len(self.segments)

    def where(self, chosen: np.ndarray) -> FeatureSet:
        """Select segments by a mask or by their indices."""
        return FeatureSet(self.inputs[chosen], self.segments.where(chosen))

    def subset(self, wanted: Segments) -> FeatureSet:
        """Select the segments that are also among others.

        Parameters
        ----------
        wanted : Segments
            For example the training set of a split.

        Returns
        -------
        FeatureSet
            The intersection, in the order of this feature set.
        """
        width = 1 + int(max(self.segments.start.max(), wanted.start.max()))
        return self.where(
            np.isin(
                self.segments.track * width + self.segments.start,
                wanted.track * width + wanted.start,
            )
        )


def from_logmel(tracks: TrackSet, extractor: Extractor) -> FeatureSet:
    """Extract features from the spectrograms of a track set.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    extractor : Extractor
        Extractor that needs only log-mel segments, no samples.

    Returns
    -------
    FeatureSet
        Features of all complete segments.
    """
    segments = all_segments(tracks)
    no_audio = Audio(np.zeros(1, dtype=np.float32))
    parts = []
    for batch in np.array_split(np.arange(len(segments)), max(1, len(segments) // BATCH)):
        part = segments.where(batch)
        parts.append(
            extractor.extract(no_audio, segment_logmel(tracks, part), part.start, tracks.parameters)
        )
    return FeatureSet(np.concatenate(parts), segments)


def with_recordings(tracks: TrackSet, folders: Sequence[Path]) -> tuple[TrackSet, dict[str, Path]]:
    """Select the tracks that have a recording.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    folders : sequence of Path
        Folders of recordings, see `core.data.gtzan.list_recordings`. Recordings of other tracks
        are ignored.

    Returns
    -------
    tracks : TrackSet
        The tracks with a recording.
    files : dict of Path
        Their recordings, by the name of the track.

    Raises
    ------
    DatasetError
        If no track has a recording.
    """
    names = set(tracks.track_ids)
    recordings = list_recordings(folders)
    files = {name: path for name, (path, _) in recordings.items() if name in names}
    if not files:
        raise DatasetError(
            "No recording belongs to a track of the training data. Recordings need the names of "
            "the tracks, for example blues/blues.00000.wav."
        )
    chosen = [index for index, name in enumerate(tracks.track_ids) if name in files]
    selected = replace(
        tracks,
        track_ids=tuple(tracks.track_ids[index] for index in chosen),
        labels=tracks.labels[chosen],
        starts=tracks.starts[chosen],
        lengths=tracks.lengths[chosen],
        floor_db=tracks.floor_db[chosen],
    )
    return selected, files


def from_recordings(
    files: Mapping[str, Path],
    tracks: TrackSet,
    extractor: Extractor,
    cache: Path,
    progress: Progress,
) -> FeatureSet:
    """Extract features from recordings, or read them from the cache.

    The cache key depends on the content of the recordings, the names of their tracks, the feature
    parameters and the version of the extractor, not on the folders of the recordings.

    Parameters
    ----------
    files : mapping of str to Path
        Recordings, by the name of the track.
    tracks : TrackSet
        Tracks.
    extractor : Extractor
        Extractor of the features.
    cache : Path
        Folder of cached features.
    progress : callable
        Called as ``progress(done, total)`` with numbers of recordings.

    Returns
    -------
    FeatureSet
        Complete segments; a recording shorter than a segment gives one, which is padded.
        Recordings that cannot be read are left out.

    Raises
    ------
    DatasetError
        If no recording can be read.
    """
    key = fingerprint(
        files.values(),
        version=CACHE_VERSION,
        tracks=list(files),
        parameters=tracks.parameters.to_json(),
        extractor=[extractor.name, extractor.version],
    )
    file = cache / f"features-{key[:16]}.npz"
    if not zipfile.is_zipfile(file):  # missing or damaged
        with replacing(file) as temporary:
            arrays = _extract_recordings(files, tracks, extractor, progress)
            np.savez(temporary, allow_pickle=False, **arrays)
    index = {name: place for place, name in enumerate(tracks.track_ids)}
    with np.load(file, allow_pickle=False) as archive:
        track = np.array([index[str(name)] for name in archive["names"]])
        return FeatureSet(archive["inputs"], Segments(track, archive["start"]))


def _extract_recordings(
    files: Mapping[str, Path], tracks: TrackSet, extractor: Extractor, progress: Progress
) -> dict[str, np.ndarray]:
    """Extract features from recordings: `inputs`, and `names` and `start` of their segments."""
    parameters = tracks.parameters
    inputs: list[np.ndarray] = []
    names: list[str] = []
    start: list[np.ndarray] = []
    for done, (name, path) in enumerate(files.items()):
        progress(done, len(files))
        try:
            audio = load_audio(path)
        except AudioError:
            continue
        spectrogram = logmel(audio.samples, parameters)
        starts = segment_starts(len(spectrogram), parameters)
        segments = split_segments(spectrogram, parameters)
        complete = starts + parameters.segment_frames <= len(spectrogram)
        complete[0] = True
        inputs.append(extractor.extract(audio, segments[complete], starts[complete], parameters))
        names += [name] * int(complete.sum())
        start.append(starts[complete])
    progress(len(files), len(files))
    if not inputs:
        raise DatasetError(f"None of the {len(files)} recordings can be read.")
    return {
        "inputs": np.concatenate(inputs),
        "names": np.array(names),
        "start": np.concatenate(start),
    }


def from_table(file: Path, tracks: TrackSet) -> FeatureSet:
    """Read the features of whole tracks from the published GTZAN table.

    The tempo is left out: today's librosa estimates it differently, see the benchmark
    `table_agreement`.

    Parameters
    ----------
    file : Path
        Table, see `core.features.gtzan_table.read_table`.
    tracks : TrackSet
        Tracks.

    Returns
    -------
    FeatureSet
        56 features of each track that is in the table, as the features of its first segment.

    Raises
    ------
    DatasetError
        If the file is not this table, or contains none of the tracks.
    """
    names, features, _ = read_table(file)
    index = {name: place for place, name in enumerate(tracks.track_ids)}
    known = np.array([name in index for name in names])
    if not known.any():
        raise DatasetError(f"{file.name} contains no track of the training data.")
    track = np.array([index[name] for name in names if name in index])
    inputs = stable_features(features[known]).astype(np.float32)
    return FeatureSet(inputs, Segments(track, np.zeros(len(track), dtype=int)))


def balanced(features: FeatureSet, labels: np.ndarray, split: Split, seed: int) -> FeatureSet:
    """Select the same number of tracks or segments from each genre at random.

    Where recordings are few, a validation or test set contains many more of some genres than of
    others, and the accuracy would be that of the frequent genres.

    Parameters
    ----------
    features : FeatureSet
        Validation or test set.
    labels : np.ndarray [shape=(tracks,), dtype=int]
        Genre of each track.
    split : Split
        Split that the set belongs to. Its protocol decides what is selected: tracks (`track`) or
        segments (`segment`). Under the artist protocol everything is kept, because two genres have
        only two songs.
    seed : int
        Seed of the selection.

    Returns
    -------
    FeatureSet
        As many tracks or segments of each genre as the rarest genre has.
    """
    if split.protocol == "artist":
        return features
    generator = np.random.default_rng(seed)
    track = features.segments.track
    units = track if split.protocol == "track" else np.arange(len(track))
    names, first = np.unique(units, return_index=True)
    genres = labels[track[first]]
    count = np.bincount(genres)[np.unique(genres)].min()
    chosen = np.concatenate(
        [generator.permutation(names[genres == genre])[:count] for genre in np.unique(genres)]
    )
    return features.where(np.isin(units, chosen))
