from .analysis import Analysis as Analysis
from .analysis import analyze as analyze
from .audio.io import Audio as Audio
from .audio.io import load_audio as load_audio
from .audio.io import save_audio as save_audio
from .errors import AudioError as AudioError
from .errors import DatasetError as DatasetError
from .errors import ExplanationError as ExplanationError
from .errors import ModelError as ModelError
from .explanation.explain import Explanation as Explanation
from .explanation.explain import explain as explain
from .explanation.masks import importance_mask as importance_mask
from .features.spectrogram import mfcc_from_logmel as mfcc_from_logmel
from .listening.faithfulness import faithfulness as faithfulness
from .listening.filtering import listen as listen
from .models.base import GenreModel as GenreModel
from .models.cards import list_models as list_models
from .models.store import load_model as load_model

__all__ = [
    "Analysis",
    "Audio",
    "AudioError",
    "DatasetError",
    "Explanation",
    "ExplanationError",
    "GenreModel",
    "ModelError",
    "analyze",
    "explain",
    "faithfulness",
    "importance_mask",
    "list_models",
    "listen",
    "load_audio",
    "load_model",
    "mfcc_from_logmel",
    "save_audio",
]
