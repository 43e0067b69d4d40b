"""Window in Winter: strings and harpsichord; a circle of fifths in D minor."""

from __future__ import annotations

from examples.score import Note, Song, Track, bars, voicings

CHANGES = ("Dm", "Gm", "C", "F", "Bb", "Em7b5", "A7", "Dm")

VIOLINS = (
    "A5! 1 F5 .5 A5 .5 D6 1 A5 .5 F5 .5",
    "G5! 1 D5 .5 G5 .5 Bb5 1 A5 .5 G5 .5",
    "G5! 1 E5 .5 G5 .5 C6 1 G5 .5 E5 .5",
    "F5! 1 C5 .5 F5 .5 A5 1 G5 .5 F5 .5",
    "D6! .75 C6 .25 Bb5 .5 A5 .5 Bb5 .5 D5 .5 F5 .5 Bb5 .5",
    "E5! .75 F5 .25 G5 .5 Bb5 .5 C#6 .5 Bb5 .5 G5 .5 E5 .5",
    "A5! .5 G5 .25 F5 .25 E5 .5 C#5 .5 D5! .5 E5 .25 F5 .25 E5 1",
    "D5! 4",
)
CELLOS = (
    "D3 .5 D3? .5 F3 .5 D3? .5 A2 .5 D3 .5 F3 .5 A3 .5",
    "G3 .5 G3? .5 Bb2 .5 D3 .5 G2 .5 A2 .5 Bb2 .5 G2 .5",
    "C3 .5 C3? .5 E3 .5 C3? .5 G2 .5 C3 .5 E3 .5 G3 .5",
    "F3 .5 F3? .5 A2 .5 C3 .5 F2 .5 G2 .5 A2 .5 F2 .5",
    "Bb2 .5 Bb2? .5 D3 .5 F3 .5 Bb3 .5 A3 .5 G3 .5 F3 .5",
    "E3 .5 E3? .5 G3 .5 E3 .5 C#3 .5 E3 .5 G3 .5 Bb3 .5",
    "A3 .5 G3 .5 F3 .5 E3 .5 A2 1 A2 1",
    "D3+D2 4",
)
BEATS = 4 * len(CHANGES)


def shimmer() -> list[Note]:
    """Arpeggiate each chord in sixteenths for the second violins."""
    notes = []
    for number, pitches in enumerate(voicings(CHANGES[:-1], 60, 77)):
        low, middle, high = pitches[0], pitches[1], pitches[-1]
        for step in range(16):
            pitch = (high, low, middle, low)[step % 4]
            force = 78 if step % 4 == 0 else 60
            notes.append(Note(4 * number + step / 4, 0.22, pitch, force))
    return [*notes, *(Note(BEATS - 4, 4, pitch, 76) for pitch in (65, 69))]


def violas() -> list[Note]:
    """Repeat the inner voices of each chord in eighths."""
    notes = []
    for number, pitches in enumerate(voicings(CHANGES[:-1], 53, 67)):
        for step in range(8):
            for pitch in pitches[:2]:
                notes.append(Note(4 * number + step / 2, 0.42, pitch, 70 if step % 2 == 0 else 56))
    return [*notes, Note(BEATS - 4, 4, 57, 74)]


def harpsichord() -> list[Note]:
    """Realise the continuo: an arpeggiated chord on every beat."""
    notes = []
    for number, pitches in enumerate(voicings(CHANGES, 57, 76)):
        beats = 4 if number < len(CHANGES) - 1 else 1
        for beat in range(beats):
            length = 0.8 if beats == 4 else 4
            for order, pitch in enumerate(pitches):
                start = 4 * number + beat + 0.035 * order
                notes.append(Note(start, length, pitch, 84 if beat % 2 == 0 else 70))
            if beats == 4:
                notes.append(Note(4 * number + beat + 0.5, 0.4, pitches[-1], 58))
    return notes


SWELLS = ((0, 92), (8, 104), (16, 96), (24, 124), (28, 112), (BEATS, 78))
SONG = Song(
    file="window_in_winter",
    title="Window in Winter",
    genre="classical",
    tempo=92,
    beats=BEATS,
    looseness_ms=10,
    slowing=0.35,
    high_cut_hz=3_500,
    tail_s=1.0,
    seed=12,
    tracks=(
        Track("violin solo", 40, tuple(bars(VIOLINS, velocity=84, legato=0.97)), 62, 50, 75),
        Track("first violins", 48, tuple(bars(VIOLINS, velocity=82)), 92, 44, 80, swells=SWELLS),
        Track("second violins", 48, tuple(shimmer()), 62, 78, 80, swells=SWELLS),
        Track("violas", 48, tuple(violas()), 70, 70, 80, swells=SWELLS),
        Track("cello", 42, tuple(bars(CELLOS, velocity=86)), 98, 84, 70, swells=SWELLS),
        Track(
            "double basses",
            48,
            tuple(bars(CELLOS, velocity=72, legato=0.85)),
            64,
            74,
            70,
            swells=SWELLS,
        ),
        Track("harpsichord", 6, tuple(harpsichord()), 60, 60, 60),
    ),
)
