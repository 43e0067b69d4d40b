"""Features: spectrograms, MFCCs, descriptors and embeddings; and audio resynthesised from them.

In: `core.audio.io.Audio` or its samples. Out: arrays of shape ``(segments, frames, bands)`` or
``(segments, features)``.

May import: `core.audio` and what that may import.
"""
