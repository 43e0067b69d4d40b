"""Colours of the two themes: probabilities, spectrograms and evidence.

Evidence has two hues that remain distinguishable in every kind of colour vision and in print:
orange for a genre, blue against it. The stronger the evidence, the more opaque the colour.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Colours of one theme; the evidence hues are Okabe and Ito's.

    Parameters
    ----------
    quiet, loud : str
        Ends of the scale of probabilities.
    dim, bright : str
        Ends of the grey scale under the evidence.
    against, favour : tuple of int
        Red, green and blue values of evidence against and for a genre.
    ink, label : str
        Outlines and text in the chart; text on the axes.
    on_loud : str
        Text on high probabilities; text on low ones is `ink`.
    """

    quiet: str
    loud: str
    dim: str
    bright: str
    against: tuple[int, int, int]
    favour: tuple[int, int, int]
    ink: str
    label: str
    on_loud: str


LIGHT = Palette(
    quiet="#f1efe9",
    loud="#0b524e",
    dim="#ffffff",
    bright="#858585",
    against=(0, 114, 178),
    favour=(213, 94, 0),
    ink="#22282b",
    label="#50585c",
    on_loud="#ffffff",
)
DARK = Palette(
    quiet="#20262a",
    loud="#74d8cb",
    dim="#101314",
    bright="#8c8c8c",
    against=(86, 180, 233),
    favour=(240, 150, 40),
    ink="#f2f0ea",
    label="#b4b8ba",
    on_loud="#0c2624",
)


def rgb(colour: str) -> tuple[int, int, int]:
    """Convert a colour written as ``#rrggbb`` to red, green and blue."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def palette(dark: bool) -> Palette:
    """Colours of the dark or of the light theme."""
    return DARK if dark else LIGHT


def diverging_scale(colours: Palette, *, steps: int = 12) -> list[tuple[float, str]]:
    """Build the colour scale of evidence.

    Parameters
    ----------
    colours : Palette
        Colours of the theme.
    steps : int
        Number of colours on each side of the middle.

    Returns
    -------
    list of (float, str)
        Positions in ``[0, 1]`` and colours: the middle is transparent, and positions at equal
        distance from it are equally opaque.
    """
    scale = []
    for step in range(-steps, steps + 1):
        red, green, blue = colours.against if step < 0 else colours.favour
        opacity = 0.95 * abs(step) / steps
        position = 0.5 + 0.5 * step / steps
        scale.append((position, f"rgba({red},{green},{blue},{opacity:.3f})"))
    return scale
