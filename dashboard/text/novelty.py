"""Tables and sentences on songs that fit no genre and on genre sets, from models/novelty.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.text.formatting import genre_name, genre_title, model_name, share_percent

INTRODUCTION = (
    "A classifier of ten genres gives every recording one of the ten. Two additions tell when that "
    "is misleading: a **novelty score**, which compares a recording with the training songs, and "
    "**genre sets**, which name all genres that remain possible. A recording with a novelty above "
    "1 fits no genre."
)
NOVELTY_TABLE = (
    "Model",
    "No music (AUROC)",
    "No music, detected",
    "Songs turned away",
    "Unknown genre (AUROC)",
    "Largest probability alone",
)
NOVELTY_NOTES = (
    "**No music**: synthesised silence, noise, tones, environmental sounds{speech}, against test "
    "songs by unseen artists. **AUROC**: probability that the novelty of such a recording is "
    "higher than that of a test song; 0.5 is chance. **Detected**, **turned away**: novelty above "
    "1. **Unknown genre**: each network was trained ten times without one genre; test songs of "
    "that genre against the others, mean over the genres. **Largest probability alone**: the same "
    "if one minus the largest probability were the score. The variant of the score was chosen on "
    "training and validation songs."
)
SPEECH = " and speech"
NO_SPEECH = " (without speech: espeak-ng was not installed)"
SETS_TABLE = ("Model", "Coverage", "Mean size", "One genre", "Two", "Three", "Four or more")
SETS_NOTES = (
    "Sets are calibrated to contain the true genre of 90\u202f% of songs (**coverage**). The more "
    "accurate a model, the smaller its sets. Songs with a novelty above 1 have no set and do not "
    "count."
)
FOLDS_NOTE = (
    "\\* These cards have no threshold. Coverage and size are those of sets that are calibrated on "
    "four fifths of the test artists and used on the rest; the pages show the most probable genre."
)
STALE = "**Measured on earlier weights of {names}.**"
FEW_DETECTED = 0.8  # share of a kind of sound below which it is named


def novelty_rows(models: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Build the rows of `NOVELTY_TABLE`.

    Parameters
    ----------
    models : mapping of str to mapping
        Entries `models` of models/novelty.json.
    """
    rows = []
    for name, entry in models.items():
        sounds, genres = entry["non_music"], entry["left_out"]
        rows.append(
            [
                model_name(name),
                _area(sounds),
                _share(sounds["detected"]),
                _share(sounds["turned_away"]),
                _area(genres),
                f"{sounds['largest_probability']['auroc']:.2f} (no music)\n"
                f"{genres['largest_probability']['auroc']:.2f} (unknown genre)",
            ]
        )
    return rows


def _area(entry: Mapping[str, Any]) -> str:
    low, high = entry["interval"]
    return f"{entry['auroc']:.3f}\n{low:.2f}–{high:.2f}"


def _share(entry: Mapping[str, Any]) -> str:
    low, high = entry["interval"]
    return (
        f"{share_percent(entry['share'], digits=1)}\n"
        f"{share_percent(low)}–{share_percent(high)}, n = {entry['n']}"
    )


def hardest(name: str, entry: Mapping[str, Any]) -> str:
    """Sentence on sounds and genres that a model's novelty score finds least.

    Parameters
    ----------
    name : str
        Name of the model.
    entry : mapping
        Its entry in models/novelty.json.
    """
    missed = [kind for kind, share in entry["non_music"]["by_kind"].items() if share < FEW_DETECTED]
    areas = entry["left_out"]["genres"]
    order = sorted(areas, key=lambda genre: areas[genre])
    sounds = (
        f"misses more than one in five recordings of {', '.join(missed)}"
        if missed
        else "detects at least four in five recordings of every kind of sound"
    )
    least, most = order[0], order[-1]
    return (
        f"{model_name(name)} {sounds}. Of the unknown genres, {genre_name(most)} is the easiest "
        f"(AUROC {areas[most]:.2f}) and {genre_name(least)} the hardest ({areas[least]:.2f})."
    )


def notes(content: Mapping[str, Any], stale: Sequence[str]) -> str:
    """Compose the notes below `NOVELTY_TABLE`.

    Parameters
    ----------
    content : mapping
        Content of models/novelty.json.
    stale : sequence of str
        Models whose weights have changed since the measurement.
    """
    text = NOVELTY_NOTES.format(speech=SPEECH if content["speech"] else NO_SPEECH)
    if not stale:
        return text
    return f"{STALE.format(names=', '.join(map(model_name, stale)))} {text}"


def sets_rows(sets: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Build the rows of `SETS_TABLE`, models with the smallest sets first.

    Parameters
    ----------
    sets : mapping of str to mapping
        Entries `sets` of models/novelty.json.
    """
    rows = []
    for name in sorted(sets, key=lambda name: sets[name]["mean_size"]):
        entry = sets[name]
        low, high = entry["interval"]
        one, two, three, *more = (count / entry["n"] for count in entry["sizes"][1:])
        star = "" if "threshold" in entry else "*"
        rows.append(
            [
                f"{model_name(name)}{star}",
                f"{share_percent(entry['coverage'], digits=1)}\n"
                f"{share_percent(low)}–{share_percent(high)}, n = {entry['n']}",
                f"{entry['mean_size']:.1f}",
                *(share_percent(value) for value in (one, two, three, sum(more))),
            ]
        )
    return rows


def sets_notes(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """Compose the notes below `SETS_TABLE`."""
    starred = any("threshold" not in entry for entry in sets.values())
    return f"{SETS_NOTES} {FOLDS_NOTE}" if starred else SETS_NOTES


def roc_alt(models: Mapping[str, Mapping[str, Any]]) -> str:
    """Text alternative of the ROC curves."""
    return "Recordings without music that are detected, against songs turned away. " + "; ".join(
        f"{model_name(name)}: {share_percent(_at(entry['non_music']['roc'], 0.05))} detected where "
        f"{share_percent(0.05)} of the songs are turned away"
        for name, entry in models.items()
    )


def _at(roc: Mapping[str, Sequence[float]], rate: float) -> float:
    return dict(zip(roc["turned_away"], roc["detected"], strict=True))[rate]


def genres_alt(models: Mapping[str, Mapping[str, Any]]) -> str:
    """Text alternative of the areas by unknown genre."""
    return "Area under the ROC curve by unknown genre. " + ". ".join(
        f"{model_name(name)}: "
        + ", ".join(
            f"{genre_title(genre)} {area:.2f}"
            for genre, area in entry["left_out"]["genres"].items()
        )
        for name, entry in models.items()
    )
