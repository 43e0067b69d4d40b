"""Write the tables of the README from the figures in models/.

``python benchmarks/tables.py`` replaces the text between the marks in README.md.
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


def smaller_test_sets(scores: dict[str, Any], protocol: str) -> list[str]:
    """List the models that were tested on fewer songs than the CNN, with their number."""
    most = scores[f"cnn/{protocol}"]["test"]["tracks"]
    return [
        f"{title} {row['test']['tracks']}"
        for name, title in TITLES.items()
        if (row := scores.get(f"{name}/{protocol}")) and row["test"]["tracks"] < most
    ]


def common_songs(scores: dict[str, Any]) -> str:
    """Compare all models by artist on the songs that are in every test set."""
    found = {
        name: load_predictions(predictions_file(MODELS_DIR, name, "artist"))
        for name in TITLES
        if f"{name}/artist" in scores
    }
    _, songs, shares = on_common_songs(found)
    accuracies = ", ".join(f"{TITLES[name]} {share:.3f}" for name, share in shares.items())
    return f"By artist, on the {songs} test songs that all models have in common: {accuracies}."


def accuracy_table(scores: dict[str, Any]) -> str:
    """Format the leaderboard.

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
        "By artist: accuracy of song votes for unseen artists. By track: accuracy of song votes "
        f"for {scores['cnn/track']['test']['tracks']} unseen songs; their artists are in the "
        "training set (data leakage). By segment: accuracy for unseen segments of "
        f"{scores['cnn/segment']['test']['tracks']} songs; other segments of these songs are in "
        "the training set (most data leakage). Brackets are 95 % intervals (Wilson; for segments, "
        "bootstrap over songs). Macro F1 is for song votes, log loss and ECE (15 bins) are for "
        "segments. Seed 0. Cost on two cores: MB of files, milliseconds a segment from decoded "
        "audio to prediction, minutes of training by artist. –: models of whole clips have no "
        "unseen segments of known clips.",
    ]
    few = [
        f"{', '.join(names)} by {protocol}"
        for protocol in ("track", "segment")
        if (names := smaller_test_sets(scores, protocol))
    ]
    if few:
        lines[-1] += f" Models that need recordings have fewer test songs: {'; '.join(few)}."
    lines += ["", common_songs(scores)]
    lines.append("")
    for name, title in TITLES.items():
        folds = scores.get(f"{name}/folds")
        if folds:
            song = folds["song"]
            lines.append(
                f"Five-fold cross-validation by artist over {folds['tracks']} tracks, {title}: "
                f"song vote {song['mean']:.3f} ± {song['deviation']:.3f}."
            )
    test = scores.get("mcnemar/artist")
    if test:
        lines.append(
            f"By artist, only the CNN is correct for {test['only_a']} songs and only the CNN-LSTM "
            f"for {test['only_b']} (McNemar's test, p = {test['p_value']:.2f})."
        )
    return "\n".join(lines)


def estimator_table(figures: dict[str, Any]) -> str:
    """Format the cost of explanations and of `shap.GradientExplainer`."""
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
    """Format the faithfulness of the methods with a fifth of the area kept."""
    lines = [
        f"| model | regions selected by | {' | '.join(FAITHFULNESS_METRICS.values())} "
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
    lines += ["", f"{segments} segments of {tracks} songs by unseen artists, seed 0."]
    across = figures["across"]
    if across:
        for one, other in (("cnn", "cnn_lstm"), ("cnn_lstm", "cnn")):
            agreement = {part: cell["same_genre"] for part, cell in across[one][other].items()}
            lines[-1] += (
                f" The {TITLES[other]} agrees with the {TITLES[one]} on "
                f"{agreement['original']:.0%} of the segments, on {agreement['kept']:.0%} of the "
                f"{TITLES[one]}'s important parts and on {agreement['removed']:.0%} of the rest."
            )
    return "\n".join(lines)


def budgets_table(figures: dict[str, Any]) -> str:
    """Format the waiting times."""
    lines = ["| action | seconds | budget |", "|---|---|---|"]
    for name, budget in figures["budgets"].items():
        lines.append(f"| {name} | {figures['seconds'][name]:.1f} | {budget:.1f} |")
    return "\n".join(lines)


def with_table(readme: str, mark: str, table: str) -> str:
    """Insert a table between the marks of a name."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, rest = readme.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


def current(readme: str) -> str:
    """Insert the tables of the current figures into the text of the README."""
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
    """Rewrite the tables of the README."""
    path = PROJECT_DIR / "README.md"
    text = current(path.read_text(encoding="utf-8"))
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
