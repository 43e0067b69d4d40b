"""Mirror Ball: four-on-the-floor drums, octave bass, muted guitar, strings and brass; A minor."""

from __future__ import annotations

from examples.score import (
    CLAP,
    CLOSED_HAT,
    CRASH,
    KICK,
    OPEN_HAT,
    SNARE,
    TAMBOURINE,
    Note,
    Song,
    Track,
    bars,
    chord,
    grid,
    repeated,
    voicings,
)

CHANGES = ("Am9", "D9", "Gmaj7", "Cmaj7", "Fmaj7", "Bm7b5", "E7", "E7", "Am9", "D9")
BARS = len(CHANGES)
END = 4.0 * BARS
STRINGS = (
    "E5! 1.5 D5 .5 C5 .5 D5 .5 E5 .5 G5 .5",
    "F#5! 2 A4 .25 B4 .25 C5 .25 D5 .25 E5 .25 F#5 .25 G5 .25 A5 .25",
    "B5! 1.5 A5 .5 G5 .5 A5 .5 B5 .5 D6 .5",
    "C6! 2 . .5 B5 .5 A5 .5 G5 .5",
    "A5! 1.5 G5 .5 F5 .5 G5 .5 A5 .5 C6 .5",
    "B5! 2 A5 .5 F5 .5 D5 .5 B4 .5",
    "G#5! 1.5 F5 .5 E5 .5 F5 .5 G#5 .5 B5 .5",
    "E6! 1 D6 .25 C6 .25 B5 .25 A5 .25 G#5 .5 F5 .5 E5 .5 D5 .5",
    "E5! 1.5 D5 .5 C5 .5 D5 .5 E5 .5 G5 .5",
    "F#5! 2 A4 .25 B4 .25 C5 .25 D5 .25 E5 .25 F#5 .25 G5 .25 G#5 .25",
)


def octave_bass() -> list[Note]:
    """Alternate root and octave in eighths, with a leading note into the next bar."""
    notes = []
    for number, name in enumerate(CHANGES):
        root = 28 + (chord(name)[0] - 28) % 12
        following = 28 + (chord(CHANGES[(number + 1) % BARS])[0] - 28) % 12
        for step in range(8):
            pitch = root + 12 * (step % 2)
            if step == 7:
                pitch = following + (1 if following < root else -1) + 12
            notes.append(Note(4 * number + step / 2, 0.36, pitch, 104 if step % 2 == 0 else 92))
            if step in (2, 6):
                notes.append(Note(4 * number + step / 2 + 0.25, 0.16, root, 76))
    return [*notes, Note(END, 2, 33, 108)]


def scratched(row: str, low: int, high: int) -> list[Note]:
    """Play each bar's chord in the rhythm of a row of sixteenths, muted."""
    notes = []
    for number, pitches in enumerate(voicings(CHANGES, low, high)):
        for stroke in grid(row, 0, 4 * number):
            notes += [Note(stroke.start, 0.14, p, stroke.velocity - 12) for p in pitches]
    return notes


def electric_piano() -> list[Note]:
    """Play chords on one and an eighth before three."""
    placed = voicings([*CHANGES, "Am9"], 57, 73)
    notes = []
    for number, pitches in enumerate(placed[:-1]):
        for start, length in ((0, 1.2), (1.5, 1.8)):
            notes += [Note(4 * number + start, length, p, 78) for p in pitches]
    return [*notes, *(Note(END, 2.5, p, 90) for p in placed[-1])]


def brass() -> list[Note]:
    """Answer the strings with stabs in every second bar."""
    notes = []
    for number, pitches in enumerate(voicings(CHANGES, 62, 79)):
        if number % 2 == 1:
            for start, length in ((1.5, 0.2), (2.0, 0.35)):
                notes += [Note(4 * number + start, length, p, 100) for p in pitches]
    return [*notes, *(Note(END, 0.6, p, 108) for p in (69, 72, 76, 81))]


def drums() -> list[Note]:
    """Play four-on-the-floor with open hi-hats, claps on two and four and a roll at the end."""
    bar = grid("X...X...X...X...", KICK) + grid(".... x... .... x...", SNARE)
    bar += grid(".... x... .... x...", CLAP) + grid("..X. ..X. ..X. ..X.", OPEN_HAT)
    bar += grid("xo.o xo.o xo.o xo.o", CLOSED_HAT) + grid("o.x.o.x.o.x.o.x.", TAMBOURINE)
    notes = repeated(bar, 4, BARS)
    notes += grid("oxxxxXXX", SNARE, 14) + grid("oxxxxXXX", SNARE, END - 2)
    notes += [Note(beat, 1, CRASH, 96) for beat in (0.0, 16.0, 32.0)]
    return [*notes, Note(END, 2, CRASH, 110), Note(END, 1, KICK, 112), Note(END, 1, SNARE, 104)]


MELODY = [*bars(STRINGS, velocity=88, legato=0.98), Note(END, 2.2, 81, 96)]
SONG = Song(
    file="mirror_ball",
    title="Mirror Ball",
    genre="disco",
    tempo=122,
    beats=END,
    looseness_ms=4,
    drive=0.5,
    high_cut_hz=8_000,
    tail_s=1.8,
    seed=17,
    tracks=(
        Track("strings", 48, tuple(MELODY), 94, 54, 60),
        Track(
            "low strings",
            49,
            tuple(Note(n.start, n.length, n.pitch - 12, n.velocity - 8) for n in MELODY),
            76,
            76,
            60,
        ),
        Track("guitar", 27, tuple(scratched("x.xX .xX. x.xX .xXo", 64, 79)), 72, 100, 15),
        Track("electric piano", 4, tuple(electric_piano()), 64, 36, 30),
        Track("brass", 61, tuple(brass()), 84, 74, 45),
        Track("bass", 33, tuple(octave_bass()), 96, 64, 5, late_ms=-2),
        Track("drums", 0, tuple(drums()), volume=116, reverb=22, drums=True),
    ),
)
