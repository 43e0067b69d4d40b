"""Slow Harbour: one-drop drums, off-beat guitar, organ bubble and melodic bass; A minor."""

from __future__ import annotations

from examples.score import (
    CLOSED_HAT,
    CRASH,
    HIGH_TOM,
    KICK,
    LOW_TOM,
    MID_TOM,
    OPEN_HAT,
    RIM,
    SNARE,
    Note,
    Song,
    Track,
    bars,
    grid,
    repeated,
    voicings,
)

PICKUP = 2.0  # beats of drum fill before the first bar
CHANGES = ("Am", "Dm", "Am", "Dm", "F", "G", "Am")
BARS = len(CHANGES)
MELODICA = (
    ". .5 E5! .5 G5 .5 A5 1 G5 .5 E5 1",
    "F5! 1 E5 .5 D5 .5 A4 1.5 . .5",
    ". .5 E5! .5 G5 .5 A5 .5 C6! 1 A5 .5 G5 .5",
    "A5! 1.5 G5 .5 F5 .5 E5 .5 D5 1",
    "C5! .5 F5 .5 A5 1 G5 .5 F5 .5 C5 1",
    "B4! .5 D5 .5 G5 1 F5 .5 E5 .5 D5 1",
    "E5! .5 C5 .5 A4 3",
)
BASS = (
    ". .5 A1! .5 A1 .5 C2 .5 E2! 1 D2 .5 C2 .5",
    ". .5 D2! .5 D2 .5 F2 .5 A2! 1 G2 .5 F2 .5",
    ". .5 A1! .5 A1 .5 C2 .5 E2! 1 G2 .5 E2 .5",
    ". .5 D2! .5 D2 .5 F2 .5 A2! .5 G2 .5 F2 .5 E2 .5",
    ". .5 F1! .5 F1 .5 A1 .5 C2! 1 D2 .5 C2 .5",
    ". .5 G1! .5 G1 .5 B1 .5 D2! 1 F2 .5 G#1 .5",
    "A1! .5 E1 .5 A1! 3",
)


def drums() -> list[Note]:
    """Play bass drum and rim on two and four, hi-hat in between, and fills into one and five."""
    bar = grid(".X.X", KICK, step=1) + grid(".X.X", RIM, step=1)
    bar += grid("x.xo x.x. x.xo x.xo", CLOSED_HAT)
    notes = repeated(bar, 4, BARS - 1, PICKUP)
    notes += grid("x.xx xX", SNARE, 0) + grid("....  ..xx", HIGH_TOM, 0, 0.25)
    notes += [Note(PICKUP, 1, CRASH, 84), Note(PICKUP + 15.5, 0.4, OPEN_HAT, 84)]
    notes += grid("xx", HIGH_TOM, PICKUP + 15) + grid("xx", MID_TOM, PICKUP + 15.5)
    end = PICKUP + 4 * (BARS - 1)
    notes += grid("xx", MID_TOM, end - 1) + grid("xX", LOW_TOM, end - 0.5)
    return [
        *notes,
        Note(end + 1, 1, KICK, 108),
        Note(end + 1, 2, CRASH, 96),
        Note(end, 1, KICK, 96),
    ]


def chopped(
    low: int, high: int, offsets: tuple[float, ...], length: float, force: int
) -> list[Note]:
    """Play each bar's chord, short, at these beats of the bar."""
    notes = []
    for number, pitches in enumerate(voicings(CHANGES, low, high)):
        if number == BARS - 1:
            offsets, length = (0.5, 1), 0.3
        for offset in offsets:
            start = PICKUP + 4 * number + offset
            notes += [Note(start, length, p, force) for p in pitches]
    return notes


SKANK = (0.5, 1.5, 2.5, 3.5)
BUBBLE = (0.25, 0.5, 0.75, 1.25, 1.5, 1.75, 2.25, 2.5, 2.75, 3.25, 3.5, 3.75)
SONG = Song(
    file="slow_harbour",
    title="Slow Harbour",
    genre="reggae",
    tempo=84,
    beats=PICKUP + 4 * BARS - 2,
    swing=0.56,
    swing_unit=0.5,
    looseness_ms=7,
    high_cut_hz=9_000,
    tail_s=2.0,
    seed=14,
    tracks=(
        Track("guitar", 27, tuple(chopped(60, 76, SKANK, 0.16, 92)), 92, 92, 35, late_ms=4),
        Track("piano", 0, tuple(chopped(57, 72, SKANK, 0.2, 76)), 64, 36, 30, late_ms=6),
        Track("organ", 16, tuple(chopped(52, 67, BUBBLE, 0.12, 66)), 62, 50, 35, late_ms=8),
        Track(
            "melodica", 22, tuple(bars(MELODICA, start=PICKUP, velocity=92)), 84, 70, 80, late_ms=16
        ),
        Track("bass", 33, tuple(bars(BASS, start=PICKUP, velocity=104)), 96, 64, 5, late_ms=8),
        Track("drums", 0, tuple(drums()), volume=118, reverb=38, drums=True),
    ),
)
