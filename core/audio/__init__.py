"""Audio files in and out: decode, resample, check, measure loudness, encode.

In: paths, streams or bytes of any supported format. Out: `core.audio.io.Audio`, mono float32
samples with their sampling rate, and encoded files.

May import: `core.errors`, `core.constants`, `core.storage`.
"""
