"""Corner Lamp: boom-bap drums, electric piano, deep bass and a bell-like hook; A minor."""

from __future__ import annotations

from examples.score import (
    CLAP,
    CLOSED_HAT,
    CRASH,
    KICK,
    OPEN_HAT,
    SCRATCH,
    SNARE,
    Note,
    Song,
    Track,
    bars,
    grid,
    repeated,
    voicings,
)

BARS = 8
CHANGES = ("Am9", "Fmaj9", "Dm9", "E7b9")
HOOK = (
    ". .5 E5! .5 D5 .25 E5 .75 C5 .5 A4 .5 . 1",
    ". .5 E5! .5 D5 .25 C5 .75 A4 1 . 1",
    ". .5 F5! .5 E5 .25 F5 .75 D5 .5 A4 .5 . 1",
    "G#4 .5 B4 .5 D5 .5 F5! .5 E5 1 . 1",
)
BASS = (
    "A1! .75 A1 .25 . .5 A1 .5 . .5 G1 .25 A1 .75 E1 .5",
    "F1! .75 F1 .25 . .5 F1 .5 . .5 C2 .25 A1 .75 E1 .5",
    "D2! .75 D2 .25 . .5 D2 .5 . .5 C2 .25 D2 .75 A1 .5",
    "E1! .75 E1 .25 . .5 E1 .5 . .5 G#1 .25 B1 .75 E1 .5",
)


def drums() -> list[Note]:
    """Play a two-bar beat, with a gap before the second half and a fill at the end."""
    one = grid("X..x ..x. ..x. ....", KICK) + grid(".... X... .... X...", SNARE)
    two = grid("X..x ..x. .x.x ....", KICK) + grid(".... X..o .o.. X..o", SNARE)
    backbeat = grid(".... x... .... x...", CLAP)
    hats = grid("x.xo x.xo xoxo x.x.", CLOSED_HAT) + grid(".... .... .... ..x.", OPEN_HAT)
    pair = one + backbeat + hats
    pair += repeated(two + backbeat + hats, 4, 1, start=4)
    notes = repeated(pair, 8, BARS // 2)
    end = 4.0 * BARS
    notes = [
        n for n in notes if not (n.start >= end - 1 or (14 <= n.start < 15.9 and n.pitch == KICK))
    ]
    notes += repeated(grid("x.xx.X", SCRATCH), 16, BARS // 4, start=14.5)
    notes += [*grid("x.xX", SNARE, end - 1), Note(end, 1, KICK, 110), Note(end, 1, CRASH, 92)]
    return [*notes, Note(16, 1, CRASH, 80)]


def electric_piano() -> list[Note]:
    """Hold chords, then cut them short, like samples from a record."""
    notes = []
    placed = voicings(CHANGES, 57, 74)
    for number in range(BARS):
        pitches = placed[number % 4]
        for start, length, force in ((0, 1.4, 84), (1.75, 0.2, 70), (2.5, 1.0, 76)):
            notes += [Note(4 * number + start, length, p, force) for p in pitches]
    return [*notes, *(Note(4 * BARS, 3, p, 78) for p in placed[0])]


def voices() -> list[Note]:
    """Chop a chord of voices into syllables that answer the bells."""
    notes = []
    for number, pitches in enumerate(voicings(CHANGES * (BARS // len(CHANGES)), 60, 74)):
        for start, length in ((2.75, 0.2), (3.25, 0.2), (3.5, 0.4)):
            notes += [Note(4 * number + start, length, p, 96) for p in pitches]
    return notes


HOOK_NOTES = repeated(bars(HOOK, velocity=88), 16, BARS // 4)
BASS_NOTES = repeated(bars(BASS, velocity=104), 16, BARS // 4)
SONG = Song(
    file="corner_lamp",
    title="Corner Lamp",
    genre="hiphop",
    tempo=92,
    beats=4 * BARS,
    swing=0.57,
    swing_unit=0.5,
    looseness_ms=6,
    drive=0.3,
    tail_s=1.6,
    seed=13,
    tracks=(
        Track("electric piano", 4, tuple(electric_piano()), 88, 56, 35, late_ms=10),
        Track("bass", 38, (*BASS_NOTES, Note(4 * BARS, 2.5, 33, 100)), 100, 64, 0, late_ms=4),
        Track("sub bass", 39, (*BASS_NOTES, Note(4 * BARS, 2.5, 33, 96)), 70, 64, 0, late_ms=4),
        Track("bells", 11, tuple(n for n in HOOK_NOTES if n.start >= 4), 84, 80, 55, late_ms=14),
        Track(
            "strings",
            48,
            tuple(
                Note(4 * bar + 0.02, 3.8, pitch, 66)
                for bar in range(4, BARS)
                for pitch in voicings(CHANGES, 64, 81)[bar % 4][-2:]
            ),
            58,
            44,
            60,
        ),
        Track("voices", 53, tuple(voices()), 92, 70, 40, late_ms=12),
        Track("drums", 16, tuple(drums()), volume=118, reverb=20, drums=True, late_ms=3),
    ),
)
