"""The numbers every part shares: sampling, spectra, segments, genres and folders."""

from pathlib import Path

SAMPLE_RATE = 22_050  # Hz, mono, float32 in [-1, 1]

N_FFT = 2_048  # samples, Hann window, centred
HOP_LENGTH = 915  # samples: 24.1 frames/s, the frame rate of the training archive
N_MELS = 128  # bands, Slaney's scale and normalisation (librosa's default)
N_MFCC = 13  # coefficients, orthonormal DCT-II of the log-mel frame
TOP_DB = 80.0  # dB below the song's loudest mel cell: the floor of every log-mel spectrogram

SEGMENT_FRAMES = 72  # 65 880 samples, 2.99 s

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

MAX_DURATION_S = 900.0  # seconds: longest song that is accepted unless the caller says otherwise
MIN_DURATION_S = 0.5  # seconds: less than this is refused as too short to say anything about

PROJECT_DIR = Path(__file__).resolve().parent.parent
MODELS_DIR = PROJECT_DIR / "models"
EXAMPLES_DIR = PROJECT_DIR / "examples"
