"""Recordings without music, synthesised: silence, noise, tones, environmental sounds, speech.

Every sound is made here from a seed, so nothing has to be downloaded. Speech comes from the program
espeak-ng, if it is installed; the sounds that need it are left out otherwise.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator

import numpy as np

from benchmarks.sound_effects import KINDS, N, Random, rain, scaled
from core.audio.io import Audio, load_audio
from core.constants import SAMPLE_RATE

VARIANTS = 6  # of each kind of sound, with different parameters
PEAK = 0.5
SPEECH_PROGRAM = "espeak-ng"
VOICES = ("en-gb", "en-us+f3", "de+m3", "fr+f2", "es+m1", "it+f4")
TEXTS = {
    "en": "Good evening. The harbour will be closed tomorrow from six until noon, because the "
    "bridge is being repaired. Ferries leave from the northern pier. Please allow more time, and "
    "keep your ticket until the end of your journey. The library opens again on Monday.",
    "de": "Guten Abend. Der Hafen bleibt morgen von sechs Uhr bis zum Mittag geschlossen, weil die "
    "Brücke repariert wird. Die Fähren fahren vom nördlichen Anleger ab. Bitte planen Sie mehr "
    "Zeit ein und behalten Sie Ihre Fahrkarte bis zum Ende der Reise.",
    "fr": "Bonsoir. Le port sera fermé demain de six heures à midi, car le pont est en réparation. "
    "Les bateaux partent du quai nord. Prévoyez plus de temps et gardez votre billet jusqu'à la "
    "fin du voyage. La bibliothèque ouvrira de nouveau lundi.",
    "es": "Buenas tardes. El puerto estará cerrado mañana desde las seis hasta el mediodía, porque "
    "se está reparando el puente. Los barcos salen del muelle norte. Calcule más tiempo y conserve "
    "su billete hasta el final del viaje.",
    "it": "Buonasera. Il porto resterà chiuso domani dalle sei a mezzogiorno, perché il ponte è in "
    "riparazione. I traghetti partono dal molo nord. Prevedete più tempo e conservate il biglietto "
    "fino alla fine del viaggio.",
}


def has_speech() -> bool:
    """Whether the program that speaks is installed."""
    return shutil.which(SPEECH_PROGRAM) is not None


def sounds(seed: int = 0, variants: int = VARIANTS) -> Iterator[tuple[str, Audio]]:
    """Synthesise all sounds.

    Parameters
    ----------
    seed : int
        Seed of their parameters.
    variants : int
        Number of sounds of each kind; silence has one.

    Yields
    ------
    kind : str
        Key of `KINDS`, or ``"speech"`` or ``"speech and rain"`` where espeak-ng is installed.
    audio : Audio
        Twelve seconds at 22 050 Hz with a peak of 0.5.
    """
    for number, (kind, sound) in enumerate(KINDS.items()):
        for variant in range(1 if kind == "silence" else variants):
            random = np.random.default_rng((seed, number, variant))
            yield kind, _as_audio(sound(random), f"{kind} {variant + 1}")
    if not has_speech():
        return
    for variant in range(variants):
        random = np.random.default_rng((seed, len(KINDS), variant))
        spoken = speech(random, VOICES[variant % len(VOICES)])
        yield "speech", _as_audio(spoken, f"speech {variant + 1}")
        mixed = scaled(spoken) + random.uniform(0.1, 0.4) * scaled(rain(random))
        yield "speech and rain", _as_audio(mixed, f"speech and rain {variant + 1}")


def _as_audio(samples: np.ndarray, name: str) -> Audio:
    return Audio(PEAK * scaled(samples), SAMPLE_RATE, name)


def speech(random: Random, voice: str) -> np.ndarray:
    """Read a text aloud with espeak-ng.

    Parameters
    ----------
    random : np.random.Generator
        Source of pitch and speed.
    voice : str
        Voice of espeak-ng.

    Returns
    -------
    np.ndarray [shape=(n,)]
        Twelve seconds, repeated where the text is shorter.

    Raises
    ------
    OSError
        If espeak-ng is not installed.
    """
    options = [
        "-v",
        voice,
        "-s",
        str(random.integers(130, 190)),
        "-p",
        str(random.integers(30, 70)),
    ]
    spoken = subprocess.run(
        [SPEECH_PROGRAM, *options, "--stdout", TEXTS[voice[:2]]], capture_output=True, check=True
    )
    samples = load_audio(io.BytesIO(spoken.stdout)).samples
    return np.resize(samples, N)
