"""Groove-Guide: predict the genre of a song, explain the prediction and listen to the explanation.

The public names, each loaded when it is first used:

=====================  ============================================================================
`load_audio`           Read a song from a file.
`list_models`          Cards of the bundled models.
`load_model`           Load a model by name.
`analyze`              Predict the genre of each segment of a song.
`explain`              Compute SHAP values of the predictions.
`listen`               Filter a song down to its important parts, or to everything else.
`importance_mask`      Cells of the spectrogram that `listen` keeps.
`faithfulness`         Analyse the filtered audio again and measure the explanation.
`mfcc_from_logmel`     Compute MFCCs from a log-mel spectrogram.
`save_audio`           Write audio to a file.
=====================  ============================================================================

They work with `Audio`, `GenreModel`, `Analysis` and `Explanation`, and raise `AudioError`,
`ModelError`, `DatasetError` and `ExplanationError`.

Examples
--------
>>> from core import analyze, load_audio, load_model
>>> analyze(load_audio("examples/slow_harbour.ogg"), load_model("cnn")).genre
'reggae'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
