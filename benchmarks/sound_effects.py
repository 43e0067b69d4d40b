"""Building blocks and sounds that are not music, synthesised from a random generator."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.signal

from core.constants import SAMPLE_RATE

DURATION_S = 12.0  # of each sound: four segments

Random = np.random.Generator
Sound = Callable[[Random], np.ndarray]

N = round(DURATION_S * SAMPLE_RATE)
TIME = np.arange(N) / SAMPLE_RATE


# ---- Building blocks


def scaled(samples: np.ndarray) -> np.ndarray:
    """Scale samples to a peak of 1; silence stays silence."""
    return (samples / max(float(np.abs(samples).max()), 1e-9)).astype(np.float32)


def coloured_noise(random: Random, slope: float) -> np.ndarray:
    """Synthesise noise; its power falls with frequency: slope 0 white, 1 pink, 2 brown, −1 blue."""
    spectrum = np.fft.rfft(random.standard_normal(N))
    frequencies = np.maximum(np.fft.rfftfreq(N, 1 / SAMPLE_RATE), 20.0)
    return np.fft.irfft(spectrum * frequencies ** (-slope / 2), N)


def band_noise(random: Random, low: float, high: float) -> np.ndarray:
    """Synthesise noise between two frequencies in Hz."""
    filters = scipy.signal.butter(4, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")
    return scaled(scipy.signal.sosfilt(filters, random.standard_normal(N)))


def wandering(random: Random, rate: float) -> np.ndarray:
    """Draw a curve in [0, 1] that changes at random, about `rate` times a second."""
    knots = random.uniform(0, 1, int(DURATION_S * rate) + 3)
    return np.interp(TIME * rate, np.arange(len(knots)), knots)


def events(random: Random, times: np.ndarray, sound: Callable[[], np.ndarray]) -> np.ndarray:
    """Place a sound, made anew each time and at a random level, at several times in seconds."""
    samples = np.zeros(N)
    for time in times:
        start = round(time * SAMPLE_RATE)
        part = sound()[: max(N - start, 0)]
        samples[start : start + len(part)] += random.uniform(0.4, 1.0) * part
    return samples


def random_times(random: Random, rate: float) -> np.ndarray:
    """Draw times of events that occur at random, `rate` times a second on average."""
    return np.sort(random.uniform(0, DURATION_S, random.poisson(rate * DURATION_S) + 1))


def burst(random: Random, seconds: float, decay: float, frequency: float | None) -> np.ndarray:
    """Synthesise a decaying tone, or a decaying noise without a frequency."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    if frequency is None:
        wave = random.standard_normal(len(time))
    else:
        wave = np.sin(2 * np.pi * frequency * time)
    return wave * np.exp(-decay * time)


def tone(frequency: np.ndarray | float) -> np.ndarray:
    """Synthesise a sine of constant or changing frequency in Hz."""
    return np.sin(2 * np.pi * np.cumsum(np.broadcast_to(frequency, N)) / SAMPLE_RATE)


# ---- Sounds


def silence(random: Random) -> np.ndarray:
    """Synthesise digital silence."""
    return np.zeros(N)


def noise(random: Random) -> np.ndarray:
    """Synthesise steady noise of any colour."""
    return coloured_noise(random, random.uniform(-1, 2))


def narrow_noise(random: Random) -> np.ndarray:
    """Synthesise steady noise in one band."""
    low = 2 ** random.uniform(6.5, 11.5)
    return band_noise(random, low, min(low * random.uniform(1.3, 4), 10_500))


def sine(random: Random) -> np.ndarray:
    """Synthesise a steady sine."""
    return tone(2 ** random.uniform(6, 12.5))


def buzz(random: Random) -> np.ndarray:
    """Synthesise a steady square or sawtooth wave, as of a faulty cable."""
    wave = random.choice([scipy.signal.square, scipy.signal.sawtooth])
    return wave(2 * np.pi * random.uniform(50, 400) * TIME)


def sweep(random: Random) -> np.ndarray:
    """Sweep a sine over the audible range, up or down, once or several times."""
    period = random.uniform(2, 12)
    position = (TIME % period) / period
    rising = 60 * 150 ** (position if random.random() < 0.5 else 1 - position)
    return tone(rising)


def dial_tones(random: Random) -> np.ndarray:
    """Press the keys of a telephone."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)

    def key() -> np.ndarray:
        seconds = random.uniform(0.1, 0.25)
        low, high = random.choice(rows), random.choice(columns)
        return burst(random, seconds, 0, low) + burst(random, seconds, 0, high)

    return events(random, np.arange(0.1, DURATION_S, random.uniform(0.3, 0.7)), key)


def rain(random: Random) -> np.ndarray:
    """Imitate rain: a hiss and many drops."""
    drops = events(
        random,
        random_times(random, random.uniform(40, 150)),
        lambda: burst(random, 0.02, random.uniform(200, 500), random.uniform(1500, 7000)),
    )
    hiss = coloured_noise(random, random.uniform(-0.3, 0.6))
    return scaled(drops) + random.uniform(0.3, 1.5) * scaled(hiss)


def wind(random: Random) -> np.ndarray:
    """Imitate wind: low noise whose level wanders, and a whistle."""
    gusts = scaled(coloured_noise(random, 2)) * (0.1 + wandering(random, 0.7) ** 2)
    whistle = band_noise(random, 400, random.uniform(600, 1200)) * wandering(random, 0.5) ** 3
    return gusts + random.uniform(0, 0.3) * whistle


def waves(random: Random) -> np.ndarray:
    """Imitate waves on a beach: noise that swells every few seconds."""
    swell = (0.5 + 0.5 * np.sin(2 * np.pi * TIME / random.uniform(4, 9))) ** 3
    return coloured_noise(random, random.uniform(0.5, 1.2)) * (0.05 + swell)


def thunder(random: Random) -> np.ndarray:
    """Imitate thunder over light rain."""
    rolls = events(
        random,
        random_times(random, 0.3),
        lambda: burst(random, 5, random.uniform(0.5, 1.5), None),
    )
    filters = scipy.signal.butter(2, random.uniform(80, 250), fs=SAMPLE_RATE, output="sos")
    return scaled(scipy.signal.sosfilt(filters, rolls)) + 0.05 * scaled(rain(random))


def engine(random: Random) -> np.ndarray:
    """Imitate an engine: pulses whose rate wanders, through an exhaust, with some noise."""
    rate = random.uniform(18, 70) * (1 + random.uniform(0.05, 0.8) * wandering(random, 0.4))
    phase = np.cumsum(rate) / SAMPLE_RATE % 1
    pulses = np.exp(-12 * phase) * (1 + 0.2 * random.standard_normal(N))
    filters = scipy.signal.butter(2, random.uniform(300, 2000), fs=SAMPLE_RATE, output="sos")
    return scaled(scipy.signal.sosfilt(filters, pulses - pulses.mean())) + 0.1 * scaled(
        coloured_noise(random, 1)
    )


def helicopter(random: Random) -> np.ndarray:
    """Imitate a helicopter: low noise, chopped by the blades."""
    phase = random.uniform(9, 16) * TIME % 1
    return scaled(coloured_noise(random, 1.5)) * (0.15 + np.exp(-6 * phase))


def vacuum_cleaner(random: Random) -> np.ndarray:
    """Imitate a vacuum cleaner: noise and the harmonics of a motor."""
    base = random.uniform(200, 320)
    motor = np.sum([tone(base * k) / k for k in range(1, 8)], axis=0)
    return scaled(coloured_noise(random, 0.5)) + random.uniform(0.2, 0.6) * scaled(motor)


def clicks(random: Random) -> np.ndarray:
    """Synthesise clicks, as of a Geiger counter or a keyboard."""
    return events(
        random,
        random_times(random, random.uniform(2, 15)),
        lambda: burst(random, 0.03, random.uniform(150, 600), None),
    )


def ticking(random: Random) -> np.ndarray:
    """Imitate a ticking clock."""
    hertz = random.uniform(1500, 4000)
    times = np.arange(0.1, DURATION_S, random.choice([0.25, 0.5, 1.0]))
    return events(random, times, lambda: burst(random, 0.05, 150, hertz))


def alarm(random: Random) -> np.ndarray:
    """Imitate an alarm clock or a reversing lorry: beeps with pauses."""
    period, hertz = random.uniform(0.2, 1.2), random.uniform(800, 3200)
    return scipy.signal.square(2 * np.pi * hertz * TIME) * (TIME % period < period / 2)


def siren(random: Random) -> np.ndarray:
    """Imitate a siren that glides or alternates between two tones."""
    low, high = random.uniform(350, 700), random.uniform(900, 1600)
    phase = np.sin(2 * np.pi * random.uniform(0.2, 3) * TIME)
    height = (phase + 1) / 2 if random.random() < 0.5 else (phase > 0).astype(float)
    hertz = low + (high - low) * height
    return tone(hertz) + 0.5 * tone(2 * hertz) + 0.3 * tone(3 * hertz)


def telephone(random: Random) -> np.ndarray:
    """Imitate a telephone bell, with pauses."""
    ring = tone(random.uniform(900, 1400)) + tone(random.uniform(1500, 2200))
    flutter = 0.5 + 0.5 * scipy.signal.square(2 * np.pi * random.uniform(15, 25) * TIME)
    return ring * flutter * (random.uniform(1, 2.5) > TIME % 4)


def birds(random: Random) -> np.ndarray:
    """Imitate birds: short glides at a high pitch, over faint noise."""

    def chirp() -> np.ndarray:
        time = np.arange(round(random.uniform(0.05, 0.3) * SAMPLE_RATE)) / SAMPLE_RATE
        start, slope = random.uniform(2500, 6500), random.uniform(-8000, 8000)
        wave = np.sin(2 * np.pi * (start * time + slope * time**2 / 2))
        return wave * np.hanning(len(time))

    faint = random.uniform(0.01, 0.05) * scaled(coloured_noise(random, 1))
    return scaled(events(random, random_times(random, random.uniform(2, 8)), chirp)) + faint


def crickets(random: Random) -> np.ndarray:
    """Imitate crickets: a high tone in regular pulses."""
    pulses = (TIME * random.uniform(20, 45) % 1 < 0.5) * (
        TIME * random.uniform(1, 3) % 1 < random.uniform(0.4, 0.8)
    )
    return tone(random.uniform(3500, 5500)) * pulses + 0.02 * random.standard_normal(N)


def footsteps(random: Random) -> np.ndarray:
    """Imitate footsteps: dull thuds, and the crunch of gravel."""

    def step() -> np.ndarray:
        thud = burst(random, 0.2, 30, random.uniform(60, 140))
        crunch = burst(random, 0.2, 25, None)
        return thud + random.uniform(0.1, 0.6) * crunch

    pace = random.uniform(0.45, 0.8)
    times = np.arange(0.1, DURATION_S - 0.3, pace)
    return events(random, times + random.uniform(0, 0.06, len(times)), step)


def applause(random: Random) -> np.ndarray:
    """Imitate applause: very many short claps."""
    return events(
        random,
        random_times(random, random.uniform(80, 300)),
        lambda: burst(random, 0.03, random.uniform(100, 300), None),
    )


def dripping(random: Random) -> np.ndarray:
    """Imitate a dripping tap: rising blips."""

    def drop() -> np.ndarray:
        time = np.arange(round(0.08 * SAMPLE_RATE)) / SAMPLE_RATE
        start = random.uniform(600, 1800)
        return np.sin(2 * np.pi * (start * time + 4000 * time**2)) * np.exp(-50 * time)

    return events(random, random_times(random, random.uniform(0.8, 4)), drop)


def hum(random: Random) -> np.ndarray:
    """Synthesise mains hum with its harmonics, over hiss."""
    base = random.choice([50.0, 60.0])
    harmonics = np.sum([random.uniform(0, 1) / k * tone(base * k) for k in range(1, 12)], axis=0)
    return scaled(harmonics) + random.uniform(0.01, 0.2) * random.standard_normal(N)


def babble(random: Random) -> np.ndarray:
    """Imitate a crowd: many voices at once, from pulses through changing resonances."""
    return sum((_voice(random) for _ in range(8)), np.zeros(N))


def _voice(random: Random) -> np.ndarray:
    """Synthesise a voice without words: glottal pulses, two formants, syllables."""
    pitch = random.uniform(90, 240) * (0.85 + 0.3 * wandering(random, 3))
    pulses = np.diff(np.floor(np.cumsum(pitch) / SAMPLE_RATE), prepend=0)
    voice = np.zeros(N)
    for low, high in ((250, 900), (900, 2500)):
        for _ in range(3):  # vowels, which take turns
            centre = random.uniform(low, high)
            filters = scipy.signal.butter(
                2, (centre * 0.9, centre * 1.1), "bandpass", fs=SAMPLE_RATE, output="sos"
            )
            voice += scipy.signal.sosfilt(filters, pulses) * (wandering(random, 5) > 0.5)
    return voice * (wandering(random, 4) > 0.3)


KINDS: dict[str, Sound] = {
    "silence": silence,
    "noise": noise,
    "narrow noise": narrow_noise,
    "sine": sine,
    "buzz": buzz,
    "sweep": sweep,
    "dial tones": dial_tones,
    "rain": rain,
    "wind": wind,
    "waves": waves,
    "thunder": thunder,
    "engine": engine,
    "helicopter": helicopter,
    "vacuum cleaner": vacuum_cleaner,
    "clicks": clicks,
    "ticking": ticking,
    "alarm": alarm,
    "siren": siren,
    "telephone": telephone,
    "birds": birds,
    "crickets": crickets,
    "footsteps": footsteps,
    "applause": applause,
    "dripping": dripping,
    "hum": hum,
    "crowd": babble,
}
