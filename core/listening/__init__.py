"""Listening: audio of the important parts of a song, and the model's predictions for it.

In: `core.audio.io.Audio` and its `core.explanation.explain.Explanation`. Out: filtered audio with
the original phase, and faithfulness metrics.

May import: `core.explanation` and what that may import.
"""
