"""Listening: audio of the important parts of a song, and how the model responds to it.

In: `core.audio.io.Audio` and its `core.explanation.explain.Explanation`. Out: filtered audio with
the original phase, and faithfulness metrics.

May import: `core.explanation` and what that may import.
"""
