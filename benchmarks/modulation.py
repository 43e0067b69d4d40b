"""Fast amplitude modulation of audio: a metric of the musical noise that masks add."""

from __future__ import annotations

import numpy as np
import scipy.signal

from core.audio.io import Audio

WINDOW, STEP = 256, 64  # samples
FAST_HZ = (10.0, 40.0)  # above the rate of beats, and beyond the frame rate of the masks


def fast_modulation(audio: Audio) -> float:
    """Compute the share of fast modulation in the envelopes of the frequency bins.

    Masks that flicker from frame to frame add modulation at up to the frame rate. Changes of level
    or of the number of bands do not.

    Parameters
    ----------
    audio : Audio
        The recording.

    Returns
    -------
    float [range=[0, 1]]
        Energy of the envelopes (not their powers) between 10 and 40 Hz as a share of all up to
        40 Hz, the constant part included; 0 for silence.
    """
    if not np.any(audio.samples):
        return 0.0
    samples = np.pad(audio.samples, (0, max(0, 4 * WINDOW - len(audio.samples))))
    _, _, spectrum = scipy.signal.stft(
        samples, audio.sample_rate, nperseg=WINDOW, noverlap=WINDOW - STEP
    )
    envelopes = np.abs(spectrum)
    window = scipy.signal.get_window("hann", envelopes.shape[1])
    energy = np.abs(np.fft.rfft(envelopes * window, axis=1)) ** 2
    energy[:, 1:] *= 2  # the other half of the spectrum
    rates = np.fft.rfftfreq(envelopes.shape[1], STEP / audio.sample_rate)
    low, high = FAST_HZ
    slow_and_fast = energy[:, rates < high].sum()
    return float(energy[:, (rates > low) & (rates < high)].sum() / slow_and_fast)
