"""Late Train: a swing quartet; sixteen bars AABA in F, up-tempo."""

from __future__ import annotations

import numpy as np

from examples.score import (
    CRASH,
    KICK,
    PEDAL_HAT,
    RIDE,
    RIDE_BELL,
    SNARE,
    Note,
    Song,
    Track,
    bars,
    chord,
    grid,
    repeated,
    voicings,
)

BARS = 16
TURN = [
    ("Fmaj7", 2),
    ("D7b9", 2),
    ("Gm7", 2),
    ("C9", 2),
    ("Am7", 2),
    ("D7b9", 2),
    ("Gm7", 2),
    ("C13", 2),
]
BRIDGE = [("Cm7", 4), ("F13", 4), ("Bbmaj7", 4), ("Bbm7", 2), ("C7b9", 2)]
LAST = [("Fmaj7", 2), ("D7b9", 2), ("Gm7", 2), ("C9", 2), ("F6", 4), ("F6", 4)]
CHANGES = [*TURN, *TURN, *BRIDGE, *LAST]

HEAD = (
    ". .5 C5 .5 A4 .5 C5 .5 D5! 1 C5 .5 A4 .5",
    "Bb4 .5 A4 .5 G4 .5 F4? .5 E4! 1.5 . .5",
    ". .5 C5 .5 E5 .5 G5 .5 F#5! 1 Eb5 .5 C5 .5",
    "D5 .5 Bb4 .5 G4! 1 E4 .5 . 1.5",
    "A4! 1 C5 .5 A4? .5 D5! 1 C5 .5 A4 .5",
    "Bb4 .5 D5 .5 F5 .5 A5 .5 G5! 1.5 E5? .5",
    "F5 .5 E5 .5 C5 .5 A4 .5 F#4 .5 A4 .5 C5 .5 Eb5 .5",
    "D5! 1 Bb4 .5 G4 .5 A4! 1.5 . .5",
    "G5! 1.5 Eb5 .5 C5? .5 D5 .5 Eb5 .5 G5 .5",
    "F5 .5 Eb5 .5 D5 .5 C5 .5 A4! 1 . 1",
    "D5! 1.5 Bb4 .5 F4? .5 A4 .5 D5 .5 F5 .5",
    "Db5! 1 Bb4 .5 Db5 .5 E5 .5 G5 .5 . 1",
    ". .5 C5 .5 A4 .5 C5 .5 D5! 1 C5 .5 A4 .5",
    "Bb4 .5 A4 .5 G4 .5 F4 .5 E4! .5 G4 .5 Bb4 .5 D5 .5",
    "C5! .5 A4 .5 F4 .5 G4? .5 A4! 1 C5 .5 D5 .5",
    "F5! .5 . 1 C5! .5 F5! 2",
)


def starts() -> list[tuple[str, float, int]]:
    """List the chords with the beat that each starts at and its length in beats."""
    at = np.concatenate([[0], np.cumsum([length for _, length in CHANGES])])
    return [(name, float(beat), length) for (name, length), beat in zip(CHANGES, at, strict=False)]


def walking_bass() -> list[Note]:
    """Walk from root to root over chord tones, with a semitone into each new chord."""
    random = np.random.RandomState(7)
    notes, here = [], 41
    changes = starts()
    for (name, beat, length), following in zip(changes, [*changes[1:], changes[0]], strict=True):
        tones = [p % 12 for p in chord(name)]
        root = min((p for p in range(29, 48) if p % 12 == tones[0]), key=lambda p: abs(p - here))
        target = min(
            (p for p in range(29, 48) if p % 12 == chord(following[0])[0] % 12),
            key=lambda p: abs(p - root - random.randint(-3, 4)),
        )
        steps = [root]
        for k in range(1, length - 1):
            between = root + (target - root) * k / length + random.randint(-4, 5)
            steps.append(
                min(
                    (p for p in range(29, 50) if p % 12 in tones and p != steps[-1]),
                    key=lambda p: abs(p - between),
                )
            )
        steps.append(target + (1 if random.rand() < 0.5 else -1))
        if beat >= 4 * (BARS - 1):  # the band plays the ending together
            break
        for k, pitch in enumerate(steps):
            notes.append(Note(beat + k, 0.88, pitch, 96 if k % 2 else 88))
            if random.rand() < 0.14:
                notes.append(Note(beat + k + 0.5, 0.3, pitch, 55))
        here = target
    last = 4.0 * (BARS - 1)
    return [
        *notes,
        Note(last, 0.4, 41, 104),
        Note(last + 1.5, 0.4, 36, 104),
        Note(last + 2, 3, 29, 108),
    ]


def comping() -> list[Note]:
    """Play rootless chords around the beat, never in the same rhythm twice in a row."""
    random = np.random.RandomState(3)
    changes = starts()
    placed = voicings([name for name, _, _ in changes], 55, 72)
    figures = [[(0, 0.5), (1.5, 0.4)], [(0.5, 0.4)], [(1, 0.3), (1.5, 1)], [(1.5, 0.8)], [(0, 1.2)]]
    notes, before = [], -1
    for (_, beat, length), pitches in zip(changes, placed, strict=True):
        if beat >= 4 * (BARS - 1):
            break
        for half in range(0, length, 2):
            choice = random.choice([i for i in range(len(figures)) if i != before])
            before = choice
            for offset, duration in figures[choice]:
                force = 62 + int(random.randint(0, 14))
                notes += [Note(beat + half + offset, duration, p, force) for p in pitches]
    last = 4.0 * (BARS - 1)
    final = voicings(["F6", "C13", "Fmaj9"], 53, 74)
    for pitches, offset, duration in zip(final, (0, 1.5, 2), (0.4, 0.4, 3), strict=True):
        notes += [Note(last + offset, duration, p, 84) for p in pitches]
    return notes


def drums() -> list[Note]:
    """Play ride, hi-hat on two and four, feathered bass drum and comments on the snare."""
    random = np.random.RandomState(5)
    bar = grid("x.X.x.X.", RIDE, step=0.5) + grid("...x...x", RIDE, step=0.5)
    bar += grid(".x.x", PEDAL_HAT, step=1) + grid("oooo", KICK, step=1)
    notes = repeated(bar, 4, BARS - 1)
    for number in range(BARS - 1):
        for step in (1, 3, 4, 5, 7):
            if random.rand() < 0.22:
                notes.append(Note(4 * number + step / 2, 0.2, SNARE, int(random.randint(38, 70))))
    last = 4.0 * (BARS - 1)
    notes += grid("oxxX", SNARE, last - 2, 0.5) + grid("X..XX", KICK, last, 0.5)
    return (
        notes
        + grid("X..XX", CRASH, last, 0.5)[:1]
        + [
            Note(last + 1.5, 0.2, SNARE, 100),
            Note(last + 2, 2, CRASH, 96),
            Note(last + 2, 2, RIDE_BELL, 80),
        ]
    )


SAX = bars(HEAD, velocity=92, legato=0.95)
SONG = Song(
    file="late_train_swing",
    title="Late Train",
    genre="jazz",
    tempo=184,
    beats=4 * BARS,
    swing=0.63,
    looseness_ms=9,
    high_cut_hz=6_000,
    tail_s=1.6,
    seed=11,
    tracks=(
        Track(
            "tenor saxophone",
            66,
            tuple(SAX),
            volume=104,
            pan=58,
            reverb=55,
            late_ms=22,
            bends=((0, 0), (10, -0.6), (10.1, 0), (32, -0.7), (32.15, 0), (40, -0.5), (40.15, 0)),
        ),
        Track("piano", 0, tuple(comping()), volume=78, pan=84, reverb=50, late_ms=6),
        Track("double bass", 32, tuple(walking_bass()), volume=98, pan=60, reverb=25, late_ms=-6),
        Track("drums", 32, tuple(drums()), volume=86, reverb=45, drums=True),
    ),
)
