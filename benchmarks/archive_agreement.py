"""Compare predictions for recordings with those for their spectrograms in the training archive.

``python benchmarks/archive_agreement.py --data DIR``, where DIR holds ``logmel.npz`` and
``audio/full/GENRE/TRACK.ogg``, counts equal predictions over all songs. Some frames of each clip
are missing in the archive, so its features differ slightly from those of the recording. The goal is
98 % equal predictions.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from tqdm import tqdm

from core.analysis import analyze
from core.audio.io import load_audio
from core.data.gtzan import read_archive
from core.features.spectrogram import FeatureParameters, split_segments
from core.models.cards import list_models
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_spectrogram_model

GOAL = 0.98


def main() -> int:
    """Print the agreement of every bundled model; exit code 1 if one misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the training data")
    folder = parser.parse_args().data
    tracks = read_archive(folder / "logmel.npz")
    files = {path.stem: path for path in (folder / "audio" / "full").glob("*/*.ogg")}
    if not files:
        parser.error(f"there are no recordings in {folder}/audio/full/GENRE/TRACK.ogg")
    models = models_of_archive(tracks.parameters)
    equal: dict[str, list[bool]] = {model.name: [] for model in models}
    distance: dict[str, list[float]] = {model.name: [] for model in models}
    for index, name in enumerate(tqdm(tracks.track_ids, unit="track")):
        if name not in files:
            continue
        audio = load_audio(files[name])
        for model in models:
            segments = split_segments(tracks.logmel(index), model.parameters)
            recorded = analyze(audio, model).song_probabilities
            archived = model.predict_logmel(segments).mean(axis=0)
            equal[model.name].append(bool(recorded.argmax() == archived.argmax()))
            distance[model.name].append(float(np.abs(recorded - archived).max()))
    for name, same in equal.items():
        print(
            f"{name}: same prediction for {sum(same)} of {len(same)} songs "
            f"({100 * np.mean(same):.1f} %, goal {100 * GOAL:.0f} %); "
            f"largest difference of a probability: median {np.median(distance[name]):.3f}, "
            f"95 % below {np.percentile(distance[name], 95):.3f}"
        )
    return 0 if all(np.mean(same) >= GOAL for same in equal.values()) else 1


def models_of_archive(parameters: FeatureParameters) -> list[SpectrogramModel]:
    """Load the bundled networks whose spectrograms are those of the archive."""
    models = [load_spectrogram_model(card["name"]) for card in list_models() if "reads" not in card]
    return [
        model
        for model in models
        if parameters
        == replace(
            model.parameters,
            n_mfcc=parameters.n_mfcc,
            segment_frames=parameters.segment_frames,
        )
    ]


if __name__ == "__main__":
    sys.exit(main())
