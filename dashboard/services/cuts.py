"""Passages cut out of encoded songs, for reports."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.services import workers
from dashboard.services.warmup import ProgressCallback


def cuts_of(files: Sequence[bytes], start_s: float, end_s: float) -> list[bytes]:
    """Cut a passage out of songs, with the same samples.

    Parameters
    ----------
    files : sequence of bytes
        FLAC files with 16 bits.
    start_s, end_s : float
        Beginning and end of the passage.

    Returns
    -------
    list of bytes
        FLAC files of the passage.
    """
    found: list[bytes] = workers.pool.run(
        _cuts, list(files), start_s, end_s, report=lambda *_: None, doing="Cutting the audio …"
    )
    return found


def _cuts(
    files: list[bytes], start_s: float, end_s: float, *, report: ProgressCallback
) -> list[bytes]:
    import io

    import soundfile

    cuts = []
    for file in files:
        report("Cutting the audio …", None)
        samples, sample_rate = soundfile.read(io.BytesIO(file), dtype="int16")
        first, last = (round(moment * sample_rate) for moment in (start_s, end_s))
        stream = io.BytesIO()
        soundfile.write(stream, samples[first:last], sample_rate, format="FLAC", subtype="PCM_16")
        cuts.append(stream.getvalue())
    return cuts
