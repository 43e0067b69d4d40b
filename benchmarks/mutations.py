"""Mutations of audio files: a fixed seed and a number give the same damaged file every time."""

from __future__ import annotations

import random

from benchmarks.bad_files import song, songs

SEED = 15
_INTERESTING = (0, 1, 7, 8, 255, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)
_MOST_BYTES = 400_000
_SIGNATURE = 12  # bytes by which most formats are recognised


def mutation(number: int, seed: int = SEED) -> tuple[str, bytes]:
    """Damage one of the intact songs.

    Parameters
    ----------
    number : int >= 0
        Number of the mutation. All formats take turns.
    seed : int
        Another seed gives other mutations.

    Returns
    -------
    kind : str
        Container and codec of the song.
    content : bytes
        The damaged file, up to a few hundred kilobytes.
    """
    kinds = songs()
    kind = kinds[number % len(kinds)]
    chance = random.Random(f"{seed} {number}")
    content = bytearray(song(*kind, 0.6))
    signature = content[:_SIGNATURE]
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        _damage(content, chance, kinds)
    if chance.random() < 0.7:  # so that the damage reaches the decoders
        content[:_SIGNATURE] = signature
    return " ".join(kind), bytes(content[:_MOST_BYTES])


def _damage(content: bytearray, chance: random.Random, kinds: list[tuple[str, str]]) -> None:
    """Damage a file in place, in one of several ways and mostly near its header."""
    if not content:
        return
    reach = chance.choice((16, 64, 256, 2_048, len(content), len(content)))
    at = chance.randrange(min(reach, len(content)))
    length = chance.choice((1, 2, 4, 16, 188, 1_000, len(content) // 3))
    match chance.randrange(10):
        case 0 | 1:
            for _ in range(chance.choice((1, 1, 2, 8, 64))):
                content[chance.randrange(min(reach, len(content)))] ^= 1 << chance.randrange(8)
        case 2:
            content[at : at + length] = chance.randbytes(length)
        case 3 | 4:
            size = chance.choice((1, 2, 4, 4, 8))
            value = chance.choice(_INTERESTING) % (1 << 8 * size)
            order = chance.choice(("big", "little"))
            content[at : at + size] = value.to_bytes(size, order)  # type: ignore[arg-type]
        case 5:
            del content[at : at + length]
        case 6:
            content[at:at] = content[at : at + length]
        case 7:
            del content[at:]
        case 8:
            other = song(*chance.choice(kinds), 0.6)
            start = chance.randrange(len(other))
            content[at : at + length] = other[start : start + length]
        case _:
            content[at : at + length] = bytes((chance.choice((0, 255)),)) * length
