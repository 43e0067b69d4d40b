"""Compare our features of recordings with the published GTZAN feature table, column by column.

``python benchmarks/table_agreement.py --data DIR --table features_30_sec.csv`` prints a table and
writes ``models/table_agreement.json``. The error is the median of |ours - theirs|, relative to the
standard deviation of the column.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.audio.io import load_audio
from core.constants import MODELS_DIR
from core.data.gtzan import list_tracks
from core.features.gtzan_table import COLUMNS, read_table, song_features
from core.storage import write_json

CLOSE = 0.1  # standard deviations within which two values count as equal


def compare(ours: np.ndarray, theirs: np.ndarray) -> dict[str, dict[str, float]]:
    """Compute correlation, median error and share of close values for each column."""
    deviation = theirs.std(axis=0)
    errors = np.abs(ours - theirs) / deviation
    return {
        column: {
            "correlation": float(np.corrcoef(ours[:, index], theirs[:, index])[0, 1]),
            "median_error": float(np.median(errors[:, index])),
            "close": float((errors[:, index] < CLOSE).mean()),
        }
        for index, column in enumerate(COLUMNS)
    }


def main() -> None:
    """Run the comparison."""
    from tqdm import tqdm

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of recordings, genre/track.ext"
    )
    parser.add_argument("--table", type=Path, required=True, help="features_30_sec.csv")
    options = parser.parse_args()
    names, features, _ = read_table(options.table)
    places = {name: index for index, name in enumerate(names)}
    files = [path for path, _ in list_tracks(options.data) if path.stem in places]
    ours = np.stack([song_features(load_audio(path).samples) for path in tqdm(files)])
    theirs = features[[places[path.stem] for path in files]]
    columns = compare(ours, theirs)
    for column, row in columns.items():
        print(
            f"{column:28s} correlation {row['correlation']:.4f}, median error "
            f"{row['median_error']:.4f}, within {CLOSE} deviations {100 * row['close']:.0f} %"
        )
    write_json(
        MODELS_DIR / "table_agreement.json",
        {"recordings": len(files), "close": CLOSE, "columns": columns},
    )


if __name__ == "__main__":
    main()
