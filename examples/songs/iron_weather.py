"""Iron Weather: two distorted guitars, double bass drum and a riff on the tritone; fast, in E."""

from __future__ import annotations

from examples.score import (
    CHINA,
    CLOSED_HAT,
    CRASH,
    HIGH_TOM,
    KICK,
    LOW_TOM,
    MID_TOM,
    RIDE_BELL,
    SNARE,
    Note,
    Song,
    Track,
    bars,
    grid,
    pitch,
    repeated,
)

RIFF = (  # a letter starts a power chord (b and e are flat), ``-`` holds it, ``x`` mutes a low E
    "E-xx xxxx xxxx F---",
    "x-xx x-xx b--- A---",
    "E-xx xxxx xxxx G---",
    "F--x F--x e--- D---",
)
CHORUS = ("E", "C", "D", "B")
LEAD = (
    "E5! .5 G5 .5 B5 1 A5 .5 G5 .5 F#5 1",
    "E5! 1 G5 .5 C6 .5 B5 1 G5 1",
    "F#5! .5 A5 .5 D6 1 C6 .5 A5 .5 F#5 1",
    "B5! 1.5 A5 .25 G5 .25 F#5 .5 D#5 .5 B4 1",
    "E5! .5 G5 .5 B5 1 D6 .5 B5 .5 G5 1",
    "C6! 1 B5 .5 G5 .5 E5 .5 G5 .5 B5 1",
    "A5! .25 B5 .25 C6 .25 D6 .25 E6 1 D6 .5 C6 .5 A5 1",
    "F#6! 1.5 E6 .25 D#6 .25 B5 2",
)
RIFF_BARS, CHORUS_BARS = 8, 8
END = 4.0 * (RIFF_BARS + CHORUS_BARS)
ROOTS = {"E": 40, "F": 41, "G": 43, "b": 46, "A": 45, "e": 39, "D": 38, "C": 36, "B": 35}


def guitar() -> list[Note]:
    """Play the riff twice, then held chords with palm-muted notes in between."""
    notes = []
    for number in range(RIFF_BARS):
        row = RIFF[number % 4].replace(" ", "")
        for step, mark in enumerate(row):
            start = 4 * number + step / 4
            if mark == "x":
                notes += [Note(start, 0.13, 40, 88), Note(start, 0.11, 47, 70)]
            elif mark != "-":
                held = len(row[step + 1 :]) - len(row[step + 1 :].lstrip("-"))
                root = ROOTS[mark]
                length = (held + 1) / 4 * 0.95
                notes += [Note(start, length, root + i, 108) for i in (0, 7, 12)]
    for number in range(CHORUS_BARS):
        root = ROOTS[CHORUS[number % 4]]
        start = 4 * (RIFF_BARS + number)
        notes += [Note(start, 2.3, root + i, 106) for i in (0, 7, 12)]
        for step in range(10, 16):
            notes.append(Note(start + step / 4, 0.14, root, 90))
    return [*notes, *(Note(END, 3.5, 40 + i, 112) for i in (0, 7, 12))]


def bass() -> list[Note]:
    """Double the lowest note of the guitars an octave below."""
    lowest: dict[float, Note] = {}
    for note in guitar():
        if note.start not in lowest or note.pitch < lowest[note.start].pitch:
            lowest[note.start] = note
    return [Note(n.start, n.length, n.pitch - 12, 100) for n in lowest.values()]


def drums() -> list[Note]:
    """Play double bass drum throughout; snare on two and four, faster in the second riff."""
    riff = grid("x.xx xxxx xxxx X...", KICK) + grid(".... X... .... X...", SNARE)
    riff += grid("X.x. x.x. x.x. X.x.", CLOSED_HAT)
    thrash = grid("xxxx xxxx xxxx xxxx", KICK) + grid("..X. ..X. ..X. ..X.", SNARE)
    thrash += grid("X... X... X... X...", CHINA)
    chorus = grid("xxxx xxxx xxxx xxxx", KICK) + grid(".... X... .... X...", SNARE)
    chorus += grid("X... x... x... x...", RIDE_BELL)
    notes = repeated(riff, 4, 4) + repeated(thrash, 4, 3, 16)
    notes += grid("xxxx xxxx xxxx xxxx", KICK, 28) + grid("XxXx", SNARE, 28)
    notes += grid("xxxx", HIGH_TOM, 29) + grid("xxxx", MID_TOM, 30) + grid("xxxX", LOW_TOM, 31)
    notes += repeated(chorus, 4, CHORUS_BARS, 32)
    crashes = [Note(4.0 * bar, 1, CRASH, 100) for bar in (0, 2, 8, 10, 12, 14)]
    return [
        *notes,
        *crashes,
        Note(END, 3, CRASH, 112),
        Note(END, 1, KICK, 112),
        Note(END, 1, SNARE, 110),
    ]


def vibrato(lead: list[Note]) -> tuple[tuple[float, float], ...]:
    """Add vibrato to every long note of the lead after its start."""
    bends = [(0.0, 0.0)]
    for note in lead:
        if note.length > 0.8:
            times = [note.start + 0.35 + k / 12 for k in range(int((note.length - 0.4) * 12))]
            bends += [(t, 0.25 if k % 4 < 2 else -0.1) for k, t in enumerate(times)]
            bends.append((note.start + note.length, 0.0))
    return tuple(bends)


MELODY = bars(LEAD, start=4 * RIFF_BARS, velocity=100, legato=0.98)
LAST = Note(END, 3.5, pitch("E6"), 104)
HARMONY = [Note(n.start, n.length, n.pitch - 5, n.velocity - 8) for n in MELODY[len(MELODY) // 2 :]]
SONG = Song(
    file="iron_weather",
    title="Iron Weather",
    genre="metal",
    tempo=192,
    beats=END,
    looseness_ms=4,
    drive=1.0,
    high_cut_hz=6_000,
    tail_s=2.0,
    seed=15,
    tracks=(
        Track("rhythm guitar left", 30, tuple(guitar()), 96, 8, 12),
        Track("rhythm guitar right", 30, tuple(guitar()), 96, 120, 12, late_ms=9),
        Track("overdriven guitar", 29, tuple(guitar()), 76, 64, 10, late_ms=4),
        Track("lead guitar", 30, (*MELODY, LAST), 92, 58, 55, bends=vibrato([*MELODY, LAST])),
        Track("second lead", 29, tuple(HARMONY), 74, 78, 55, late_ms=6),
        Track("bass", 34, tuple(bass()), 90, 64, 5),
        Track("drums", 16, tuple(drums()), volume=110, reverb=22, drums=True),
    ),
)
