"""Complete the leaderboard with the size and speed of each bundled model on this machine.

``python benchmarks/leaderboard.py`` measures every model in ``models/`` in one run, recomputes the
scores by genre from the stored predictions, and writes both to ``models/scores.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.constants import MODELS_DIR
from core.errors import ModelError
from core.evaluation.predictions import list_predictions, load_predictions
from core.evaluation.scores import SCORES_FILE, details
from core.models.cards import list_models
from core.models.store import load_model
from core.storage import write_json
from core.training.records import measure_cost


def main() -> None:
    """Rewrite the leaderboard."""
    path = MODELS_DIR / SCORES_FILE
    scores = json.loads(path.read_text(encoding="utf-8"))
    for name, protocol in list_predictions(MODELS_DIR):
        if row := scores.get(f"{name}/{protocol}"):
            predictions = load_predictions(MODELS_DIR, name, protocol)
            row |= details(predictions.probabilities, predictions.labels, predictions.songs)
    for card in list_models():
        try:
            found = measure_cost(load_model(card["name"]))
        except ModelError as error:
            print(f"{card['name']}: {error}", file=sys.stderr)
            continue
        scores[f"{card['name']}/artist"] |= found
        print(f"{card['name']:20} {found['bytes'] / 1e6:5.1f} MB {found['ms_per_segment']:8.1f} ms")
    write_json(path, scores)


if __name__ == "__main__":
    main()
