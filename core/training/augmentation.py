"""Training batches: random excerpts of log-mel spectrograms with data augmentation.

Excerpts are as long as a segment. Augmentation acts on the mel spectrogram, before the cosine
transform, because a change there has a meaning: a louder or darker recording, a higher key, a
slower tempo, a silent region. Everything runs inside the TensorFlow graph. Mixup is that of Zhang
et al. (2018).
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

EQ_TERMS = 6  # cosines that add up to a random tone curve
LOWEST_EDGE = 0.55  # of the mel axis: lowest edge above which high bands can fade
SLOPES_DB = (0.5, 12.0)  # range of the fade in dB per band


@dataclass(frozen=True)
class Augmentation:
    """Strength of the data augmentation; zero switches a variation off.

    The names of the fields are stored on model cards.

    Parameters
    ----------
    reverse : float
        Probability that an excerpt is reversed in time.
    tempo : float
        Maximum change of tempo, as a natural logarithm.
    shift_bands : float
        Maximum shift along the mel axis, in bands.
    eq_db : float
        Standard deviation of the first term of a random tone curve, in dB.
    gain_db : float
        Maximum decrease of the level in dB; the maximum increase is half of it.
    darkened : float
        Probability that the highest bands fade.
    masked : float
        Probability that all but 10-100 % of the excerpt's area is silenced; see
        `core.features.masking`.
    mixup : float
        Parameter of mixup's symmetric Beta distribution.
    softened : float
        Weight of the soft label in the target, for tracks that have one.
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


def training_ranges(segments: Segments, tracks: TrackSet) -> np.ndarray:
    """Find the unbroken range of training frames around each training segment.

    Excerpts are taken from these ranges, so they never contain frames of another set.

    Parameters
    ----------
    segments : Segments
        Training set.
    tracks : TrackSet
        Tracks.

    Returns
    -------
    np.ndarray [shape=(n, 4), dtype=int32]
        Track, first frame and end of the range, and first frame of the segment; frames are counted
        within the track. If all segments of a track are in the training set, the range is the whole
        track.
    """
    length = tracks.parameters.segment_frames
    ranges = np.zeros((len(segments), 4), dtype=np.int32)
    for track in np.unique(segments.track):
        members = np.flatnonzero(segments.track == track)
        members = members[np.argsort(segments.start[members])]
        starts = segments.start[members]
        breaks = np.flatnonzero(np.diff(starts) != length) + 1
        for part in np.split(members, breaks):
            low, high = segments.start[part[0]], segments.start[part[-1]] + length
            if len(part) == int(tracks.lengths[track]) // length:
                high = tracks.lengths[track]
            for item in part:
                ranges[item] = track, low, high, segments.start[item]
    return ranges


class BatchMaker:
    """Maker of training batches inside the TensorFlow graph.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    segments : Segments
        Training set.
    mean, scale : np.ndarray [shape=(n_mfcc,)]
        Standardisation of the MFCCs.
    augmentation : Augmentation
        Strength of the data augmentation.
    batch_size : int
        Excerpts per batch.
    seed : int
        Seed of the generator.
    taggrams : np.ndarray [shape=(tracks, windows, tags), range=[0, 1]], optional
        Tags of the teacher for three seconds from every second on; NaN for tracks without tags.
    soft_labels : np.ndarray [shape=(tracks, windows, 10), range=[0, 1]], optional
        Soft genre labels of the same windows, see `core.training.distillation.soft_labels`; NaN
        for tracks without.

    Attributes
    ----------
    generator : tf.random.Generator
        Source of all randomness of the batches; part of checkpoints.
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
        soft_labels: np.ndarray | None = None,
    ) -> None:
        self.parameters = tracks.parameters
        self.augmentation = augmentation
        self.batch_size = batch_size
        self.generator = tf.random.Generator.from_seed(seed)
        self._frames = tf.constant(tracks.frames)
        self._first = tf.constant(tracks.starts, tf.int32)
        self._floor = tf.constant(tracks.floor_db, tf.float32)
        self._labels = tf.constant(tracks.labels, tf.int32)
        self._ranges = tf.constant(training_ranges(segments, tracks))
        self._mean = tf.constant(mean, tf.float32)
        self._scale = tf.constant(scale, tf.float32)
        self._dct = tf.constant(dct_matrix(self.parameters.n_mfcc, self.parameters.n_mels).T)
        bands = (np.arange(self.parameters.n_mels) + 0.5) / self.parameters.n_mels
        terms = np.arange(1, EQ_TERMS + 1)
        curves = np.cos(np.pi * np.outer(terms, bands)) / np.sqrt(terms)[:, np.newaxis]
        self._curves = tf.constant(curves, tf.float32)
        if taggrams is None:
            taggrams = np.full((len(tracks), 1, 1), np.nan, dtype=np.float32)
        self._has_tags = tf.constant(~np.isnan(taggrams[:, 0, 0]), tf.float32)
        self._taggrams = tf.constant(np.nan_to_num(taggrams), tf.float32)
        if soft_labels is None:
            soft_labels = np.full((*taggrams.shape[:2], len(GENRES)), np.nan, dtype=np.float32)
        self._has_soft_label = tf.constant(~np.isnan(soft_labels[:, 0, 0]), tf.float32)
        self._soft_labels = tf.constant(np.nan_to_num(soft_labels), tf.float32)

    def _uniform(self, shape: list[int], low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        return self.generator.uniform(shape, low, high)

    def _excerpts(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Draw log-mel excerpts, with their tracks and their first frames within the tracks."""
        size, length = self.batch_size, self.parameters.segment_frames
        chosen = self.generator.uniform([size], 0, tf.shape(self._ranges)[0], tf.int32)
        track, low, high, start = tf.unstack(tf.gather(self._ranges, chosen), axis=1)
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
        is_reversed = self._uniform([size, 1]) < self.augmentation.reverse
        frame = tf.where(is_reversed, frame[:, ::-1], frame)
        quanta = tf.gather(self._frames, tf.gather(self._first, track)[:, None] + frame)
        floor = tf.gather(self._floor, track)[:, None, None]
        return floor * (1 - (tf.cast(quanta, tf.float32) + 0.5) / 256), track, first

    def _shift(self, logmel: tf.Tensor) -> tf.Tensor:
        """Shift spectra along the mel axis, as a change of key does."""
        bands, most = self.parameters.n_mels, self.augmentation.shift_bands
        position = tf.range(bands, dtype=tf.float32) + self._uniform(
            [self.batch_size, 1], -most, most
        )
        position = tf.clip_by_value(position, 0.0, bands - 1.001)
        lower = tf.cast(tf.floor(position), tf.int32)
        weight = (position - tf.floor(position))[:, None]
        return (
            tf.gather(logmel, lower, axis=2, batch_dims=1) * (1 - weight)
            + tf.gather(logmel, lower + 1, axis=2, batch_dims=1) * weight
        )

    def _recolour(self, logmel: tf.Tensor) -> tf.Tensor:
        """Change tone and level, as another recording would."""
        size, most = self.batch_size, self.augmentation.gain_db
        weights = self.generator.normal([size, EQ_TERMS], 0.0, self.augmentation.eq_db)
        logmel += tf.matmul(weights, self._curves)[:, None]
        logmel += self._uniform([size, 1, 1], -most, most / 2)
        return tf.clip_by_value(logmel, -self.parameters.top_db, 0.0)

    def _darken(self, logmel: tf.Tensor) -> tf.Tensor:
        """Fade the high frequencies of some excerpts, as in old or narrow-band recordings."""
        rows = [self.batch_size, 1, 1]
        bands = tf.range(self.parameters.n_mels, dtype=tf.float32)
        edge = self._uniform(rows, LOWEST_EDGE, 1.0) * self.parameters.n_mels
        fall = tf.maximum(bands - edge, 0.0) * self._uniform(rows, *SLOPES_DB)
        chosen = self._uniform(rows) < self.augmentation.darkened
        return tf.maximum(tf.where(chosen, logmel - fall, logmel), -self.parameters.top_db)

    def _mix(self, *values: tf.Tensor) -> list[tf.Tensor]:
        """Blend each excerpt with the next one: mixup."""
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
        """Find the taggram windows of each excerpt: track and window, ``(batch, windows, 2)``.

        Windows are three seconds long and start every second.
        """
        second = self.parameters.hop_length / self.parameters.sample_rate
        count = max(round(self.parameters.segment_frames * second) - 2, 1)
        window = tf.cast(tf.round(first * second), tf.int32)[:, None] + tf.range(count)
        window = tf.clip_by_value(window, 0, self._taggrams.shape[1] - 1)
        return tf.stack([tf.broadcast_to(track[:, None], tf.shape(window)), window], 2)

    def batch(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Make one batch.

        Returns
        -------
        mfcc : tf.Tensor [shape=(batch, segment_frames, n_mfcc, 1)]
            Standardised MFCCs.
        genres : tf.Tensor [shape=(batch, 10), range=[0, 1]]
            Target distributions.
        tags : tf.Tensor [shape=(batch, tags), range=[0, 1]]
            Tags of the teacher.
        has_tags : tf.Tensor [shape=(batch,)]
            One where the teacher's tags are known, otherwise zero.
        """
        strength = self.augmentation
        logmel, track, first = self._excerpts()
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
        windows = self._windows(track, first)
        tags = tf.reduce_mean(tf.gather_nd(self._taggrams, windows), axis=1)
        soft = tf.reduce_mean(tf.gather_nd(self._soft_labels, windows), axis=1)
        share = strength.softened * tf.gather(self._has_soft_label, track)[:, None]
        genres = (1 - share) * genres + share * soft
        has_tags = tf.gather(self._has_tags, track)
        if strength.mixup:
            neighbour = tf.roll(has_tags, 1, axis=0)
            mfcc, genres, tags = self._mix(mfcc, genres, tags)
            has_tags = tf.minimum(has_tags, neighbour)
        return mfcc[..., None], genres, tags, has_tags
