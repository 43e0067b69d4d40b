"""Notation for the example songs: notes, chords and drum grids, humanised and written as MIDI.

Conventions
-----------
Time is in beats from the start of the song. A pitch is a MIDI note number (60 is middle C, ``C4``),
a velocity is 1 to 127. All random numbers come from the song's seed, so every rendering is equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from pathlib import Path

import mido
import numpy as np

TICKS = 480  # per beat
DRUM_CHANNEL = 9

SCRATCH, KICK, RIM, SNARE, CLAP, ELECTRIC_SNARE = 29, 36, 37, 38, 39, 40
CLOSED_HAT, PEDAL_HAT, OPEN_HAT = 42, 44, 46
LOW_TOM, MID_TOM, HIGH_TOM = 45, 47, 50
CRASH, RIDE, CHINA, RIDE_BELL = 49, 51, 52, 53
TAMBOURINE, SHAKER = 54, 70

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "5": (0, 7, 12),
    "6": (0, 4, 7, 9),
    "7": (0, 4, 7, 10),
    "9": (0, 4, 10, 14),
    "13": (0, 4, 10, 21),
    "maj7": (0, 4, 7, 11),
    "maj9": (0, 4, 11, 14),
    "m7": (0, 3, 7, 10),
    "m9": (0, 3, 10, 14),
    "m7b5": (0, 3, 6, 10),
    "7b9": (0, 4, 10, 13),
    "dim": (0, 3, 6),
    "sus4": (0, 5, 7),
}


@dataclass(frozen=True)
class Note:
    """One note: start and length in beats, pitch and velocity."""

    start: float
    length: float
    pitch: int
    velocity: int = 80


@dataclass(frozen=True)
class Track:
    """One instrument of a song.

    Parameters
    ----------
    name : str
        Name of the instrument.
    program : int
        General MIDI program, 0 to 127; for drums, the kit.
    notes : tuple of Note
        Notes to play.
    volume, pan, reverb : int
        Values of controllers 7, 10 and 91; pan 64 is the centre.
    drums : bool
        Whether the track is on the drum channel.
    late_ms : float
        Delay of all notes behind the beat in ms; negative is ahead of it.
    bends : tuple of (float, float)
        Beats, and the pitch bend in semitones from each of them on.
    swells : tuple of (float, int)
        Beats and values of expression (controller 11), interpolated linearly.
    """

    name: str
    program: int
    notes: tuple[Note, ...]
    volume: int = 90
    pan: int = 64
    reverb: int = 40
    drums: bool = False
    late_ms: float = 0.0
    bends: tuple[tuple[float, float], ...] = ()
    swells: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True)
class Song:
    """A song and its performance.

    Parameters
    ----------
    file, title, genre : str
        File name without suffix, displayed title and intended genre.
    tempo : float
        Beats per minute.
    beats : float
        Length in beats, without the decay of the last chord.
    tracks : tuple of Track
        Instruments.
    swing : float [range=[0.5, 0.75]]
        Position of the second half of each `swing_unit`: 0.5 is straight, 0.667 are triplets.
    swing_unit : float
        Length of the swung unit in beats: 1 swings eighths, 0.5 sixteenths.
    looseness_ms : float
        Standard deviation of the timing in ms.
    slowing : float
        Share by which the tempo slows down over the last four beats.
    drive : float
        Amount of soft saturation of the mix; 0 is none.
    high_cut_hz : float
        Cutoff of a low-pass filter with 12 dB per octave, for the sound of tape.
    tail_s : float
        Time for the last chord to decay, in seconds.
    seed : int
        Seed of all random numbers.
    """

    file: str
    title: str
    genre: str
    tempo: float
    beats: float
    tracks: tuple[Track, ...]
    swing: float = 0.5
    swing_unit: float = 1.0
    looseness_ms: float = 6.0
    slowing: float = 0.0
    drive: float = 0.0
    high_cut_hz: float = 10_000.0
    tail_s: float = 1.5
    seed: int = field(default=1)


def pitch(name: str) -> int:
    """Convert a note name such as ``F#4`` or ``Bb3`` to its MIDI number."""
    match = re.fullmatch(r"([A-G])([#b]*)(-?\d)", name)
    if match is None:
        raise ValueError(f"{name!r} is not a note; write for example F#4 or Bb3.")
    letter, accidentals, octave = match.groups()
    step = _STEPS[letter] + accidentals.count("#") - accidentals.count("b")
    return 12 * (int(octave) + 1) + step


def line(text: str, start: float = 0.0, velocity: int = 85, legato: float = 0.92) -> list[Note]:
    """Parse a melody written as pairs of note and length in beats: ``F4 1 A4 .5 . .5 C5 2``.

    A dot is a rest, ``!`` accents a note, ``?`` softens it, and ``+`` joins notes to a chord. Notes
    sound for the share `legato` of their length.
    """
    notes = []
    words = text.split()
    for word, duration in zip(words[::2], words[1::2], strict=True):
        length = float(duration)
        force = velocity + (14 if word.endswith("!") else -16 if word.endswith("?") else 0)
        if word != ".":
            for name in word.rstrip("!?").split("+"):
                notes.append(Note(start, length * legato, pitch(name), force))
        start += length
    return notes


def bars(
    texts: Iterable[str],
    beats: float = 4.0,
    start: float = 0.0,
    velocity: int = 85,
    legato: float = 0.92,
) -> list[Note]:
    """Parse a melody written bar by bar, each as for `line` and exactly `beats` long."""
    notes = []
    for number, text in enumerate(texts):
        length = sum(float(word) for word in text.split()[1::2])
        if abs(length - beats) > 1e-6:
            raise ValueError(f"Bar {number + 1} has {length:g} beats instead of {beats:g}: {text}")
        notes += line(text, start + number * beats, velocity, legato)
    return notes


def grid(pattern: str, drum: int, start: float = 0.0, step: float = 0.25) -> list[Note]:
    """Parse a row of drum steps: ``X`` accent, ``x`` stroke, ``o`` ghost note, ``.`` rest."""
    force = {"X": 112, "x": 90, "o": 48}
    strokes = pattern.replace(" ", "").replace("|", "")
    return [
        Note(start + i * step, 0.2, drum, force[stroke])
        for i, stroke in enumerate(strokes)
        if stroke in force
    ]


def repeated(notes: Iterable[Note], period: float, times: int, start: float = 0.0) -> list[Note]:
    """Repeat `notes` `times` times, `period` beats apart."""
    notes = list(notes)
    return [
        replace(note, start=note.start + start + i * period) for i in range(times) for note in notes
    ]


def chord(name: str) -> tuple[int, ...]:
    """Compute the pitches of a chord such as ``Dm7`` or ``Bb13``, with the root below middle C."""
    match = re.fullmatch(r"([A-G][#b]?)(.*)", name)
    if match is None or match[2] not in _QUALITIES:
        raise ValueError(f"{name!r} is not a known chord; add its quality to _QUALITIES.")
    root = pitch(match[1] + "3")
    return tuple(root + interval for interval in _QUALITIES[match[2]])


def voicings(names: Iterable[str], low: int, high: int) -> list[tuple[int, ...]]:
    """Voice chords between two pitches so that every voice moves as little as possible."""
    placed: list[tuple[int, ...]] = []
    for name in names:
        by_voice = [range(low + (p - low) % 12, high + 1, 12) for p in chord(name)]
        choices = [tuple(sorted(c)) for c in product(*by_voice) if len(set(c)) == len(c)]
        before = placed[-1] if placed else ()
        efforts = [_effort(choice, before, (low + high) / 2) for choice in choices]
        placed.append(choices[int(np.argmin(efforts))])
    return placed


def _effort(choice: tuple[int, ...], before: tuple[int, ...], centre: float) -> float:
    """Rate a voicing by movement, semitone clashes, gaps and distance from the centre."""
    moved = sum(min(abs(p - q) for q in before) for p in choice) if before else 0
    spread = sum(max(b - a - 5, 0) + 6 * (b - a < 2) for a, b in pairwise(choice))
    return 2 * moved + spread + 0.5 * abs(sum(choice) / len(choice) - centre)


def _swung(beat: float, song: Song) -> float:
    """Shift a beat by the song's swing."""
    whole, part = divmod(beat, song.swing_unit)
    part /= song.swing_unit
    if part < 0.5:
        part *= 2 * song.swing
    else:
        part = song.swing + (part - 0.5) * 2 * (1 - song.swing)
    return (whole + part) * song.swing_unit


def _as_played(song: Song, track: Track, random: np.random.RandomState) -> Iterator[Note]:
    """Apply swing, delay and random deviations of timing and velocity."""
    beats_per_ms = song.tempo / 60_000
    for note in track.notes:
        late = track.late_ms + np.clip(random.normal(), -2, 2) * song.looseness_ms
        start = max(_swung(note.start, song) + late * beats_per_ms, 0)
        length = max(_swung(note.start + note.length, song) - _swung(note.start, song), 0.05)
        force = round(note.velocity + np.clip(random.normal(), -2, 2) * 5)
        yield Note(start, length, note.pitch, min(max(force, 1), 127))


def _messages(
    song: Song, track: Track, channel: int, seed: int
) -> list[tuple[int, int, mido.Message]]:
    """Build a track's MIDI messages with their ticks, and an order for those at the same tick."""
    random = np.random.RandomState(seed)  # its stream is the same in every version of numpy

    def control(beat: float, number: int, value: int) -> tuple[int, int, mido.Message]:
        message = mido.Message("control_change", channel=channel, control=number, value=value)
        return round(beat * TICKS), 1, message

    program = mido.Message("program_change", channel=channel, program=track.program)
    messages = [(0, 0, program), control(0, 7, track.volume), control(0, 10, track.pan)]
    messages += [control(0, 91, track.reverb), control(0, 93, 0)]
    for beat, semitones in track.bends:  # the wheel has a range of two semitones
        bend = mido.Message("pitchwheel", channel=channel, pitch=round(semitones / 2 * 8191))
        messages.append((round(_swung(beat, song) * TICKS), 1, bend))
    for (beat, value), (until, target) in pairwise(track.swells):
        for at in np.arange(beat, until, 0.125):
            part = (at - beat) / (until - beat)
            messages.append(control(at, 11, round(value + part * (target - value))))
    for note in _as_played(song, track, random):
        begin, end = round(note.start * TICKS), round((note.start + note.length) * TICKS)
        words = {"channel": channel, "note": note.pitch}
        messages.append((begin, 3, mido.Message("note_on", velocity=note.velocity, **words)))
        messages.append((end, 2, mido.Message("note_off", **words)))
    return messages


def write_midi(song: Song, path: Path) -> None:
    """Write a song as a standard MIDI file.

    Parameters
    ----------
    song : Song
        Song to write.
    path : Path
        Destination.
    """
    midi = mido.MidiFile(ticks_per_beat=TICKS)
    conductor = midi.add_track("conductor")
    tempo = mido.bpm2tempo(song.tempo)
    conductor.append(mido.MetaMessage("set_tempo", tempo=tempo))
    waited = 0
    for i in range(16):  # the last four beats, a quarter of a beat at a time
        at = round((song.beats - 4 + i / 4) * TICKS)
        slower = round(tempo * (1 + song.slowing * i / 15))
        conductor.append(mido.MetaMessage("set_tempo", tempo=slower, time=at - waited))
        waited = at
    channels = [number for number in range(16) if number != DRUM_CHANNEL]
    for number, track in enumerate(song.tracks):
        channel = DRUM_CHANNEL if track.drums else channels.pop(0)
        messages = _messages(song, track, channel, 1_000 * song.seed + number)
        written = midi.add_track(track.name)
        now = 0
        for tick, _, message in sorted(messages, key=lambda entry: entry[:2]):
            written.append(message.copy(time=tick - now))
            now = tick
    midi.save(path)
