"""All genre models of the project: names, titles, inputs, training data and published accuracy.

One entry describes one model, whether it has been trained or not; `core.models.cards` lists the
trained ones. The module imports nothing heavy, so that command lines and pages can read it at once.

Spectrogram models classify the first `n_mfcc` cepstral coefficients of a log-mel spectrogram. With
as many coefficients as mel bands, no information is lost: such a network in effect classifies the
log-mel spectrogram.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from core.constants import N_MELS, N_MFCC

if TYPE_CHECKING:
    from core.features.spectrogram import FeatureParameters

CLIP_FRAMES = 723  # of a clip of thirty seconds


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """Description of a model.

    Parameters
    ----------
    title : str
        Display name.
    reported : float or None
        Accuracy that its source reports, mostly on unseen segments of known songs.
    differs : str
        Differences from the source: noun phrases, separated by semicolons.
    pretrained : str or None
        Pretrained network that the model builds upon.
    needs_download : bool
        Whether that network has to be downloaded before the model can predict.
    """

    title: str
    reported: float | None = None
    differs: str = ""
    pretrained: str | None = None
    needs_download: bool = False


@dataclass(frozen=True, kw_only=True)
class SpectrogramModelSpec(ModelSpec):
    """Description of a network on MFCCs; see `core.networks` for its architecture.

    Parameters
    ----------
    n_mfcc : int
        Number of cepstral coefficients.
    whole_clip : bool
        Whether one prediction covers a clip of thirty seconds instead of a three-second segment.
    preset : {"default", "small", "whole_clip"}
        Hyperparameters to start from, see `core.training.hyperparameters.PRESETS`.
    hyperparameters : mapping
        Differences from the preset under one protocol, or under ``"all"`` of them: fields of
        `core.training.fit.Settings`, chosen on validation sets.
    """

    n_mfcc: int = N_MFCC
    whole_clip: bool = False
    preset: str = "small"
    hyperparameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def parameters(self, shared: FeatureParameters) -> FeatureParameters:
        """Feature parameters of the model, given those of the training data."""
        frames = CLIP_FRAMES if self.whole_clip else shared.segment_frames
        return replace(shared, n_mfcc=self.n_mfcc, segment_frames=frames)


@dataclass(frozen=True, kw_only=True)
class FeatureModelSpec(ModelSpec):
    """Description of a classifier of descriptors or embeddings.

    Parameters
    ----------
    classifier : {"random_forest", "svm", "network"}
        Kind of classifier, see `core.networks.classical` and `core.networks.sequence`.
    features : str
        Name of the features, see `core.features.extractors.EXTRACTORS`.
    source : {"logmel", "recordings", "table"}
        Training data: log-mel spectrograms, recordings, or the published table of features.
    """

    classifier: str
    features: str
    source: str = "logmel"


FRAME_RATE = "24 spectrogram frames per second, the frame rate of the training archive"
PAIRED_BANDS = "64 mel bands, averaged in pairs from 128"
# CNN and CNN-LSTM are compared with each other, so they are trained in the same way.
COMPARED: dict[str, dict[str, Any]] = {
    # From reversed segments a network would learn that the direction of time does not matter.
    "all": {"epochs": 15, "learning_rate": 1e-3, "augmentation": {"reverse": 0.0}},
    # Both predict some genres too rarely for unseen artists. The weights are bundled, so they are
    # compressed; that costs nothing here, but much where a network memorises its songs.
    "artist": {"offset_penalty": 0.005, "compressed": True},
    "segment": {"epochs": 60, "dropout": 0.5, "augmentation": {"mixup": 0.2}},
}
SPECTROGRAM_MODELS = {
    "cnn": SpectrogramModelSpec(
        title="CNN", reported=0.82, preset="default", hyperparameters=COMPARED
    ),
    "cnn_lstm": SpectrogramModelSpec(
        title="CNN-LSTM", reported=0.85, preset="default", hyperparameters=COMPARED
    ),
    "mfcc_statistics": SpectrogramModelSpec(title="MFCC statistics", preset="default"),
    "cnn3": SpectrogramModelSpec(
        title="Plain CNN",
        reported=0.77,
        differs=FRAME_RATE,
        hyperparameters={"segment": {"epochs": 70}},
    ),
    "mlp": SpectrogramModelSpec(
        title="MLP",
        reported=0.63,
        differs=FRAME_RATE,
        hyperparameters={"segment": {"epochs": 40}},
    ),
    "gru": SpectrogramModelSpec(
        title="GRU",
        reported=0.901,
        differs=f"mean and maximum over all GRU states instead of the last state; {FRAME_RATE}",
        hyperparameters={
            # It memorises too little rather than too much, so it is regularised less.
            "segment": {
                "epochs": 50,
                "learning_rate": 4e-3,
                "dropout": 0.1,
                "average": 0.99,
                "taught": 0.0,
                "augmentation": {"reverse": 0.0, "tempo": 0.0, "masked": 0.0},
            }
        },
    ),
    "mfcc_cnn": SpectrogramModelSpec(
        title="MFCC-CNN",
        reported=0.75,
        n_mfcc=20,
        differs=f"22.05 kHz audio instead of 16 kHz; {FRAME_RATE}",
        hyperparameters={"segment": {"epochs": 60}},
    ),
    "mfcc_lstm": SpectrogramModelSpec(
        title="MFCC-LSTM",
        reported=0.59,
        n_mfcc=20,
        differs=f"22.05 kHz audio instead of 16 kHz; {FRAME_RATE}",
        hyperparameters={"segment": {"epochs": 30}},
    ),
    "logmel_cnn": SpectrogramModelSpec(
        title="Log-mel CNN",
        reported=0.32,
        n_mfcc=N_MELS,
        differs=f"{PAIRED_BANDS}; {FRAME_RATE}",
        hyperparameters={
            # With a higher learning rate its dense layer dies in the first epoch.
            "all": {"epochs": 10, "learning_rate": 5e-4},
            "segment": {"epochs": 14},
        },
    ),
    "logmel_lstm": SpectrogramModelSpec(
        title="Log-mel LSTM",
        reported=0.60,
        n_mfcc=N_MELS,
        differs=f"{PAIRED_BANDS}; {FRAME_RATE}",
        hyperparameters={"all": {"epochs": 10}, "segment": {"epochs": 14}},
    ),
    "crnn": SpectrogramModelSpec(
        title="CRNN",
        reported=0.77,
        n_mfcc=N_MELS,
        whole_clip=True,
        differs=f"22.05 kHz audio instead of 12 kHz; {PAIRED_BANDS}, instead of 96; {FRAME_RATE}; "
        "no pretraining",
        preset="whole_clip",
        # Regularised more, it still improves after the forty epochs of the preset.
        hyperparameters={
            "track": {
                "epochs": 60,
                "dropout": 0.4,
                "augmentation": {"mixup": 0.2, "tempo": 0.1},
            }
        },
    ),
}

MEL_DESCRIPTORS = f"111 descriptors of the mel spectrogram, without chroma and tempo; {FRAME_RATE}"
RECORDINGS_ONLY = (
    "audio normalised to \N{MINUS SIGN}20 dB; only tracks with available audio, "
    "the same number of segments per genre"
)
PUBLISHED_TABLE = "features of the published GTZAN feature table, without tempo"
FEATURE_MODELS = {
    "random_forest": FeatureModelSpec(
        title="Random forest",
        reported=0.871,
        classifier="random_forest",
        features="vectors",
        differs=MEL_DESCRIPTORS,
    ),
    "svm": FeatureModelSpec(
        title="SVM",
        reported=0.78,
        classifier="svm",
        features="vectors",
        differs=MEL_DESCRIPTORS,
    ),
    "random_forest_songs": FeatureModelSpec(
        title="Random forest (whole songs)",
        classifier="random_forest",
        features="table",
        source="table",
        differs=PUBLISHED_TABLE,
    ),
    "svm_songs": FeatureModelSpec(
        title="SVM (whole songs)",
        classifier="svm",
        features="table",
        source="table",
        differs=PUBLISHED_TABLE,
    ),
    "bilstm": FeatureModelSpec(
        title="BiLSTM",
        reported=0.86,
        classifier="network",
        features="sequence",
        differs=MEL_DESCRIPTORS,
    ),
    "yamnet_cnn": FeatureModelSpec(
        title="YAMNet-CNN",
        reported=0.81,
        classifier="network",
        features="yamnet",
        source="recordings",
        pretrained="YAMNet",
        needs_download=True,
        differs=RECORDINGS_ONLY,
    ),
    "yamnet_lstm": FeatureModelSpec(
        title="YAMNet-LSTM",
        reported=0.77,
        classifier="network",
        features="yamnet",
        source="recordings",
        pretrained="YAMNet",
        needs_download=True,
        differs=RECORDINGS_ONLY,
    ),
    "combined": FeatureModelSpec(
        title="Combined",
        reported=0.81,
        classifier="network",
        features="yamnet+mfcc",
        source="recordings",
        pretrained="YAMNet",
        needs_download=True,
        differs=RECORDINGS_ONLY,
    ),
}

MUSICNN = "musicnn"  # a linear layer on MSD-musicnn's tags, see `core.training.musicnn_head`
ENSEMBLE = "ensemble"  # weighted average of the predictions of `SHOWN_MODELS`; has no card
MODELS: dict[str, ModelSpec] = {
    **SPECTROGRAM_MODELS,
    **FEATURE_MODELS,
    # Reported by Pons & Serra 2019 on the fault-filtered split, that is, on unseen artists.
    MUSICNN: ModelSpec(title="MSD-musicnn", reported=0.772, pretrained="MSD-musicnn"),
    ENSEMBLE: ModelSpec(title="Average of three", pretrained="MSD-musicnn"),
}
TITLES = {name: spec.title for name, spec in MODELS.items()}

DEFAULT_MODELS = ("cnn", "cnn_lstm")  # trained unless others are named
SHOWN_MODELS = (*DEFAULT_MODELS, MUSICNN)  # on the dashboard's first page


def is_pretrained(name: str) -> bool:
    """Whether a model builds upon a network that was pretrained on other music."""
    return name in MODELS and MODELS[name].pretrained is not None


def needs_download(name: str) -> bool:
    """Whether a model needs a pretrained network that is not part of this project."""
    return name in MODELS and MODELS[name].needs_download
