"""Writes the README's tables from the figures that training and benchmarks left in models/.

``python benchmarks/tables.py`` changes README.md between its marks, and nothing else.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.constants import EXPLANATION_METHODS, FAITHFULNESS_METRICS, MODELS_DIR, PROJECT_DIR
from core.evaluation.predictions import load_predictions, on_common_songs, predictions_file
from core.models.registry import TITLES
from core.storage import replacing

AREA = "0.2"


def _figure(metrics: dict[str, Any]) -> str:
    low, high = metrics["interval"]
    return f"{metrics['accuracy']:.3f} [{low:.3f}, {high:.3f}]"


def _number(row: dict[str, Any], key: str, scale: float, digits: int) -> str:
    return f"{row[key] / scale:.{digits}f}" if row.get(key) is not None else "–"


def compare_on_common_songs(scores: dict[str, Any], protocol: str) -> list[str]:
    """Return which models were tested on fewer songs than the CNN, with their number."""
    most = scores[f"cnn/{protocol}"]["test"]["tracks"]
    return [
        f"{title} {row['test']['tracks']}"
        for name, title in TITLES.items()
        if (row := scores.get(f"{name}/{protocol}")) and row["test"]["tracks"] < most
    ]


def same_songs(scores: dict[str, Any]) -> str:
    """Return how all do, by artist, on the songs that the fewest were asked about."""
    found = {
        name: load_predictions(predictions_file(MODELS_DIR, name, "artist"))
        for name in TITLES
        if f"{name}/artist" in scores
    }
    _, songs, shares = on_common_songs(found)
    told = ", ".join(f"{TITLES[name]} {share:.3f}" for name, share in shares.items())
    return f"On just the {songs} songs with audio at hand, by artist: {told}."


def accuracy_table(scores: dict[str, Any]) -> str:
    """Return the README's leaderboard.

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
        "| model | reported | **by artist** | songs | macro F1 | log loss | ECE "
        "| by track | by segment | MB | ms | min |",
        "|---" * 12 + "|",
    ]
    for name, title in TITLES.items():
        row = scores.get(f"{name}/artist")
        if row is None:
            continue
        song, segment = row["test"]["song"], row["test"]["segment"]
        reported = row.get("reported")
        others = []
        for protocol, unit in (("track", "song"), ("segment", "segment")):
            other = scores.get(f"{name}/{protocol}")
            others.append("–" if other is None else _figure(other["test"][unit]))
        lines.append(
            f"| {title} | {f'{reported:.2f}' if reported else '–'} | **{song['accuracy']:.3f}** "
            f"[{song['interval'][0]:.3f}, {song['interval'][1]:.3f}] | {row['test']['tracks']} | "
            f"{song['macro_f1']:.3f} | {segment['log_loss']:.3f} | {segment['ece']:.3f} | "
            f"{' | '.join(others)} | {_number(row, 'bytes', 1e6, 1)} | "
            f"{_number(row, 'ms_per_segment', 1, 1)} | {_number(row, 'training_s', 60, 1)} |"
        )
    lines += [
        "",
        "By artist: song votes of songs by unknown artists. By track: song votes of "
        f"{scores['cnn/track']['test']['tracks']} unknown songs by known artists (leaks). By "
        "segment: three seconds of known songs (leaks most), of "
        f"{scores['cnn/segment']['test']['tracks']} songs. Brackets are 95 % intervals (Wilson's; "
        "of segments, songs resampled). Macro F1 is the song vote's; log loss and ECE (15 bins) "
        "are the segments'. Seed 0. Cost, on two cores: MB of files, milliseconds a segment from "
        "decoded song to answer, minutes of training by artist. –: who hears whole clips cannot be "
        "asked about unknown segments of them.",
    ]
    few = [
        f"{', '.join(names)} by {protocol}"
        for protocol in ("track", "segment")
        if (names := compare_on_common_songs(scores, protocol))
    ]
    if few:
        lines[-1] += f" Where audio is needed there are fewer test songs: {'; '.join(few)}."
    lines += ["", same_songs(scores)]
    lines.append("")
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


def estimator_table(figures: dict[str, Any]) -> str:
    """Return what explanations cost beside `shap.GradientExplainer`, from ``estimator.json``."""
    lines = [
        "| model | error | gradients | seconds | shap, same error | fewer gradients | less time | "
        "mean gap | largest gap | 80 segments | shap |",
        "|---" * 11 + "|",
    ]
    for name, found in figures.items():
        ours, equal, song = found["ours"], found["equal_error"], found["song"]
        lines.append(
            f"| {TITLES[name]} | {ours['error']:.3f} | {ours['gradients']:.0f} | "
            f"{ours['seconds']:.2f} | {equal['gradients']} gradients, {equal['seconds']:.1f} s | "
            f"{found['fewer_gradients']:.0f} × | {found['less_time']:.0f} × | "
            f"{found['gap']['mean']:.4f} | {found['gap']['max']:.4f} | {song['all']:.0f} s | "
            f"{80 * equal['seconds']:.0f} s |"
        )
    return "\n".join(lines)


def faithfulness_table(figures: dict[str, Any]) -> str:
    """Return how faithful the methods are where a fifth is kept, from ``faithfulness.json``."""
    lines = [
        f"| model | regions chosen by | {' | '.join(FAITHFULNESS_METRICS.values())} "
        "| roughness | seconds |",
        "|---" * (4 + len(FAITHFULNESS_METRICS)) + "|",
    ]
    for model, found in figures["models"].items():
        for method, title in EXPLANATION_METHODS.items():
            row = found["methods"][method]
            cells = []
            for metric in FAITHFULNESS_METRICS:
                digits = 1 if metric in ("AI", "AD", "AG") else 2
                low, high = row["intervals"][AREA][metric]
                cells.append(
                    f"{row[AREA][metric]:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
                )
            lines.append(
                f"| {TITLES[model]} | {title} | {' | '.join(cells)} | {row['roughness']:.1f} | "
                f"{row['seconds']:.2f} |"
            )
    counts = {(found["tracks"], found["segments"]) for found in figures["models"].values()}
    tracks, segments = counts.pop()
    lines += ["", f"{segments} segments of {tracks} songs by unknown artists, seed 0."]
    across = figures["across"]
    if across:
        heard = [
            f"of what counted for the {TITLES[one]}, the {TITLES[other]} hears the same genre in "
            f"{across[one][other]['kept']['same_genre']:.0%} (whole: "
            f"{across[one][other]['original']['same_genre']:.0%}, rest: "
            f"{across[one][other]['removed']['same_genre']:.0%})"
            for one, other in (("cnn", "cnn_lstm"), ("cnn_lstm", "cnn"))
        ]
        sentence = "; ".join(heard)
        lines[-1] += f" {sentence[:1].upper()}{sentence[1:]}."
    return "\n".join(lines)


def budgets_table(figures: dict[str, Any]) -> str:
    """Return how long people wait, from ``budgets.json``."""
    lines = ["| what for | seconds | at most |", "|---|---|---|"]
    for name, budget in figures["budgets"].items():
        lines.append(f"| {name} | {figures['seconds'][name]:.1f} | {budget:.1f} |")
    return "\n".join(lines)


def with_table(readme: str, mark: str, table: str) -> str:
    """Return the README with `table` between the marks of a name."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, rest = readme.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


def current(readme: str) -> str:
    """Return the README with the tables of the figures that there are."""
    for mark, file, table in (
        ("budgets", "budgets.json", budgets_table),
        ("figures", "scores.json", accuracy_table),
        ("estimator", "estimator.json", estimator_table),
        ("faithfulness", "faithfulness.json", faithfulness_table),
    ):
        figures = json.loads((MODELS_DIR / file).read_text(encoding="utf-8"))
        readme = with_table(readme, mark, table(figures))
    return readme


def main() -> None:
    """Rewrite the README's tables."""
    path = PROJECT_DIR / "README.md"
    text = current(path.read_text(encoding="utf-8"))
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
