"""Gravel Road: train beat, boom-chick guitar, banjo roll, fiddle and steel guitar; G major."""

from __future__ import annotations

from examples.score import (
    CLOSED_HAT,
    KICK,
    SNARE,
    TAMBOURINE,
    Note,
    Song,
    Track,
    bars,
    chord,
    grid,
    pitch,
    repeated,
    voicings,
)

CHANGES = ("G", "G", "C", "G", "Em", "C", "D", "D7", "G", "G")
BARS = len(CHANGES)
END = 4.0 * BARS
FIDDLE = (
    "D5! .5 E5 .5 G5 1 B5! .5 A5 .5 G5 1",
    "A5 .5 B5 .5 A5 .5 G5 .5 E5! 1 D5 1",
    "E5! .5 G5 .5 C6 1 B5 .5 A5 .5 G5 1",
    "B5! 1 A5 .5 G5 .5 D5+G5 2",
    "B5! .5 A5 .5 G5 .5 E5 .5 G5! 1 E5 1",
    "E5 .5 G5 .5 A5 .5 C6 .5 B5! .5 A5 .5 G5 1",
    "F#5! .5 G5 .5 A5 1 D5 .5 F#5 .5 A5 1",
    "C6! .5 B5 .5 A5 .5 G5 .5 F#5 .5 E5 .5 D5 .5 F#5 .5",
    "G5! .5 B5 .5 D6 .5 B5 .5 C6 .5 A5 .5 F#5 .5 A5 .5",
    "G5! .5 D5 .5 B4 .5 D5 .5 G4+D5+G5! 2",
)
STEEL = (
    (8, "E4+G4", 3.6),
    (14, "B3+D4", 1.8),
    (20, "C4+E4", 3.6),
    (28, "F#4+A4", 3.6),
    (38, "B3+D4", 3),
)


def boom_chick() -> list[Note]:
    """Alternate bass strings and strums with an upstroke."""
    notes = []
    for number, pitches in enumerate(voicings(CHANGES, 55, 71)):
        root = 40 + (chord(CHANGES[number])[0] - 40) % 12
        fifth = root + 7 if root < 45 else root - 5
        low = (root, fifth)
        for half in (0, 1):
            start = 4 * number + 2 * half
            if number == BARS - 1 and half == 1:
                notes += [Note(start + 0.02 * i, 3, p, 92) for i, p in enumerate((43, *pitches))]
                continue
            notes.append(Note(start, 0.8, low[half], 92))
            for i, p in enumerate(pitches):
                notes.append(Note(start + 1 + 0.015 * i, 0.5, p, 84))
                notes.append(Note(start + 1.5 + 0.012 * (3 - i), 0.3, p, 58))
    return notes


def bass() -> list[Note]:
    """Alternate root and fifth, with passing notes into each change of chord."""
    notes = []
    for number, name in enumerate(CHANGES):
        root = 28 + (chord(name)[0] - 28) % 12
        following = 28 + (chord(CHANGES[(number + 1) % BARS])[0] - 28) % 12
        start = 4.0 * number
        fifth = root + 7 if root < 36 else root - 5
        notes.append(Note(start, 1.6, root, 100))
        if following == root or number == BARS - 1:
            notes.append(Note(start + 2, 1.6, root if number == BARS - 1 else fifth, 94))
        else:
            step = 2 if following > root else -2
            notes.append(Note(start + 2, 0.9, following - 2 * step, 92))
            notes.append(Note(start + 3, 0.9, following - step, 94))
    return notes


def banjo() -> list[Note]:
    """Play forward rolls over the chords with the high G string ringing."""
    notes = []
    for number, pitches in enumerate(voicings(CHANGES[:-1], 59, 74)):
        low, middle, high = pitches[0], pitches[1], pitches[-1]
        drone = pitch("G5")
        for step, p in enumerate((low, middle, drone, high, low, drone, middle, high)):
            notes.append(Note(4 * number + step / 2, 0.45, p, 82 if step % 4 == 0 else 66))
    return notes


def drums() -> list[Note]:
    """Play a train beat on the snare with brushes, and the bass drum on one and three."""
    bar = grid("x...x...", KICK, step=0.5) + grid("ooXo ooXo ooXo oxXo", SNARE)
    bar += grid("..x...x.", CLOSED_HAT, step=0.5) + grid("....o.......o...", TAMBOURINE)
    notes = repeated(bar, 4, BARS - 1)
    notes += grid("o.x.X...", SNARE, END - 4, 0.5) + grid("x...X", KICK, END - 4, 0.5)
    return notes


def steel() -> tuple[list[Note], list[tuple[float, float]], list[tuple[float, int]]]:
    """Slide into every chord from a whole tone below while the volume pedal opens."""
    notes: list[Note] = []
    bends: list[tuple[float, float]] = []
    pedal: list[tuple[float, int]] = []
    for start, names, length in STEEL:
        notes += [Note(start, length, pitch(name), 86) for name in names.split("+")]
        bends += [(start - 0.05, -2.0)]
        bends += [(start + 0.3 + k * 0.05, -2 + 2 * k / 8) for k in range(9)]
        pedal += [(start, 40), (start + 0.6, 118), (start + length, 70)]
    return notes, bends, pedal


STEEL_NOTES, STEEL_BENDS, PEDAL = steel()
SONG = Song(
    file="gravel_road",
    title="Gravel Road",
    genre="country",
    tempo=122,
    beats=END,
    swing=0.54,
    high_cut_hz=7_500,
    looseness_ms=7,
    slowing=0.05,
    tail_s=1.8,
    seed=16,
    tracks=(
        Track("fiddle", 110, tuple(bars(FIDDLE, velocity=92)), 88, 54, 50, late_ms=8),
        Track("acoustic guitar", 25, tuple(boom_chick()), 104, 36, 30),
        Track("banjo", 105, tuple(banjo()), 70, 96, 30, late_ms=4),
        Track(
            "steel guitar",
            26,
            tuple(STEEL_NOTES),
            100,
            76,
            75,
            bends=tuple(STEEL_BENDS),
            swells=tuple(PEDAL),
        ),
        Track("bass", 32, tuple(bass()), 100, 64, 15),
        Track("drums", 40, tuple(drums()), volume=96, reverb=30, drums=True),
    ),
)
