"""Audio that the pages play: the song, its important parts, the rest, and the network's input.

`core` is imported inside the functions, because TensorFlow and librosa take seconds to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dashboard.services import explanations, models, songs
from dashboard.services.cache import ResultCache
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.formatting import genre_name, model_name

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.audio.io import Audio
    from core.explanation.explain import Explanation
    from core.explanation.masks import Share
    from core.listening.filtering import Mode

ATTRIBUTED, OPTIMISED = "attributed", "optimised"  # two questions: what counted, what is enough

PASSAGE = 10  # segments that are prepared first of a long song
PASSAGE_BEFORE = 2  # of them before the chosen one

_rankings: ResultCache[np.ndarray] = ResultCache(64)  # of parts of songs, half a megabyte each
_enough: ResultCache[float] = ResultCache(64)
_accepted: ResultCache[dict[str, dict[str, dict[str, float]]]] = ResultCache(16)
_wholes: ResultCache[Excerpt] = ResultCache(8)
_song_parts: ResultCache[SongParts] = ResultCache(12)


@dataclass(frozen=True)
class PartSelection:
    """How a song is divided into what matters and the rest.

    Parameters
    ----------
    target : ExplanationTarget
        What it matters for.
    method : str
        `ATTRIBUTED`: what counted. `OPTIMISED`: what would be enough; that asks for the genre
        alone, and knows shares of the area only.
    keep : float
        Share that counts as important, in ``(0, 1]``.
    of : {"area", "evidence"}
        Of what `keep` is a share.
    """

    target: ExplanationTarget
    method: str = ATTRIBUTED
    keep: float = 0.2
    of: Share = "area"

    def __post_init__(self) -> None:
        if self.method == OPTIMISED:
            object.__setattr__(self, "target", replace(self.target, versus=""))
            object.__setattr__(self, "of", "area")


@dataclass(frozen=True, eq=False)
class Excerpt:
    """A song or a part of it, ready to be played, and what a model says of it.

    Parameters
    ----------
    file : bytes
        FLAC, as long as the song.
    probabilities : np.ndarray [shape=(10,), range=[0, 1]]
        Mean of the segments' genre probabilities.
    """

    file: bytes
    probabilities: np.ndarray


@dataclass(frozen=True, eq=False)
class SongParts:
    """What matters of a song, and the rest.

    Parameters
    ----------
    kept, rest : Excerpt
        Each at a comfortable level: the model hears what is played.
    mask : np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        The cells that are kept.
    """

    kept: Excerpt
    rest: Excerpt
    mask: np.ndarray


@dataclass(frozen=True, eq=False)
class PassageParts:
    """What matters of a passage of a song, and the rest, before the whole song is divided.

    Parameters
    ----------
    kept, rest : bytes
        FLAC of the passage.
    mask : np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        The cells of the song that are kept; none outside the passage.
    start_s : float
        Moment of the song where the passage begins.
    """

    kept: bytes
    rest: bytes
    mask: np.ndarray
    start_s: float


def is_ready(song: Song, analysis: Analysis, selection: PartSelection) -> bool:
    """Return whether all that a song is divided by is at hand."""
    if not explanations.is_explained(song, analysis, selection.target):
        return False
    if selection.method == ATTRIBUTED:
        return True
    key = explanations.cache_key(song, models.model_of(analysis.model))
    parts = range(0, len(analysis.starts_s), explanations.PART)
    return all((*key, selection.target, first // explanations.PART) in _rankings for first in parts)


def prepare(song: Song, name: str, selection: PartSelection, report: ProgressCallback) -> None:
    """Compute all that a song is divided by; finished parts are kept when a run is stopped."""
    if selection.method == ATTRIBUTED:
        explanations.explanation_of(song, name, selection.target, report)
    else:
        optimised_ranking_of(song, name, selection.target, report)


def optimised_ranking_of(
    song: Song, name: str, target: ExplanationTarget, report: ProgressCallback
) -> np.ndarray:
    """Optimised ranking of a song's cells, ``(n, segment_frames, n_mels)``."""
    parts = explanations.batches_of(song, name, target, report)
    model = models.spectrogram_model_of(name)
    from core.explanation.extremal import extremal_ranking

    count = sum(len(part) for part in parts)
    genre = genre_name(target.genre)
    doing = f"Looking for the least that convinces {model_name(name)} of {genre} …"
    rankings: list[np.ndarray] = []
    for index, part in enumerate(parts):
        before = sum(map(len, rankings))

        def optimise(part=part, before=before) -> np.ndarray:  # type: ignore[no-untyped-def]
            return extremal_ranking(
                model,
                part,
                progress=lambda done, _: report(
                    f"{doing} {before + done} of {count} segments", (before + done) / count
                ),
            )

        key = (*explanations.cache_key(song, model), target, index)
        rankings.append(_rankings.get(key, optimise, waiting=lambda: report(doing, None)))
    return np.concatenate(rankings)


def whole_song_of(song: Song, name: str, report: ProgressCallback) -> Excerpt:
    """Return a song as it is, with a model's answer."""
    model = models.model_of(name)

    def prepare_song() -> Excerpt:
        from core.audio.io import encode_audio

        audio = _audio_of(song, name, report)
        report("Preparing the song …", None)
        heard = explanations.analysis_of(song, name, report)
        return Excerpt(encode_audio(audio, "FLAC"), heard.song_probabilities)

    key = explanations.cache_key(song, model)
    return _wholes.get(key, prepare_song, waiting=lambda: report("Preparing the song …", None))


def cached_song_parts(song: Song, name: str, selection: PartSelection) -> SongParts | None:
    """Look up the two parts of a song; None if they have not been computed yet."""
    return _song_parts.peek((*explanations.cache_key(song, models.model_of(name)), selection))


def song_parts_of(
    song: Song, name: str, selection: PartSelection, report: ProgressCallback
) -> SongParts:
    """Divide a song into its important parts and the rest, with a model's predictions for both."""
    model = models.model_of(name)

    def divide() -> SongParts:
        from core.analysis import analyze
        from core.audio.io import encode_audio
        from core.explanation.masks import importance_mask

        def excerpt(part: Audio) -> Excerpt:
            report("Listening to what is left …", None)
            answers = analyze(part, model).song_probabilities
            report("Preparing what you hear …", None)
            return Excerpt(encode_audio(part, "FLAC"), answers)

        kept, rest = map(excerpt, audible(song, name, selection, report))
        explanation, ranking = _ranked(song, name, selection, report)
        mask = importance_mask(explanation, keep=selection.keep, of=selection.of, ranking=ranking)
        return SongParts(kept, rest, mask)

    key = (*explanations.cache_key(song, model), selection)
    return _song_parts.get(key, divide, waiting=lambda: report("Preparing what you hear …", None))


def passage_parts_of(
    song: Song, name: str, selection: PartSelection, segment: int, report: ProgressCallback
) -> PassageParts:
    """Divide the segments around one segment of a song, which takes less time than the whole song.

    The loudness is that of the passage. There is no prediction: predictions are of the whole song.
    """
    from core.audio.io import encode_audio
    from core.audio.loudness import loudness, match_loudness
    from core.explanation.masks import importance_mask
    from core.listening.filtering import divide, passage

    explanation, ranking = _ranked(song, name, selection, report)
    first = max(0, segment - PASSAGE_BEFORE)
    covered = slice(first, first + PASSAGE)
    audio, part = passage(_audio_of(song, name, report), explanation, first, PASSAGE)
    if ranking is not None:
        ranking = ranking[covered]
    wanted = loudness(audio)
    kept, rest = (
        encode_audio(match_loudness(sound, wanted), "FLAC")
        for sound in divide(audio, part, keep=selection.keep, of=selection.of, ranking=ranking)
    )
    mask = np.zeros(explanation.mel.shape, dtype=bool)
    mask[covered] = importance_mask(part, keep=selection.keep, of=selection.of, ranking=ranking)
    return PassageParts(kept, rest, mask, float(explanation.starts_s[first]))


def audible(
    song: Song, name: str, selection: PartSelection, report: ProgressCallback
) -> tuple[Audio, Audio]:
    """Divide a song into its important parts and the rest, both matched to the song's loudness."""
    from core.audio.loudness import loudness, match_loudness
    from core.listening.filtering import divide

    audio = _audio_of(song, name, report)
    explanation, ranking = _ranked(song, name, selection, report)

    def working() -> None:
        report("Preparing what you hear …", None)

    kept, rest = divide(
        audio, explanation, keep=selection.keep, of=selection.of, ranking=ranking, progress=working
    )
    working()
    wanted = loudness(audio)
    working()
    kept = match_loudness(kept, wanted)
    working()
    return kept, match_loudness(rest, wanted)


def _audio_of(song: Song, name: str, report: ProgressCallback) -> Audio:
    """Return a song as a model hears it."""
    return songs.audio_of(song, report, models.model_of(name).parameters.sample_rate)


def _ranked(
    song: Song, name: str, selection: PartSelection, report: ProgressCallback
) -> tuple[Explanation, np.ndarray | None]:
    explanation = explanations.explanation_of(song, name, selection.target, report)
    if selection.method == ATTRIBUTED:
        return explanation, None
    return explanation, optimised_ranking_of(song, name, selection.target, report)


def wav_file_of(song: Song, name: str, selection: PartSelection, mode: Mode) -> bytes:
    """Encode one of the two parts of a song as a WAV file."""
    from core.audio.io import encode_audio

    kept, rest = audible(song, name, selection, lambda *_: None)
    return encode_audio(kept if mode == "keep" else rest, "WAV")


def sufficient_share_of(
    song: Song, name: str, target: ExplanationTarget, report: ProgressCallback
) -> float:
    """Mean share of a segment that suffices for the model, taken by the optimised ranking."""
    model = models.spectrogram_model_of(name)
    doing = "Looking how little is enough …"

    def look() -> float:
        from core.explanation.extremal import smallest_share

        explanation, ranking = _ranked(song, name, PartSelection(target, OPTIMISED), report)
        assert ranking is not None
        report(doing, None)
        return float(smallest_share(model, explanation, ranking).mean())

    key = (*explanations.cache_key(song, model), target)
    return _enough.get(key, look, waiting=lambda: report(doing, None))


def cross_evaluation_of(
    song: Song,
    names: Sequence[str],
    target: ExplanationTarget,
    keep: float,
    report: ProgressCallback,
) -> dict[str, dict[str, dict[str, float]]]:
    """Test models on each other's excerpts; see `core.listening.faithfulness.acceptance`."""
    asked = [models.model_of(name) for name in names]
    doing = "Letting each listen to the other …"

    def ask() -> dict[str, dict[str, dict[str, float]]]:
        from core.listening.faithfulness import acceptance

        audio = songs.audio_of(song, report)
        found = [explanations.explanation_of(song, name, target, report) for name in names]
        report(doing, None)
        return acceptance(audio, found, asked, keep=keep)

    key = (*(explanations.cache_key(song, model) for model in asked), target, keep)
    return _accepted.get(key, ask, waiting=lambda: report(doing, None))


def network_input_of(song: Song, name: str, segment: int, report: ProgressCallback) -> bytes:
    """Return what the network is given of a segment, turned back into sound: a FLAC file."""
    analysis = explanations.analysis_of(song, name, report)
    from core.audio.io import encode_audio
    from core.features.inversion import audio_from_mfcc

    parameters = models.model_of(name).parameters
    return encode_audio(audio_from_mfcc(analysis.inputs[segment], parameters), "FLAC")
