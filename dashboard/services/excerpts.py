"""Audio that the pages play: the song, its parts, and the network's input.

`core` is imported inside the functions, because it is slow to load. Functions with a leading
underscore run in workers, see `dashboard.services.workers`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.constants import DEFAULT_KEEP
from dashboard.services import explanations, models, rankings, songs, workers
from dashboard.services.cache import results
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.preparation import Preparation
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.formatting import genre_name, model_name

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.audio.io import Audio
    from core.explanation.explain import Explanation
    from core.explanation.masks import Share
    from core.listening.filtering import Mode

ATTRIBUTED, OPTIMISED = "attributed", "optimised"  # methods that choose the important parts

LONG = 20  # segments of the longest song that is divided at once
PASSAGE = 10  # segments of a longer song that are divided first
PASSAGE_BEFORE = 2  # of them before the chosen segment

PREPARING = "Preparing the audio …"


@dataclass(frozen=True)
class PartSelection:
    """A choice of the important parts of a song.

    Parameters
    ----------
    target : ExplanationTarget
        The explained output.
    method : {ATTRIBUTED, OPTIMISED}
        `ATTRIBUTED` takes the regions that contributed to the prediction, `OPTIMISED` the smallest
        ones that suffice for it. The latter exists for the probability of a genre and for shares of
        the area only.
    keep : float
        Share that counts as important, in ``(0, 1]``.
    of : {"area", "evidence"}
        Whether `keep` is a share of the spectrogram's area or of the positive evidence.
    """

    target: ExplanationTarget
    method: str = ATTRIBUTED
    keep: float = DEFAULT_KEEP
    of: Share = "area"

    def __post_init__(self) -> None:
        if self.method == OPTIMISED:
            object.__setattr__(self, "target", replace(self.target, versus=""))
            object.__setattr__(self, "of", "area")


@dataclass(frozen=True, eq=False)
class Excerpt:
    """A song or one of its parts as a file, with a model's prediction.

    Parameters
    ----------
    file : bytes
        FLAC, as long as the song.
    probabilities : np.ndarray [shape=(10,), range=[0, 1]]
        Mean of the segments' genre probabilities, before the loudness is matched; see
        `core.listening.faithfulness.part_probabilities`.
    """

    file: bytes
    probabilities: np.ndarray


@dataclass(frozen=True, eq=False)
class SongParts:
    """The important parts of a song, and everything else.

    Parameters
    ----------
    kept, rest : Excerpt
        Files matched to the song's loudness, with the predictions for the two parts.
    mask : np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        The cells that are kept.
    """

    kept: Excerpt
    rest: Excerpt
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class PassageParts:
    """The important parts of a passage and its rest, until the whole song has been divided.

    Parameters
    ----------
    kept, rest : bytes
        FLAC of the passage.
    mask : np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        The cells of the song that are kept; none outside the passage.
    start_s : float
        Beginning of the passage in the song.
    """

    kept: bytes
    rest: bytes
    mask: np.ndarray
    start_s: float


def preparation_of(song: Song, analysis: Analysis, selection: PartSelection) -> Preparation:
    """Observe which results for a song's parts are cached."""
    name = analysis.model
    return Preparation(
        explanation=(song.digest, name, selection.target, selection.method),
        division=(song.digest, name, selection),
        is_long=len(analysis.starts_s) > LONG,
        is_explained=is_explained(song, analysis, selection),
        is_divided=cached_song_parts(song, name, selection) is not None,
    )


def is_explained(song: Song, analysis: Analysis, selection: PartSelection) -> bool:
    """Whether everything that a song is divided by is cached."""
    if not explanations.is_explained(song, analysis, selection.target):
        return False
    if selection.method == ATTRIBUTED:
        return True
    batches = range(explanations.n_batches(analysis))
    return all(
        rankings.key_of(song, analysis.model, selection.target, index) in results
        for index in batches
    )


def prepare(song: Song, name: str, selection: PartSelection, report: ProgressCallback) -> None:
    """Compute everything that a song is divided by; finished batches survive a stop."""
    explanations.batches_of(song, name, selection.target, report)
    if selection.method == OPTIMISED:
        rankings.optimised_ranking_of(song, name, selection.target, report)


def whole_song_of(song: Song, name: str, report: ProgressCallback) -> Excerpt:
    """Encode a song as it is, with a model's prediction."""
    key = ("whole song", *explanations.cache_key(song, name))
    found: Excerpt = workers.cached(key, _whole_song, song, name, report=report, doing=PREPARING)
    return found


def _whole_song(song: Song, name: str, *, report: ProgressCallback) -> Excerpt:
    from core.audio.io import encode_audio

    audio = _audio_of(song, name, report)
    report(PREPARING, None)
    analysis = explanations.analysis_of(song, name, report)
    return Excerpt(encode_audio(audio, "FLAC"), analysis.song_probabilities)


def cached_song_parts(song: Song, name: str, selection: PartSelection) -> SongParts | None:
    """Look up the two parts of a song; None if they have not been computed yet."""
    parts: SongParts | None = results.peek(_parts_key(song, name, selection))
    return parts


def song_parts_of(
    song: Song, name: str, selection: PartSelection, report: ProgressCallback
) -> SongParts:
    """Divide a song into its important parts and everything else, with predictions for both."""
    found: SongParts = workers.cached(
        _parts_key(song, name, selection),
        _song_parts,
        song,
        name,
        selection,
        report=report,
        doing=PREPARING,
    )
    return found


def _song_parts(
    song: Song, name: str, selection: PartSelection, *, report: ProgressCallback
) -> SongParts:
    from core.audio.io import encode_audio
    from core.audio.loudness import loudness, match_loudness
    from core.explanation.masks import importance_mask
    from core.listening.faithfulness import part_probabilities
    from core.listening.filtering import divide_by_mask

    def working() -> None:
        report(PREPARING, None)

    model = models.model_of(name)
    audio = _audio_of(song, name, report)
    explanation, ranking = _ranked(song, name, selection, report)
    mask = importance_mask(explanation, keep=selection.keep, of=selection.of, ranking=ranking)
    sounds = divide_by_mask(audio, explanation, mask, progress=working)
    report(f"Classifying both parts ({model_name(name)}) …", None)
    analysis = explanations.analysis_of(song, name, report)
    found = part_probabilities(model, audio, explanation, parts=sounds, analysis=analysis)
    wanted = loudness(audio)
    excerpts = []
    for sound, probabilities in zip(sounds, (found.kept, found.removed), strict=True):
        working()
        file = encode_audio(match_loudness(sound, wanted), "FLAC")
        excerpts.append(Excerpt(file, probabilities.mean(axis=0, dtype=np.float64)))
    kept, rest = excerpts
    return SongParts(kept, rest, mask)


def passage_parts_of(
    song: Song, name: str, selection: PartSelection, segment: int, report: ProgressCallback
) -> PassageParts:
    """Divide the segments around one segment of a song, which takes less time than the whole song.

    The loudness is that of the passage. There is no prediction: predictions are of the whole song.
    """
    found: PassageParts = workers.pool.run(
        _passage_parts, song, name, selection, segment, report=report, doing=PREPARING
    )
    return found


def _passage_parts(
    song: Song, name: str, selection: PartSelection, segment: int, *, report: ProgressCallback
) -> PassageParts:
    from core.audio.io import encode_audio
    from core.audio.loudness import loudness, match_loudness
    from core.explanation.masks import importance_mask
    from core.listening.filtering import divide_by_mask, passage

    analysis = explanations.analysis_of(song, name, report)
    first = max(0, segment - PASSAGE_BEFORE)
    covered = range(first, min(first + PASSAGE, len(analysis.starts_s)))
    explanation, ranking = _ranked(song, name, selection, report, segments=covered)
    audio, part = passage(_audio_of(song, name, report), explanation)
    mask = np.zeros(analysis.logmel.shape, dtype=bool)
    cells = mask[covered.start : covered.stop]
    cells[:] = importance_mask(part, keep=selection.keep, of=selection.of, ranking=ranking)
    wanted = loudness(audio)
    kept, rest = (
        encode_audio(match_loudness(sound, wanted), "FLAC")
        for sound in divide_by_mask(audio, part, cells)
    )
    return PassageParts(kept, rest, mask, float(analysis.starts_s[first]))


def wav_file_of(song: Song, name: str, selection: PartSelection, mode: Mode) -> bytes:
    """Encode one of the two parts of a song as a WAV file, with the samples of its FLAC file."""
    parts = song_parts_of(song, name, selection, lambda *_: None)
    excerpt = parts.kept if mode == "keep" else parts.rest
    found: bytes = workers.pool.run(
        _wav_file, excerpt.file, report=lambda *_: None, doing=PREPARING
    )
    return found


def _wav_file(flac: bytes, *, report: ProgressCallback) -> bytes:
    import io

    import soundfile

    from core.audio.io import Audio, encode_audio

    samples, sample_rate = soundfile.read(io.BytesIO(flac), dtype="float32")
    return encode_audio(Audio(samples, sample_rate), "WAV")


def sufficient_share_of(
    song: Song, name: str, target: ExplanationTarget, report: ProgressCallback
) -> float:
    """Mean share of a segment that suffices for the model, taken by the optimised ranking."""
    key = ("sufficient share", *explanations.cache_key(song, name), target)
    doing = f"Measuring the smallest sufficient region for {genre_name(target.genre)} …"
    found: float = workers.cached(
        key, _sufficient_share, song, name, target, report=report, doing=doing
    )
    return found


def _sufficient_share(
    song: Song, name: str, target: ExplanationTarget, *, report: ProgressCallback
) -> float:
    from core.explanation.extremal import smallest_share

    explanation, ranking = _ranked(song, name, PartSelection(target, OPTIMISED), report)
    assert ranking is not None
    report(f"Measuring the smallest sufficient region for {genre_name(target.genre)} …", None)
    return float(smallest_share(models.spectrogram_model_of(name), explanation, ranking).mean())


def network_input_of(song: Song, name: str, segment: int, report: ProgressCallback) -> bytes:
    """Resynthesise the network's input for a segment as a FLAC file."""
    found: bytes = workers.pool.run(
        _network_input, song, name, segment, report=report, doing=PREPARING
    )
    return found


def _network_input(song: Song, name: str, segment: int, *, report: ProgressCallback) -> bytes:
    from core.audio.io import encode_audio
    from core.features.inversion import audio_from_mfcc

    analysis = explanations.analysis_of(song, name, report)
    parameters = models.parameters_of(name)
    return encode_audio(audio_from_mfcc(analysis.inputs[segment], parameters), "FLAC")


def _audio_of(song: Song, name: str, report: ProgressCallback) -> Audio:
    """Decode a song at the sampling rate of a model."""
    return songs.audio_of(song, report, models.parameters_of(name).sample_rate)


def _ranked(
    song: Song,
    name: str,
    selection: PartSelection,
    report: ProgressCallback,
    *,
    segments: range | None = None,
) -> tuple[Explanation, np.ndarray | None]:
    """Explanation of a song's segments and, if the selection is optimised, the ranking."""
    target = selection.target
    explanation = explanations.explanation_of(song, name, target, report, segments=segments)
    if selection.method == ATTRIBUTED:
        return explanation, None
    return explanation, rankings.optimised_ranking_of(song, name, target, report, segments=segments)


def _parts_key(song: Song, name: str, selection: PartSelection) -> tuple[Hashable, ...]:
    return ("song parts", *explanations.cache_key(song, name), selection)
