"""Sources of training data: spectrograms, recordings, stored tags, a table, a pretrained tagger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.data.feature_sets import (
    FeatureSet,
    from_logmel,
    from_recordings,
    from_table,
    with_recordings,
)
from core.data.gtzan import TrackSet
from core.errors import DatasetError
from core.features.extractors import EXTRACTORS
from core.training.progress import reporter


@dataclass(frozen=True, eq=False)
class Sources:
    """Training data given by the user.

    Parameters
    ----------
    tracks : TrackSet
        Tracks with their log-mel spectrograms.
    read_from : str
        Where the spectrograms come from, for the cards.
    taggrams : tuple of Path
        Stored tags of tracks, see `core.data.taggrams.read_taggrams`.
    recordings : tuple of Path
        Folders of recordings, see `core.data.gtzan.list_recordings`.
    table : Path, optional
        The published GTZAN feature table, see `core.features.gtzan_table.read_table`.
    musicnn : Path, optional
        Folder of the musicnn package.
    """

    tracks: TrackSet
    read_from: str
    taggrams: tuple[Path, ...] = ()
    recordings: tuple[Path, ...] = ()
    table: Path | None = None
    musicnn: Path | None = None

    def description(self, source: str) -> str:
        """Describe a source for the cards.

        Parameters
        ----------
        source : {"logmel", "recordings", "table"}
            As in `core.models.registry.FeatureModelSpec`.
        """
        return {
            "logmel": self.read_from,
            "recordings": "audio files",
            "table": "table of features",
        }[source]

    def features(self, name: str, source: str, cache: Path) -> tuple[TrackSet, FeatureSet]:
        """Extract features from one of the sources.

        Parameters
        ----------
        name : str
            Features, see `core.features.extractors.EXTRACTORS`.
        source : {"logmel", "recordings", "table"}
            Source to extract them from.
        cache : Path
            Folder of cached features of recordings.

        Returns
        -------
        tracks : TrackSet
            Tracks to split. Without those that have no recording, if recordings are the source:
            otherwise some genres would have only two songs in a test set.
        features : FeatureSet
            Features of their segments.

        Raises
        ------
        DatasetError
            If the source is missing or cannot be used.
        """
        from tqdm import tqdm

        extractor = EXTRACTORS[name]
        parameters = replace(self.tracks.parameters, segment_frames=extractor.frames)
        tracks = replace(self.tracks, parameters=parameters)
        if source == "logmel":
            return tracks, from_logmel(tracks, extractor)
        if source == "table":
            if self.table is None:
                raise DatasetError(f"The features '{name}' come from a file. Add --table FILE.")
            return tracks, from_table(self.table, tracks)
        self._require_recordings()
        tracks, files = with_recordings(tracks, self.recordings)
        with tqdm(desc=f"{name} features", unit="recording") as bar:
            return tracks, from_recordings(files, tracks, extractor, cache, reporter(bar))

    def required_musicnn(self) -> Path:
        """Folder of the musicnn package, if everything that a model on top of it needs is given.

        Raises
        ------
        DatasetError
            If the package or the recordings are missing.
        """
        if self.musicnn is None:
            raise DatasetError("The weights of musicnn are missing. Add --musicnn FOLDER.")
        self._require_recordings()
        return self.musicnn

    def _require_recordings(self) -> None:
        if not self.recordings:
            raise DatasetError("This model is trained on recordings. Add --recordings FOLDER.")
