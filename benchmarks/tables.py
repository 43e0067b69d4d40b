"""Writes the README's table of accuracies from the figures that training left in models/.

``python benchmarks/tables.py`` changes README.md between its `figures` marks, and nothing else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.constants import MODELS_DIR, PROJECT_DIR
from core.storage import replacing

TITLES = {"cnn": "CNN", "cnn_lstm": "CNN-LSTM"}
PROTOCOLS = {
    "artist": "artist: unknown artists",
    "track": "track: unknown songs, known artists (leaks)",
    "segment": "segment: unknown seconds of known songs (leaks)",
}
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def _figure(metrics: dict[str, Any]) -> str:
    low, high = metrics["interval"]
    return f"{metrics['accuracy']:.3f} [{low:.3f}, {high:.3f}]"


def accuracy_table(scores: dict[str, Any]) -> str:
    """Return the README's tables.

    Parameters
    ----------
    scores : dict
        Content of ``models/scores.json``.

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        "| protocol | model | tracks | segment accuracy | song vote | macro F1 | log loss | ECE |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for protocol, title in PROTOCOLS.items():
        for name in TITLES:
            row = scores.get(f"{name}/{protocol}")
            if row is None:
                continue
            test = row["test"]
            segment, song = test["segment"], test["song"]
            lines.append(
                f"| {title} | {TITLES[name]} | {test['tracks']} | {_figure(segment)} | "
                f"{_figure(song)} | {song['macro_f1']:.3f} | {segment['log_loss']:.3f} | "
                f"{segment['ece']:.3f} |"
            )
    lines += ["", "Brackets are 95 % intervals (songs resampled; Wilson's for song votes). "]
    lines[-1] += (
        "Macro F1 is the song vote's; log loss and ECE (15 bins) are the segments'. Seed 0."
    )
    for name, title in TITLES.items():
        folds = scores.get(f"{name}/folds")
        if folds:
            song = folds["song"]
            lines.append(
                f"Five folds by artist over {folds['tracks']} tracks, {title}: song vote "
                f"{song['mean']:.3f} ± {song['deviation']:.3f}."
            )
    test = scores.get("mcnemar/artist")
    if test:
        lines.append(
            f"By artist, {test['only_a']} songs only the CNN got right and {test['only_b']} only "
            f"the CNN-LSTM (McNemar p = {test['p_value']:.2f})."
        )
    return "\n".join(lines)


def with_table(readme: str, table: str) -> str:
    """Return the README with `table` between its marks."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main() -> None:
    """Rewrite the README's table."""
    scores = json.loads((MODELS_DIR / "scores.json").read_text(encoding="utf-8"))
    path = PROJECT_DIR / "README.md"
    text = with_table(path.read_text(encoding="utf-8"), accuracy_table(scores))
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
