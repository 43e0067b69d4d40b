"""Compose the example songs, render them with FluidSynth and write them as Ogg Vorbis.

This needs Debian's packages ``fluidsynth`` and ``fluid-soundfont-gm``, and only after changing a
song: the rendered files are part of the repository.

    python examples/compose.py [--out DIR]
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.signal
import soundfile

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from core.storage import replacing, write_json  # noqa: E402
from examples.score import Song, write_midi  # noqa: E402

SONGS = (
    "late_train_swing",
    "window_in_winter",
    "corner_lamp",
    "slow_harbour",
    "iron_weather",
    "gravel_road",
    "mirror_ball",
)
SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
CREDITS = "composed for Groove-Guide"
RATE = 44_100
LEVEL_DB = -17.0  # dBFS, RMS without pauses
CEILING_DB = -1.0  # dBFS
FADE_S = 1.2
VORBIS_COMPRESSION = 0.6  # libsndfile's scale: one minus the Vorbis quality


class ComposeError(RuntimeError):
    """A song cannot be rendered; the message tells the user what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Render all songs and write them with `examples.json`.

    Parameters
    ----------
    arguments : list of str, optional
        Command line arguments, by default those of the process.

    Returns
    -------
    int
        Exit status: 0, or 1 if a song cannot be rendered.
    """
    parser = argparse.ArgumentParser(description="Compose and render the example songs.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    options = parser.parse_args(arguments)
    entries = []
    try:
        for name in SONGS:
            song: Song = importlib.import_module(f"examples.songs.{name}").SONG
            samples = mastered(rendered(song), song)
            path = options.out / f"{song.file}.ogg"
            write_vorbis(samples, path, song)
            entries.append(entry(song, len(samples) / RATE))
            print(f"{path.name:24} {figures(samples)}  {path.stat().st_size / 1000:.0f} kB")
    except ComposeError as error:
        print(error, file=sys.stderr)
        return 1
    write_json(options.out / "examples.json", entries)
    return 0


def entry(song: Song, duration_s: float) -> dict[str, Any]:
    """Build a song's entry in `examples.json`."""
    return {
        "file": f"{song.file}.ogg",
        "title": song.title,
        "genre": song.genre,
        "credits": CREDITS,
        "duration_s": round(duration_s, 2),
    }


def rendered(song: Song) -> np.ndarray:
    """Render a song with FluidSynth.

    Parameters
    ----------
    song : Song
        Song to render.

    Returns
    -------
    np.ndarray [shape=(n, 2), dtype=float32]
        Stereo samples at 44 100 Hz, before mastering.

    Raises
    ------
    ComposeError
        If FluidSynth or the sound font is missing, or FluidSynth fails.
    """
    if shutil.which("fluidsynth") is None:
        raise ComposeError("FluidSynth is missing; install it with: apt-get install fluidsynth")
    if not SOUND_FONT.is_file():
        raise ComposeError(
            f"{SOUND_FONT} is missing; install it with: apt-get install fluid-soundfont-gm"
        )
    with tempfile.TemporaryDirectory() as folder:
        midi, wave = Path(folder) / "song.mid", Path(folder) / "song.wav"
        write_midi(song, midi)
        command = ["fluidsynth", "-ni", "-q", "-r", str(RATE), "-g", "0.4", "-O", "float"]
        command += ["-T", "wav", "-F", str(wave), str(SOUND_FONT), str(midi)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not wave.is_file():
            raise ComposeError(f"FluidSynth could not play {song.title}: {done.stderr.strip()}")
        samples, _ = soundfile.read(wave, dtype="float32", always_2d=True)
    return samples


def mastered(samples: np.ndarray, song: Song) -> np.ndarray:
    """Filter, trim, normalise and fade out a rendered song.

    Parameters
    ----------
    samples : np.ndarray [shape=(n, 2)]
        Stereo samples at 44 100 Hz.
    song : Song
        Song, with its length, saturation and high cut.

    Returns
    -------
    np.ndarray [shape=(m, 2), dtype=float32, range=[-1, 1]]
        Stereo samples from the first audible one on, at `LEVEL_DB` and below `CEILING_DB`.
    """
    rumble = scipy.signal.butter(2, 30, "highpass", fs=RATE, output="sos")
    treble = scipy.signal.butter(2, song.high_cut_hz, "lowpass", fs=RATE, output="sos")
    samples = scipy.signal.sosfilt(np.concatenate([rumble, treble]), samples, axis=0)
    loud = np.flatnonzero(np.abs(samples).max(axis=1) > 10 ** (-50 / 20))
    begin = max(int(loud[0]) - RATE // 100, 0)
    length_s = 60 * song.beats / song.tempo * (1 + 2 * song.slowing / song.beats) + song.tail_s
    samples = samples[begin : begin + round(length_s * RATE)]
    samples = samples * 10 ** (LEVEL_DB / 20) / level(samples)
    if song.drive:
        samples = np.tanh(song.drive * 4 * samples) / (song.drive * 4)
        samples *= 10 ** (LEVEL_DB / 20) / level(samples)
    samples = limited(samples, 10 ** (CEILING_DB / 20))
    n = round(FADE_S * RATE)
    samples[-n:] *= (np.cos(np.linspace(0, np.pi, n)) / 2 + 0.5)[:, np.newaxis]
    return samples.astype(np.float32)


def level(samples: np.ndarray) -> float:
    """Measure the RMS of all blocks (0.1 s) within 30 dB of the loudest, of the mono mix."""
    n = RATE // 10
    usable = samples[: len(samples) // n * n].mean(axis=1).reshape(-1, n)
    power = np.mean(usable**2, axis=1)
    return float(np.sqrt(np.mean(power[power > power.max() / 1000])))


def limited(samples: np.ndarray, ceiling: float) -> np.ndarray:
    """Limit peaks to `ceiling` by a gain that changes smoothly within 15 ms of them."""
    width = RATE // 100
    peak = scipy.ndimage.maximum_filter1d(np.abs(samples).max(axis=1), 2 * width + 1)
    gain = np.minimum(1, ceiling / np.maximum(peak, ceiling))
    window = np.hanning(width + 2)[1:-1]
    gain = scipy.ndimage.convolve1d(gain, window / window.sum(), mode="nearest")
    return samples * gain[:, np.newaxis]


def write_vorbis(samples: np.ndarray, path: Path, song: Song) -> None:
    """Write a song as Ogg Vorbis with tags, completely or not at all."""
    with (
        replacing(path) as temporary,
        soundfile.SoundFile(
            temporary, "w", RATE, 2, "VORBIS", format="OGG", compression_level=VORBIS_COMPRESSION
        ) as file,
    ):
        file.title, file.artist, file.genre = song.title, "Groove-Guide", song.genre
        file.comment = CREDITS
        for start in range(0, len(samples), RATE):  # the encoder puts each write on the stack
            file.write(samples[start : start + RATE])


def figures(samples: np.ndarray) -> str:
    """Format duration, level, peak, longest silence and spectral balance in one line."""
    mono = samples.mean(axis=1)
    n = RATE // 20
    quiet = np.abs(mono[: len(mono) // n * n]).reshape(-1, n).max(axis=1) < 10 ** (-50 / 20)
    runs, _ = scipy.ndimage.label(quiet)
    silence = np.bincount(runs)[1:].max(initial=0) / 20
    frequencies, power = scipy.signal.welch(mono, RATE, nperseg=4096)
    bands = [(0, 250), (250, 2_000), (2_000, 6_000), (6_000, RATE)]
    shares = [power[(frequencies >= a) & (frequencies < b)].sum() / power.sum() for a, b in bands]
    balance = " ".join(f"{10 * np.log10(share):5.1f}" for share in shares)
    peak = 20 * np.log10(np.abs(samples).max())
    return (
        f"{len(samples) / RATE:5.1f} s  RMS {20 * np.log10(level(samples)):5.1f} dBFS  "
        f"peak {peak:4.1f} dBFS  silence {silence:.2f} s  <250|-2k|-6k|> {balance} dB"
    )


if __name__ == "__main__":
    sys.exit(main())
