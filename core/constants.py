"""Constants shared by all packages: audio, spectrograms, segments, genres and folders."""

from pathlib import Path

SAMPLE_RATE = 22_050  # Hz, mono, float32 in [-1, 1]

N_FFT = 2_048  # samples, Hann window, centred
HOP_LENGTH = 915  # samples: 24.1 frames/s, the frame rate of the training archive
N_MELS = 128  # bands, Slaney's scale and normalisation (librosa's default)
N_MFCC = 13  # coefficients, orthonormal DCT-II of the log-mel frame
TOP_DB = 80.0  # range of log-mel spectrograms in dB below the song's loudest mel cell

SEGMENT_FRAMES = 72  # 65 880 samples, 2.99 s

DEFAULT_KEEP = 0.2  # share of the time-frequency area that counts as important

GENRES = (
    "blues",
    "classical",
    "country",
    "disco",
    "hiphop",
    "jazz",
    "metal",
    "pop",
    "reggae",
    "rock",
)

# How models are tested, from the least to the most data leakage.
PROTOCOLS = {
    "artist": "unseen artists",
    "track": "unseen songs",
    "segment": "unseen segments",
}

# Row and column titles of the tables on how faithful explanations are.
EXPLANATION_METHODS = {
    "shap": "SHAP values and muting (default)",
    "shap_alone": "SHAP values only",
    "silencing": "muting only",
    "extremal": "smallest sufficient region",
    "gradient_times_input": "gradient × input",
    "gradient": "gradient",
    "occlusion": "occlusion",
    "lime": "LIME, 1000 samples",
    "random": "random regions",
}
# Row titles of the tables on where explanations of mixes lie; the last five are controls.
LOCALISATION_METHODS = {
    "shap": EXPLANATION_METHODS["shap"],
    "versus": "default, compared with the other genre",
    "shap_alone": EXPLANATION_METHODS["shap_alone"],
    "shap_mel": "all SHAP values (mel view)",
    **{
        method: EXPLANATION_METHODS[method]
        for method in (
            "silencing",
            "extremal",
            "gradient_times_input",
            "gradient",
            "occlusion",
            "lime",
            "random",
        )
    },
    "level": "loudest cells, without a model",
    "other_genre": "default, explaining the other genre",
    "other_genre_mel": "all SHAP values, other genre",
    "random_weights": "default, random weights",
    "random_weights_mel": "all SHAP values, random weights",
}
FAITHFULNESS_METRICS = {
    "AI": "AI ↑",
    "AD": "AD ↓",
    "AG": "AG ↑",
    "FF": "FF ↑",
    "Fid-In": "Fid-In ↑",
    "SPS": "SPS ↑",
}

MAX_DURATION_S = 900.0  # longest song accepted by default
SILENT_PEAK = 10 ** (-90 / 20)  # one step of a 16-bit file: dither rather than music
MIN_DURATION_S = 0.5  # shorter recordings are rejected: too short to classify

PROJECT_DIR = Path(__file__).resolve().parent.parent
MODELS_DIR = PROJECT_DIR / "models"
EXAMPLES_DIR = PROJECT_DIR / "examples"
