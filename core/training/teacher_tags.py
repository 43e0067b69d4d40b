"""Tags of the teacher for training and validation tracks that have no stored taggrams.

``python -m core.training.teacher_tags --data DIR --taggrams FILE --out FILE``, where DIR holds
``tracks.csv`` and recordings as named there, tags recordings with the bundled MSD-musicnn and
writes them in the format of `core.data.taggrams`, for ``train.py --taggrams``. Tracks of the test
set of the artist protocol are never tagged.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.special
import tensorflow as tf

from core.audio.io import load_audio
from core.data.gtzan import gtzan_index
from core.errors import AudioError, DatasetError
from core.models.registry import MUSICNN
from core.models.store import load_spectrogram_model
from core.networks import musicnn
from core.storage import replacing
from core.training.musicnn_tags import WINDOWS, tag_samples

KINDS = ("full", "excerpt", "clip")  # of recordings, the longest first


@dataclass(frozen=True)
class Recording:
    """Recording of a track, or of a part of it.

    Parameters
    ----------
    track : str
        Name of the track.
    path : Path
        Audio file.
    offset_s : float
        Where it begins within the track.
    """

    track: str
    path: Path
    offset_s: float


def main(arguments: list[str] | None = None) -> int:
    """Tag the recordings and write the file.

    Parameters
    ----------
    arguments : list of str, optional
        Command line; that of the process by default.

    Returns
    -------
    int
        Exit code: 0 success, 1 the data cannot be used.
    """
    from tqdm import tqdm

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with tracks.csv")
    parser.add_argument(
        "--taggrams", type=Path, nargs="*", default=[], help="files of the tags that are stored"
    )
    parser.add_argument("--out", type=Path, required=True, help="file to write (npz)")
    options = parser.parse_args(arguments)
    try:
        found = list(recordings(options.data, tagged(options.taggrams)))
        network = load_spectrogram_model(MUSICNN).network
        forward = tf.function(network.get_layer("musicnn"))
        tags, names = [], []
        for recording in tqdm(found, unit="recording"):
            try:
                tags.append(tag_recording(recording, forward))
            except AudioError as error:
                print(f"Skipped {error}", file=sys.stderr)
                continue
            # The format of the published files.
            genre = recording.track.split(".")[0]
            names += [f"{genre}/{recording.track}.au"] * WINDOWS
        if not tags:
            raise DatasetError(f"{options.data} has no recording of a track without tags.")
    except (DatasetError, OSError, KeyError, ValueError) as error:
        print(f"teacher_tags: {error}", file=sys.stderr)
        return 1
    with replacing(options.out) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, X=np.concatenate(tags), IDS=np.array(names))
    print(f"{len(tags)} tracks written to {options.out}")
    return 0


def tagged(files: Sequence[Path]) -> set[str]:
    """Read the names of the tracks that have stored tags."""
    names: set[str] = set()
    for file in files:
        with np.load(file, allow_pickle=False) as archive:
            names |= {Path(str(name)).stem for name in np.unique(archive["IDS"])}
    return names


def recordings(folder: Path, excluded: set[str]) -> Iterator[Recording]:
    """List the longest recording of each training, validation and excluded track.

    Parameters
    ----------
    folder : Path
        Folder with ``tracks.csv``, whose columns ``full_audio``, ``excerpt_audio`` and
        ``clip_audio`` name files, and ``excerpt_offset_s`` and ``clip_offset_s`` where these begin.
    excluded : set of str
        Tracks to leave out.

    Yields
    ------
    Recording
        In the order of the file; none of the test set of the artist protocol.
    """
    index = gtzan_index()
    with open(folder / "tracks.csv", encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            track = row["track_id"]
            if track in excluded or index[track].artist_split == "test":
                continue
            for kind in KINDS:
                if file := row[f"{kind}_audio"]:
                    offset = float(row.get(f"{kind}_offset_s") or 0)
                    yield Recording(track, folder / file, offset)
                    break


def tag_recording(recording: Recording, forward: Callable[[tf.Tensor], tf.Tensor]) -> np.ndarray:
    """Tag a recording, and place its windows within the track.

    Parameters
    ----------
    recording : Recording
        Recording of a track.
    forward : callable
        As in `core.training.musicnn_tags.tag_samples`.

    Returns
    -------
    np.ndarray [shape=(WINDOWS, 50), dtype=float32, range=[0, 1]]
        Tag probabilities at the recording's own level. A window of the track outside the recording
        has the tags of the nearest window inside.
    """
    audio = load_audio(recording.path, sample_rate=musicnn.PARAMETERS.sample_rate)
    _, own_level = tag_samples(audio.samples, forward)
    position = np.round(np.arange(WINDOWS) - recording.offset_s).astype(int)
    inside = np.clip(position, 0, len(own_level) - 1)
    probabilities: np.ndarray = scipy.special.expit(own_level[inside]).astype(np.float32)
    return probabilities


if __name__ == "__main__":
    sys.exit(main())
