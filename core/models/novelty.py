"""Novelty: how strange a song is to a model, compared with the songs that it was trained on.

The score combines three parts:

``sound``
    Distance of the sound from the training songs. A segment is described by mean, deviation and
    mean step of each MFCC over time, of frames and of blocks of an eighth of a second. Noise, tones
    and speech are far away.
``hidden``
    Distance of the network's last hidden layer from its values for the training songs. Where the
    network was taught with tags of another network, the distance is that of the tags which a linear
    regression predicts from the hidden layer.
``doubt``
    Entropy of the song's genre probabilities. It is high for music between the known genres.

Segments are averaged over the song. A distance is that to the k-th nearest training song in the
space of the first principal components, where k is 2 % of the songs. Each part is scaled by songs
that the network was not fitted on, parts are added up in groups, and the group with the largest sum
counts. Which parts form a group was chosen by leaving one genre out, see `core.training.novelty`.
At most 5 % of the songs that the network was not fitted on have a novelty above 1.

References
----------
Sun, Ming, Zhu & Li 2022, "Out-of-distribution detection with deep nearest neighbors".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.constants import N_MFCC
from core.features.spectrogram import FeatureParameters
from core.models.archives import explained, load_arrays

PARTS = ("sound", "hidden", "doubt")
BLOCK_S = 0.125  # seconds; beats and syllables change between blocks, noise hardly does
QUIET_STEP = 0.3  # added to deviations and steps before their logarithm is taken
LEAST_DEVIATION = 0.01  # relative to the largest; units that hardly vary must not dominate
SHRINKAGE = 0.1  # of the correlation matrix towards independence
COMPONENTS = 64  # largest number of principal components
WHITENING = 0.25  # exponent of the variances that components are divided by; 0.5 is full whitening
RIDGE = 30.0  # penalty of the regression from standardised units to tags
NEIGHBOUR = 0.02  # which neighbour the distance is measured to, as a share of the training songs
ARRAYS = (
    "sound_centre",
    "sound_projection",
    "sound_songs",
    "hidden_centre",
    "hidden_projection",
    "hidden_songs",
    "typical",
    "spread",
    "weights",
)
HALF_PRECISION = ("projection", "songs")  # ends of the names of arrays that are large


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Training songs as points, to which the distance of another song is measured.

    Parameters
    ----------
    centre : np.ndarray [shape=(d,)]
        Mean of the training segments.
    projection : np.ndarray [shape=(d, q)]
        Matrix to the principal components of the segments, or of their tags.
    songs : np.ndarray [shape=(n, q)]
        Training songs.
    """

    centre: np.ndarray
    projection: np.ndarray
    songs: np.ndarray

    @classmethod
    def fit(
        cls, points: np.ndarray, songs: np.ndarray, tags: np.ndarray | None = None
    ) -> Neighbours:
        """Fit the components to training segments, and project the training songs.

        Parameters
        ----------
        points : np.ndarray [shape=(n, d)]
            Training segments.
        songs : np.ndarray [shape=(n,), dtype=int]
            Song of each segment.
        tags : np.ndarray [shape=(all songs, tags)], optional
            Tag logits by song, NaN where they are unknown. If there are any, the components are
            those of the tags that are predicted for the songs.

        Returns
        -------
        Neighbours
            With the mean of each song.
        """
        points = np.asarray(points, dtype=np.float64)
        centre = points.mean(axis=0)
        members = np.unique(songs)
        means = np.stack([points[songs == song].mean(axis=0) for song in members]) - centre
        projection = np.diag(1 / _deviation(points))
        fitted = (points - centre) @ projection
        known = np.zeros(len(members), dtype=bool)
        if tags is not None:
            known = ~np.isnan(tags[members]).any(axis=1)
        if tags is not None and known.any():
            regression = _ridge(means[known] @ projection, tags[members[known]])
            predicted = means @ projection @ regression
            projection = projection @ regression / _deviation(predicted)
            fitted = means @ projection
            fitted = fitted - fitted.mean(axis=0)
        correlation = fitted.T @ fitted / len(fitted)
        shrunk = (1 - SHRINKAGE) * correlation + SHRINKAGE * np.eye(len(correlation))
        values, vectors = np.linalg.eigh(shrunk)
        projection = projection @ (vectors * values**-WHITENING)[:, -COMPONENTS:]
        return cls(centre, projection, means @ projection)

    def distance(self, points: np.ndarray) -> float:
        """Distance of a song, given its segments ``(n, d)``, to its k-th nearest training song."""
        song = (np.mean(points, axis=0, dtype=np.float64) - self.centre) @ self.projection
        k = max(round(NEIGHBOUR * len(self.songs)), 1)
        squares = np.square(self.songs - song).sum(axis=1)
        return float(np.sqrt(np.partition(squares, k - 1)[k - 1]))


@dataclass(frozen=True, eq=False)
class NoveltyScore:
    """A fitted novelty score of a model.

    Parameters
    ----------
    sound, hidden : Neighbours
        Training songs by `describe` and by the last hidden layer.
    typical, spread : np.ndarray [shape=(3,)]
        Of each part the median over songs that the network was not fitted on, and its distance to
        their 95th percentile.
    weights : np.ndarray [shape=(groups, 3), non-negative]
        Weight of each scaled part in each group; all of them are zero if it is not in the group.
    """

    sound: Neighbours
    hidden: Neighbours
    typical: np.ndarray
    spread: np.ndarray
    weights: np.ndarray

    def check(self) -> None:
        """Check that the arrays fit together.

        Raises
        ------
        ValueError
            If they do not.
        """
        for each in (self.sound, self.hidden):
            if (
                (each.centre.ndim, each.projection.ndim, each.songs.ndim) != (1, 2, 2)
                or each.projection.shape != (len(each.centre), each.songs.shape[1])
                or not len(each.songs)
            ):
                raise ValueError("its arrays do not fit together")
        shapes = self.typical.shape, self.spread.shape, self.weights.shape[1:]
        if self.weights.ndim != 2 or set(shapes) != {(len(PARTS),)} or (self.spread <= 0).any():
            raise ValueError("its scales do not fit the three parts")

    def parts(
        self, description: np.ndarray, hidden: np.ndarray, probabilities: np.ndarray
    ) -> np.ndarray:
        """Compute the parts of a song's novelty.

        Parameters
        ----------
        description : np.ndarray [shape=(n, d)]
            Descriptions of the song's segments, see `describe`.
        hidden : np.ndarray [shape=(n, units)]
            Last hidden layer.
        probabilities : np.ndarray [shape=(n, genres), range=[0, 1]]
            Genre probabilities.

        Returns
        -------
        np.ndarray [shape=(3,)]
            In the order of `PARTS`, not scaled.
        """
        return np.array(
            [
                self.sound.distance(description),
                self.hidden.distance(hidden),
                entropy(probabilities.mean(axis=0, dtype=np.float64)),
            ]
        )

    def combine(self, parts: np.ndarray) -> np.ndarray:
        """Combine the parts of songs.

        Parameters
        ----------
        parts : np.ndarray [shape=(..., 3)]
            Output of `parts`.

        Returns
        -------
        np.ndarray [shape=(...)]
            Novelty; above 1, a song is too strange.
        """
        return (self.scale(parts) @ self.weights.T).max(axis=-1)

    def scale(self, parts: np.ndarray) -> np.ndarray:
        """Scale parts ``(..., 3)``: 0 is the median of other songs, 1 their 95th percentile."""
        return (parts - self.typical) / self.spread

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays to be stored, by name."""
        arrays = (
            self.sound.centre,
            self.sound.projection,
            self.sound.songs,
            self.hidden.centre,
            self.hidden.projection,
            self.hidden.songs,
            self.typical,
            self.spread,
            self.weights,
        )
        return {
            name: array.astype(np.float16 if name.endswith(HALF_PRECISION) else np.float32)
            for name, array in zip(ARRAYS, arrays, strict=True)
        }

    @classmethod
    def load(cls, path: Path) -> NoveltyScore:
        """Read a score from a file that was written with `to_arrays`.

        Raises
        ------
        ModelError
            If the file is damaged, lacks an array, or contains pickled objects.
        """
        found = load_arrays(path, ARRAYS, "a novelty score")
        arrays = [found[name].astype(np.float64) for name in ARRAYS]
        score = cls(Neighbours(*arrays[:3]), Neighbours(*arrays[3:6]), *arrays[6:])
        with explained(path, "a novelty score"):
            score.check()
        return score


def _deviation(points: np.ndarray) -> np.ndarray:
    """Compute the standard deviation of each column, bounded from below."""
    deviation: np.ndarray = points.std(axis=0)
    return np.maximum(deviation, max(LEAST_DEVIATION * deviation.max(), 1e-9))


def _ridge(units: np.ndarray, tags: np.ndarray) -> np.ndarray:
    """Regress standardised tags on standardised units, `shape=(units, tags)`."""
    standardised = (tags - tags.mean(axis=0)) / _deviation(tags)
    gram = units.T @ units + RIDGE * np.eye(units.shape[1])
    return np.linalg.solve(gram, units.T @ standardised)


def describe(
    mfcc: np.ndarray, parameters: FeatureParameters, filled: np.ndarray | None = None
) -> np.ndarray:
    """Describe segments by how their MFCCs are distributed over time.

    Parameters
    ----------
    mfcc : np.ndarray [shape=(n, segment_frames, n_mfcc)]
        MFCCs, not standardised; only the first 13 count.
    parameters : FeatureParameters
        Their parameters.
    filled : np.ndarray [shape=(n,), dtype=int, range=[1, segment_frames]], optional
        Number of frames of each segment that lie within the song; all by default. The others do not
        count.

    Returns
    -------
    np.ndarray [shape=(n, 65), dtype=float64]
        Of each coefficient the mean; of frames and of blocks the logarithms of the deviation and of
        the mean absolute step from one to the next.
    """
    values = np.asarray(mfcc[..., :N_MFCC], dtype=np.float64)
    n, frames, n_mfcc = values.shape
    filled = np.full(n, frames) if filled is None else np.asarray(filled)
    size = max(round(BLOCK_S * parameters.sample_rate / parameters.hop_length), 1)
    n_blocks = frames // size
    blocks = values[:, : n_blocks * size].reshape(n, n_blocks, size, n_mfcc).mean(axis=2)
    mean, *of_frames = _statistics(values, filled)
    _, *of_blocks = _statistics(blocks, np.clip(filled // size, 1, n_blocks))
    return np.concatenate([mean, *np.log(np.stack([*of_frames, *of_blocks]) + QUIET_STEP)], axis=1)


def _statistics(values: np.ndarray, filled: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mean, deviation and mean step over the first steps of each segment, `shape=(n, n_mfcc)`."""
    inside = (np.arange(values.shape[1]) < filled[:, np.newaxis])[..., np.newaxis]
    count = filled[:, np.newaxis]
    mean = (values * inside).sum(axis=1) / count
    variance = (np.square(values - mean[:, np.newaxis]) * inside).sum(axis=1) / count
    steps = (np.abs(np.diff(values, axis=1)) * inside[:, 1:]).sum(axis=1)
    return mean, np.sqrt(variance), steps / np.maximum(count - 1, 1)


def entropy(probabilities: np.ndarray) -> float:
    """Entropy of a distribution in nats."""
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())
