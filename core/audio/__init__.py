"""Audio files: decoding, resampling, integrity checks, loudness and encoding.

In: paths, streams or bytes of any supported format. Out: `core.audio.io.Audio` (mono float32
samples and their sampling rate) and encoded files.

May import: `core.errors`, `core.constants`, `core.storage`.
"""
