"""Training batches: random three-second cuts of log-mel spectrograms, varied before the DCT.

Everything happens on the 128-band spectrogram, where a change means something (a louder recording,
a darker one, a higher key, a slower band, a silent region), and inside the TensorFlow graph. Mixup
is Zhang et al. (2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import Segments
from core.features.masking import silence
from core.features.spectrogram import dct_matrix

EQ_TERMS = 6  # cosines that make up a random tone curve
LOWEST_EDGE = 0.55  # of the mel axis: the lowest frequency from which a cut can be darkened
FALLS_DB = (0.5, 12.0)  # dB a band beyond it


@dataclass(frozen=True)
class Augmentation:
    """How strongly training cuts are varied; zero switches a variation off.

    Parameters
    ----------
    reverse : float
        Probability of playing a cut backwards.
    tempo : float
        Largest change of tempo, as a logarithm.
    shift_bands : float
        Largest shift along the mel axis, in bands.
    eq_db : float
        Standard deviation of the first term of a random tone curve, in dB.
    gain_db : float
        Largest fall of level, in dB; the largest rise is half of it.
    darkened : float
        Probability that the highest bands fade.
    masked : float
        Probability that only 10-100 % of the cut's area stays; see `core.features.masking`.
    mixup : float
        Parameter of mixup's symmetric Beta distribution.
    softened : float
        Share of the target that is the teacher's opinion, where there is one.
    """

    reverse: float = 0.5
    tempo: float = 0.2
    shift_bands: float = 4.0
    eq_db: float = 4.0
    gain_db: float = 10.0
    darkened: float = 0.3
    masked: float = 0.5
    mixup: float = 0.2
    softened: float = 0.6


def training_runs(segments: Segments, tracks: TrackSet) -> np.ndarray:
    """Return where each training segment may be cut: the unbroken run of training frames round it.

    Parameters
    ----------
    segments : Segments
        Training side of a split.
    tracks : TrackSet
        The tracks.

    Returns
    -------
    np.ndarray [shape=(n, 4), dtype=int32]
        Track, first frame and end of the run, first frame of the segment; frames within the track.
        A track whose segments are all on this side is one run, to its very end.
    """
    length = tracks.parameters.segment_frames
    rows = np.zeros((len(segments), 4), dtype=np.int32)
    for track in np.unique(segments.track):
        members = np.flatnonzero(segments.track == track)
        members = members[np.argsort(segments.start[members])]
        starts = segments.start[members]
        breaks = np.flatnonzero(np.diff(starts) != length) + 1
        for run in np.split(members, breaks):
            low, high = segments.start[run[0]], segments.start[run[-1]] + length
            if len(run) == int(tracks.lengths[track]) // length:
                high = tracks.lengths[track]
            for item in run:
                rows[item] = track, low, high, segments.start[item]
    return rows


class BatchMaker:
    """Makes training batches inside the graph.

    Parameters
    ----------
    tracks : TrackSet
        The tracks.
    segments : Segments
        Training side of the split.
    mean, scale : np.ndarray [shape=(n_mfcc,)]
        Standardisation of the coefficients.
    augmentation : Augmentation
        How strongly to vary.
    batch_size : int
        Cuts a batch.
    seed : int
        Seed of the generator.
    taggrams : np.ndarray [shape=(tracks, windows, tags)], optional
        What a teacher hears in each second of a track; NaN where it was not asked.
    opinions : np.ndarray [shape=(tracks, windows, 10)], optional
        The genres the teacher makes of it; NaN where it was not asked.

    Attributes
    ----------
    generator : tf.random.Generator
        Source of all randomness here; goes into checkpoints.
    """

    def __init__(
        self,
        tracks: TrackSet,
        segments: Segments,
        mean: np.ndarray,
        scale: np.ndarray,
        augmentation: Augmentation,
        batch_size: int,
        seed: int,
        taggrams: np.ndarray | None = None,
        opinions: np.ndarray | None = None,
    ) -> None:
        self.parameters = tracks.parameters
        self.augmentation = augmentation
        self.batch_size = batch_size
        self.generator = tf.random.Generator.from_seed(seed)
        self._frames = tf.constant(tracks.frames)
        self._first = tf.constant(tracks.starts, tf.int32)
        self._floor = tf.constant(tracks.floor_db, tf.float32)
        self._labels = tf.constant(tracks.labels, tf.int32)
        self._runs = tf.constant(training_runs(segments, tracks))
        self._mean = tf.constant(mean, tf.float32)
        self._scale = tf.constant(scale, tf.float32)
        self._dct = tf.constant(dct_matrix(self.parameters.n_mfcc, self.parameters.n_mels).T)
        bands = (np.arange(self.parameters.n_mels) + 0.5) / self.parameters.n_mels
        terms = np.arange(1, EQ_TERMS + 1)
        curves = np.cos(np.pi * np.outer(terms, bands)) / np.sqrt(terms)[:, np.newaxis]
        self._curves = tf.constant(curves, tf.float32)
        if taggrams is None:
            taggrams = np.full((len(tracks), 1, 1), np.nan, dtype=np.float32)
        self._taught = tf.constant(~np.isnan(taggrams[:, 0, 0]), tf.float32)
        self._taggrams = tf.constant(np.nan_to_num(taggrams), tf.float32)
        if opinions is None:
            opinions = np.full((*taggrams.shape[:2], len(GENRES)), np.nan, dtype=np.float32)
        self._opinionated = tf.constant(~np.isnan(opinions[:, 0, 0]), tf.float32)
        self._opinions = tf.constant(np.nan_to_num(opinions), tf.float32)

    def _uniform(self, shape: list[int], low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        return self.generator.uniform(shape, low, high)

    def _cut(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return log-mel cuts, their tracks and their first frames within the tracks."""
        size, length = self.batch_size, self.parameters.segment_frames
        chosen = self.generator.uniform([size], 0, tf.shape(self._runs)[0], tf.int32)
        track, low, high, start = tf.unstack(tf.gather(self._runs, chosen), axis=1)
        low, high, start = (tf.cast(value, tf.float32) for value in (low, high, start))
        tempo = self.augmentation.tempo
        rate = tf.exp(self._uniform([size], -tempo, tempo))
        rate = tf.minimum(rate, (high - low) / length)
        span = rate * length
        earliest = tf.maximum(low, start - length / 2)
        latest = tf.maximum(tf.minimum(high - span, start + length / 2), earliest)
        first = earliest + self._uniform([size]) * (latest - earliest)
        first = tf.minimum(first, high - span)
        position = first[:, None] + rate[:, None] * tf.range(length, dtype=tf.float32)
        frame = tf.cast(tf.clip_by_value(position, low[:, None], high[:, None] - 1), tf.int32)
        backwards = self._uniform([size, 1]) < self.augmentation.reverse
        frame = tf.where(backwards, frame[:, ::-1], frame)
        quanta = tf.gather(self._frames, tf.gather(self._first, track)[:, None] + frame)
        floor = tf.gather(self._floor, track)[:, None, None]
        return floor * (1 - (tf.cast(quanta, tf.float32) + 0.5) / 256), track, first

    def _shift(self, logmel: tf.Tensor) -> tf.Tensor:
        """Move spectra along the mel axis, as a change of key does."""
        bands, most = self.parameters.n_mels, self.augmentation.shift_bands
        place = tf.range(bands, dtype=tf.float32) + self._uniform([self.batch_size, 1], -most, most)
        place = tf.clip_by_value(place, 0.0, bands - 1.001)
        lower = tf.cast(tf.floor(place), tf.int32)
        part = (place - tf.floor(place))[:, None]
        return (
            tf.gather(logmel, lower, axis=2, batch_dims=1) * (1 - part)
            + tf.gather(logmel, lower + 1, axis=2, batch_dims=1) * part
        )

    def _recolour(self, logmel: tf.Tensor) -> tf.Tensor:
        """Change tone and level, as another recording does."""
        size, most = self.batch_size, self.augmentation.gain_db
        weights = self.generator.normal([size, EQ_TERMS], 0.0, self.augmentation.eq_db)
        logmel += tf.matmul(weights, self._curves)[:, None]
        logmel += self._uniform([size, 1, 1], -most, most / 2)
        return tf.clip_by_value(logmel, -self.parameters.top_db, 0.0)

    def _darken(self, logmel: tf.Tensor) -> tf.Tensor:
        """Let some cuts fade towards high frequencies, as old or narrow recordings do."""
        rows = [self.batch_size, 1, 1]
        bands = tf.range(self.parameters.n_mels, dtype=tf.float32)
        edge = self._uniform(rows, LOWEST_EDGE, 1.0) * self.parameters.n_mels
        fall = tf.maximum(bands - edge, 0.0) * self._uniform(rows, *FALLS_DB)
        chosen = self._uniform(rows) < self.augmentation.darkened
        return tf.maximum(tf.where(chosen, logmel - fall, logmel), -self.parameters.top_db)

    def _mix(self, *values: tf.Tensor) -> list[tf.Tensor]:
        """Blend each row with the next one: mixup."""
        seed = self.generator.make_seeds(1)[:, 0]
        gammas = tf.random.stateless_gamma([2, self.batch_size], seed, self.augmentation.mixup)
        share = gammas[0] / (gammas[0] + gammas[1] + 1e-12)
        share = tf.maximum(share, 1 - share)
        mixed = []
        for value in values:
            weight = tf.reshape(share, [-1] + [1] * (value.shape.rank - 1))
            mixed.append(weight * value + (1 - weight) * tf.roll(value, 1, axis=0))
        return mixed

    def _windows(self, track: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
        """Return track and window of what the teacher heard of each cut, ``(batch, windows, 2)``.

        Its windows are three seconds long and begin every second.
        """
        second = self.parameters.hop_length / self.parameters.sample_rate
        count = max(round(self.parameters.segment_frames * second) - 2, 1)
        window = tf.cast(tf.round(first * second), tf.int32)[:, None] + tf.range(count)
        window = tf.clip_by_value(window, 0, self._taggrams.shape[1] - 1)
        return tf.stack([tf.broadcast_to(track[:, None], tf.shape(window)), window], 2)

    def batch(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return one batch.

        Returns
        -------
        mfcc : tf.Tensor [shape=(batch, segment_frames, n_mfcc, 1)]
            Standardised MFCCs.
        genres : tf.Tensor [shape=(batch, 10)]
            Target distributions.
        tags : tf.Tensor [shape=(batch, tags)]
            What the teacher hears there.
        taught : tf.Tensor [shape=(batch,)]
            One where `tags` counts, zero where the teacher was not asked.
        """
        strength = self.augmentation
        logmel, track, first = self._cut()
        if strength.shift_bands:
            logmel = self._shift(logmel)
        if strength.eq_db or strength.gain_db:
            logmel = self._recolour(logmel)
        if strength.darkened:
            logmel = self._darken(logmel)
        if strength.masked:
            logmel = silence(self.generator, logmel, strength.masked, self.parameters.top_db)
        mfcc = (tf.tensordot(logmel, self._dct, 1) - self._mean) / self._scale
        genres = tf.one_hot(tf.gather(self._labels, track), len(GENRES))
        place = self._windows(track, first)
        tags = tf.reduce_mean(tf.gather_nd(self._taggrams, place), axis=1)
        opinion = tf.reduce_mean(tf.gather_nd(self._opinions, place), axis=1)
        share = strength.softened * tf.gather(self._opinionated, track)[:, None]
        genres = (1 - share) * genres + share * opinion
        taught = tf.gather(self._taught, track)
        if strength.mixup:
            neighbour = tf.roll(taught, 1, axis=0)
            mfcc, genres, tags = self._mix(mfcc, genres, tags)
            taught = tf.minimum(taught, neighbour)
        return mfcc[..., None], genres, tags, taught
