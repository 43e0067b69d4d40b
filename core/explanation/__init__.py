"""Explanations: SHAP values of a prediction, and masks of the important cells of a spectrogram.

In: a `core.analysis.Analysis` of a song, and the model. Out: `core.explanation.explain.Explanation`
and boolean masks.

May import: `core.analysis` and what that may import; never `core.listening`.
"""
