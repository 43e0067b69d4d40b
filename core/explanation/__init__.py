"""Explanations: SHAP values of a prediction, and the cells of a spectrogram that count as important.

In: an `core.analysis.Analysis` of a song, and the model. Out: `core.explanation.explain.Explanation`
and boolean masks.

May import: `core.analysis` and what that may import; never `core.listening`.
"""
