"""The zoo: every genre model there is, what it reads, and what its source reports of it.

A model reads three seconds (or thirty) of a log-mel spectrogram by way of its first `n_mfcc`
cepstral coefficients. With all of them nothing is lost: what such a network makes of them is the
log-mel spectrogram itself, and an explanation travels between the two as for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.constants import N_MELS, N_MFCC

if TYPE_CHECKING:
    from core.features.spectrogram import FeatureParameters

WHOLE_FRAMES = 723  # of a clip of thirty seconds


@dataclass(frozen=True)
class SpectrogramSystem:
    """One model of the zoo.

    Parameters
    ----------
    title : str
        What people call it.
    reported : float or None
        Accuracy that its source reports, by segments of known songs unless `whole`.
    n_mfcc : int
        Cepstral coefficients that it reads.
    whole : bool
        Whether it hears a clip of thirty seconds at a time instead of three.
    needs : str
        Model that must be trained before it.
    differs : str
        Where this one differs from its source, and why.
    """

    title: str
    reported: float | None = None
    n_mfcc: int = N_MFCC
    whole: bool = False
    needs: str = ""
    differs: str = ""

    def parameters(self, shared: FeatureParameters) -> FeatureParameters:
        """Return what the model reads, given how the training data were computed."""
        frames = WHOLE_FRAMES if self.whole else shared.segment_frames
        return replace(shared, n_mfcc=self.n_mfcc, segment_frames=frames)


FRAMES = "24 frames a second, as the archive of the training data has them"
SPECTROGRAM_SYSTEMS = {
    "cnn": SpectrogramSystem("CNN", 0.82),
    "cnn_lstm": SpectrogramSystem("CNN-LSTM", 0.85, needs="cnn"),
    "cnn3": SpectrogramSystem("Plain CNN", 0.77, differs=FRAMES),
    "mlp": SpectrogramSystem("MLP", 0.63, differs=FRAMES),
    "gru": SpectrogramSystem(
        "GRU", 0.901, differs=f"mean and maximum of the states instead of the last; {FRAMES}"
    ),
    "mfcc_cnn": SpectrogramSystem(
        "MFCC-CNN", 0.75, n_mfcc=20, differs=f"22.05 kHz instead of 16; {FRAMES}"
    ),
    "mfcc_lstm": SpectrogramSystem(
        "MFCC-LSTM", 0.59, n_mfcc=20, differs=f"22.05 kHz instead of 16; {FRAMES}"
    ),
    "logmel_cnn": SpectrogramSystem(
        "Log-mel CNN", 0.32, n_mfcc=N_MELS, differs=f"128 bands, put in pairs to 64; {FRAMES}"
    ),
    "logmel_lstm": SpectrogramSystem(
        "Log-mel LSTM", 0.60, n_mfcc=N_MELS, differs=f"128 bands, put in pairs to 64; {FRAMES}"
    ),
    "crnn": SpectrogramSystem(
        "CRNN",
        0.77,
        n_mfcc=N_MELS,
        whole=True,
        differs=f"22.05 kHz instead of 12, 128 bands put in pairs to 64 instead of 96; {FRAMES}; "
        "not pretrained",
    ),
}


@dataclass(frozen=True)
class FeatureSystem:
    """One model of the zoo that reads numbers about a segment instead of its spectrogram.

    Parameters
    ----------
    title : str
        What people call it.
    reported : float or None
        Accuracy that its source reports.
    kind : {"forest", "machine", "network"}
        What it is, see `core.networks.classical.build` and `core.networks.sequence`.
    reads : str
        What it reads, see `core.features.extractors.EXTRACTORS`.
    source : {"logmel", "recordings", "table"}
        What it can be trained on.
    differs : str
        Where this one differs from its source, and why.
    """

    title: str
    reported: float | None
    kind: str
    reads: str
    source: str = "logmel"
    differs: str = ""


MEL_FEATURES = f"111 features that a mel spectrogram gives, no chroma and tempo; {FRAMES}"
HEARD = "level brought to -20 dB; only tracks with audio at hand, genres balanced"
FEATURE_SYSTEMS = {
    "random_forest": FeatureSystem(
        "Random forest", 0.871, "forest", "vectors", differs=MEL_FEATURES
    ),
    "svm": FeatureSystem("SVM", 0.78, "machine", "vectors", differs=MEL_FEATURES),
    "random_forest_songs": FeatureSystem(
        "Random forest of songs",
        None,
        "forest",
        "table",
        "table",
        "the public table, without tempo",
    ),
    "svm_songs": FeatureSystem(
        "SVM of songs", None, "machine", "table", "table", "the public table, without tempo"
    ),
    "bilstm": FeatureSystem("BiLSTM", 0.86, "network", "sequence", differs=MEL_FEATURES),
    "yamnet_cnn": FeatureSystem("YAMNet-CNN", 0.81, "network", "yamnet", "recordings", HEARD),
    "yamnet_lstm": FeatureSystem("YAMNet-LSTM", 0.77, "network", "yamnet", "recordings", HEARD),
    "combined": FeatureSystem("Combined", 0.81, "network", "yamnet+mfcc", "recordings", HEARD),
}
PAIR = ("cnn", "cnn_lstm")  # that the project is about, trained unless others are asked for
ENSEMBLE = "ensemble"  # no model of its own: a weighted average of the answers of `SHOWN_MODELS`
MUSICNN = "musicnn"  # stands on a network that others trained, see `core.training.musicnn_head`
MUSICNN_REPORTED = 0.772  # Pons & Serra 2019, fault-filtered split by artist
TITLES = {
    **{name: system.title for name, system in SPECTROGRAM_SYSTEMS.items()},
    **{name: system.title for name, system in FEATURE_SYSTEMS.items()},
    MUSICNN: "MSD-musicnn",
    ENSEMBLE: "Average of three",
}
SHOWN_MODELS = (*PAIR, MUSICNN)  # on the dashboard's first page


def with_prerequisites(names: Sequence[str]) -> list[str]:
    """Return the networks among `names`, and those they start from, in the order of training."""
    wanted = {
        *names,
        *(SPECTROGRAM_SYSTEMS[name].needs for name in names if name in SPECTROGRAM_SYSTEMS),
    }
    return [name for name in SPECTROGRAM_SYSTEMS if name in wanted]


def uses_pretrained_network(name: str) -> bool:
    """Return whether a model reads what a network makes of a song that others trained on more."""
    return name == MUSICNN or (
        name in FEATURE_SYSTEMS and FEATURE_SYSTEMS[name].reads.startswith("yamnet")
    )
