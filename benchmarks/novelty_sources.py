"""Networks of the novelty benchmark: their songs, fits without one genre, and calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.novelty_fits import responses
from benchmarks.novelty_measures import Scores
from core.constants import GENRES, MODELS_DIR
from core.data.gtzan import TrackSet
from core.data.segments import segment_mfcc
from core.data.splits import Segments, Split, split_tracks
from core.evaluation.calibration import apply_temperature
from core.evaluation.scores import load_scores
from core.models.novelty import NoveltyScore, describe
from core.models.registry import MUSICNN
from core.models.store import load_spectrogram_model
from core.training.hyperparameters import hyperparameters
from core.training.novelty import HeldOut, SongSet, unscaled
from core.training.novelty_networks import held_out_of_networks, song_tags
from core.training.novelty_recordings import (
    TaggedSongs,
    genre_layer,
    held_out_of_folds,
    recorded_segments,
)
from core.training.progress import EpochBars, reporter
from core.training.spectrogram_models import SpectrogramTrainer

SEED = 0


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Songs around a genre that a network was fitted without.

    Parameters
    ----------
    score : NoveltyScore
        Training songs of the network; no scale.
    chosen_on : tuple of np.ndarray
        Parts of the novelty of validation songs of the other genres, and of training and validation
        songs of the genre.
    measured_on : tuple of np.ndarray
        The same for test songs.
    baseline : tuple of np.ndarray
        One minus the largest probability of the same test songs.
    """

    score: NoveltyScore
    chosen_on: Scores
    measured_on: Scores
    baseline: Scores


def left_out_of(sets: Mapping[str, SongSet], genre: int, tags: np.ndarray | None = None) -> LeftOut:
    """Collect the songs around a genre that was left out.

    Parameters
    ----------
    sets : mapping of str to SongSet
        Songs that the network was fitted on (``"known"``), training songs of the genre
        (``"strange"``), and the songs of ``"valid"`` and ``"test"``.
    genre : int
        The genre.
    tags : np.ndarray [shape=(songs, tags)], optional
        See `core.training.novelty.unscaled`.
    """
    score = unscaled(sets["known"], tags)
    parts = {name: sets[name].parts(score) for name in ("strange", "valid", "test")}
    own = {name: sets[name].truths == genre for name in ("valid", "test")}
    doubt = 1 - sets["test"].votes.max(axis=1)
    return LeftOut(
        score,
        (
            parts["valid"][~own["valid"]],
            np.concatenate([parts["strange"], parts["valid"][own["valid"]]]),
        ),
        (parts["test"][~own["test"]], parts["test"][own["test"]]),
        (doubt[~own["test"]], doubt[own["test"]]),
    )


class Networks:
    """Networks on the archive: CNN and CNN-LSTM.

    Parameters
    ----------
    name : str
        Model.
    tracks : TrackSet
        Tracks of the archive.
    taggrams : np.ndarray or None
        Tags of the training tracks.
    cache, runs : Path
        Folder of the fits without a genre, and of the networks of the folds.
    """

    def __init__(
        self, name: str, tracks: TrackSet, taggrams: np.ndarray | None, cache: Path, runs: Path
    ) -> None:
        self.name, self.cache, self.taggrams = name, cache, taggrams
        self.model = load_spectrogram_model(name)
        self.tracks = replace(tracks, parameters=self.model.parameters)
        self.split = split_tracks(self.tracks, "artist", SEED)
        scores = load_scores(MODELS_DIR)[f"{name}/artist"]
        self.scores = {
            "temperature": self.model.card["temperature"],
            "offsets": scores.get("offsets", [0.0] * len(GENRES)),
            "epochs": self.model.card["training"]["epochs"],
        }
        settings = replace(hyperparameters(name, "artist"), epochs=self.scores["epochs"])
        self.trainers = [
            SpectrogramTrainer(
                self.tracks,
                self.split,
                {name: settings},
                folder,
                seed=SEED,
                taggrams=taggrams,
                resume=True,
                progress=EpochBars(),
            )
            for folder in (runs, cache / "fits")
        ]

    def left_out(self) -> dict[str, LeftOut]:
        """Fit the network without each genre in turn."""
        return {name: self._without(genre) for genre, name in enumerate(GENRES)}

    def _without(self, genre: int) -> LeftOut:
        found = responses(self.trainers[1], self.name, genre, self.cache)
        sets = {}
        for each in ("train", "valid", "test"):
            segments: Segments = getattr(self.split, each)
            mfcc = segment_mfcc(self.tracks, segments)
            probabilities = apply_temperature(found.probabilities[each], self.scores["temperature"])
            sets[each] = self._songs(segments, mfcc, found.hidden[each], probabilities)
        own = self.tracks.labels[self.split.train.track] == genre
        return left_out_of(
            {**sets, "known": _where(sets["train"], ~own), "strange": _where(sets["train"], own)},
            genre,
            self.tags,
        )

    def _songs(
        self, segments: Segments, mfcc: np.ndarray, hidden: np.ndarray, probabilities: np.ndarray
    ) -> SongSet:
        return SongSet(
            describe(mfcc, self.tracks.parameters),
            segments.track,
            hidden,
            probabilities,
            segments.track,
            self.tracks.labels,
        )

    def songs(self, segments: Segments) -> SongSet:
        """Compute a set of the archive as the score of the bundled model reads it."""
        mfcc = segment_mfcc(self.tracks, segments)
        probabilities, hidden = self.model.predict_hidden(mfcc)
        return self._songs(segments, mfcc, hidden, probabilities)

    @property
    def tags(self) -> np.ndarray | None:
        """Mean tag logits of the training tracks."""
        return song_tags(self.taggrams)

    def known(self) -> SongSet:
        """Collect the songs that the bundled model was fitted on."""
        return self.songs(self.split.refit)

    def held_out(self) -> HeldOut:
        """Collect the songs that the networks of the folds were not fitted on."""
        folds = self.trainers[0].held_out(self.name, self.scores["epochs"])
        return held_out_of_networks(folds, self.scores, self.tags)

    def test_songs(self) -> SongSet:
        """Collect the songs of the test set."""
        return self.songs(self.split.test)


class Musicnn:
    """MSD-musicnn, whose tags are those of recordings or stored.

    Parameters
    ----------
    tracks : TrackSet
        Tracks of the archive.
    folders : list of Path
        Folders of recordings.
    taggrams : np.ndarray or None
        Stored tags.
    cache : Path
        Folder of cached segments.
    """

    def __init__(
        self, tracks: TrackSet, folders: list[Path], taggrams: np.ndarray | None, cache: Path
    ) -> None:
        from tqdm import tqdm

        self.name = MUSICNN
        self.model = load_spectrogram_model(MUSICNN)
        self.tracks = tracks
        self.split: Split = split_tracks(tracks, "artist", SEED)
        with tqdm(desc="recordings", unit="recording") as bar:
            segments = recorded_segments(self.model, folders, cache, reporter(bar))
        self.songs = TaggedSongs(segments, taggrams, tracks)

    def left_out(self) -> dict[str, LeftOut]:
        """Fit the genre layer without each genre in turn."""
        found = {}
        for genre, name in enumerate(GENRES):
            train, valid, test = (
                np.unique(getattr(self.split, each).track) for each in ("train", "valid", "test")
            )
            own = self.tracks.labels[train] == genre
            head = self.songs.head(train[~own])
            chosen = {"known": train[~own], "strange": train[own], "valid": valid, "test": test}
            sets = {
                each: self.songs.song_set(head.predict, songs) for each, songs in chosen.items()
            }
            found[name] = left_out_of(sets, genre)
        return found

    tags: np.ndarray | None = None  # the hidden layer has the tags

    def known(self) -> SongSet:
        """Collect the songs that the genre layer was fitted on."""
        return self.songs.song_set(genre_layer(self.model), np.unique(self.split.refit.track))

    def held_out(self) -> HeldOut:
        """Collect the songs that the genre layers of the folds were not fitted on."""
        return held_out_of_folds(self.songs, self.tracks, self.split)

    def test_songs(self) -> SongSet:
        """Collect the songs of the test set."""
        return self.songs.song_set(genre_layer(self.model), np.unique(self.split.test.track))


def _where(songs: SongSet, chosen: np.ndarray) -> SongSet:
    """Select segments of a set whose sound and responses come from the same segments."""
    return SongSet(
        songs.description[chosen],
        songs.described[chosen],
        songs.hidden[chosen],
        songs.probabilities[chosen],
        songs.songs[chosen],
        songs.labels,
    )
