"""Write the README's tables from the results in models/.

``python benchmarks/tables.py`` replaces the text between the marks in README.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.experiment_tables import (
    current_weights,
    novelty_table,
    order_table,
    transfer_table,
)
from core.constants import (
    EXPLANATION_METHODS,
    FAITHFULNESS_METRICS,
    LOCALISATION_METHODS,
    MODELS_DIR,
    PROJECT_DIR,
)
from core.evaluation.predictions import load_predictions, on_common_songs
from core.models.registry import TITLES
from core.storage import replacing

AREA = "0.2"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}{NARROW_SPACE}%"


def _count(number: float) -> str:
    """Format a count, with its thousands separated from five digits on."""
    text = f"{number:,.0f}" if round(number) >= 10_000 else f"{number:.0f}"
    return text.replace(",", NARROW_SPACE)


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value >= 0.005 else "< 0.01"


def _accuracy(metrics: dict[str, Any]) -> str:
    low, high = metrics["interval"]
    return f"{metrics['accuracy']:.3f} [{low:.3f}, {high:.3f}]"


def _number(row: dict[str, Any], key: str, scale: float, digits: int) -> str:
    return f"{row[key] / scale:.{digits}f}" if row.get(key) is not None else "–"


def smaller_test_sets(scores: dict[str, Any], protocol: str) -> list[str]:
    """List the models tested on fewer songs than CNN, with the number of songs."""
    most = scores[f"cnn/{protocol}"]["test"]["tracks"]
    return [
        f"{title} {row['test']['tracks']}"
        for name, title in TITLES.items()
        if (row := scores.get(f"{name}/{protocol}")) and row["test"]["tracks"] < most
    ]


def common_songs(scores: dict[str, Any]) -> str:
    """Format the accuracy of all models on the songs that all were tested on, by artist."""
    found = {
        name: load_predictions(MODELS_DIR, name, "artist")
        for name in TITLES
        if f"{name}/artist" in scores
    }
    _, songs, shares = on_common_songs(found)
    accuracies = ", ".join(f"{TITLES[name]} {share:.3f}" for name, share in shares.items())
    return (
        f"- Accuracy by artist on the {songs} songs that all models were tested on: {accuracies}."
    )


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
        "| model | reported | **by artist** | test songs | macro F1 | log loss | ECE "
        "| by track | by segment | size (MB) | time (ms) | training (min) |",
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
            others.append("–" if other is None else _accuracy(other["test"][unit]))
        lines.append(
            f"| {title} | {f'{reported:.2f}' if reported else '–'} | **{song['accuracy']:.3f}** "
            f"[{song['interval'][0]:.3f}, {song['interval'][1]:.3f}] | {row['test']['tracks']} | "
            f"{song['macro_f1']:.3f} | {segment['log_loss']:.3f} | {segment['ece']:.3f} | "
            f"{' | '.join(others)} | {_number(row, 'bytes', 1e6, 1)} | "
            f"{_number(row, 'ms_per_segment', 1, 1)} | {_number(row, 'training_s', 60, 1)} |"
        )
    lines += [
        "",
        "- *By artist*: song votes on unseen artists.",
        f"- *By track*: song votes on {scores['cnn/track']['test']['tracks']} unseen songs by "
        "artists of the training set (data leakage).",
        f"- *By segment*: unseen segments of {scores['cnn/segment']['test']['tracks']} songs of "
        "the training set (strongest leakage). –: not available, because models of whole clips "
        "cannot be tested on unseen segments.",
        f"- Brackets: {_percent(0.95)} confidence intervals (Wilson score; by segment, bootstrap "
        "over songs).",
        "- *Macro F1* is computed from song votes, *log loss* and *ECE* (15 bins) from segments, "
        "all by artist with seed 0.",
        "- *Reported*: accuracy published for similar models on the same data set, nearly always "
        "on unseen segments.",
        "- Cost on two cores: *size* of the files, *time* per segment from decoded audio to "
        "prediction, and time of *training* by artist.",
    ]
    few = [
        f"{', '.join(names)} by {protocol}"
        for protocol in ("track", "segment")
        if (names := smaller_test_sets(scores, protocol))
    ]
    if few:
        lines.append(f"- Models that need audio have fewer test songs: {'; '.join(few)}.")
    lines.append(common_songs(scores))
    for name, title in TITLES.items():
        folds = scores.get(f"{name}/folds")
        if folds:
            song = folds["song"]
            lines.append(
                f"- Five-fold cross-validation by artist, {folds['tracks']} songs, {title}: song "
                f"vote {song['mean']:.3f} ± {song['deviation']:.3f} (standard deviation over the "
                "folds)."
            )
    test = scores.get("mcnemar/artist")
    if test:
        lines.append(
            f"- By artist, only CNN classifies {test['only_a']} songs correctly and only CNN-LSTM "
            f"{test['only_b']} (McNemar's test, p = {test['p_value']:.2f})."
        )
    return "\n".join(lines)


def estimator_table(results: dict[str, Any]) -> str:
    """Format the table of the estimator's cost beside that of `shap.GradientExplainer`."""
    lines = [
        "| model | error | gradients | time (s) | shap at equal error | fewer gradients by | "
        "less time by | mean gap | largest gap | 80 segments: ours | 80 segments: shap |",
        "|---" * 11 + "|",
    ]
    for name, found in results.items():
        ours, equal, song = found["ours"], found["equal_error"], found["song"]
        lines.append(
            f"| {TITLES[name]} | {ours['error']:.3f} | {_count(ours['gradients'])} | "
            f"{ours['seconds']:.2f} | {_count(equal['gradients'])} gradients, "
            f"{equal['seconds']:.1f} s | "
            f"{found['fewer_gradients']:.0f} × | {found['less_time']:.0f} × | "
            f"{found['gap']['mean']:.4f} | {found['gap']['max']:.4f} | {song['all']:.0f} s | "
            f"{80 * equal['seconds']:.0f} s |"
        )
    return "\n".join(lines)


def faithfulness_table(results: dict[str, Any]) -> str:
    """Format the table of faithfulness for a kept fifth."""
    lines = [
        f"| model | method | {' | '.join(FAITHFULNESS_METRICS.values())} | roughness | time (s) |",
        "|---" * (4 + len(FAITHFULNESS_METRICS)) + "|",
    ]
    for model, found in results["models"].items():
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
                f"{_seconds(row['seconds'])} |"
            )
    counts = {(found["tracks"], found["segments"]) for found in results["models"].values()}
    tracks, segments = counts.pop()
    lines += ["", f"{segments} segments of {tracks} songs by unseen artists, seed 0."]
    across = results["across"]
    if across:
        lines.append("")
        for one, other in (("cnn", "cnn_lstm"), ("cnn_lstm", "cnn")):
            agreement = {part: cell["same_genre"] for part, cell in across[one][other].items()}
            lines.append(
                f"- From {TITLES[one]}'s important parts alone, {TITLES[other]} predicts the genre "
                f"that {TITLES[one]} predicts for the original in {_percent(agreement['kept'])} "
                f"of the segments (from the original: {_percent(agreement['original'])}, from "
                f"everything else: {_percent(agreement['removed'])})."
            )
    return "\n".join(lines)


def mixes_table(results: dict[str, Any]) -> str:
    """Format the table of where the explanations of mixes lie, with a column for each model."""
    found = {
        title: results["models"][name]["kinds"]["all"]
        for name, title in TITLES.items()
        if name in results["models"]
    }
    lines = [f"| method | {' | '.join(found)} |", "|---" * (1 + len(found)) + "|"]
    for method, title in LOCALISATION_METHODS.items():
        cells = [_located(part["methods"].get(method)) for part in found.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    counts = "; ".join(
        f"{title} {part['mixes']} mixes of {part['songs']} target songs, chance "
        f"{100 * part['chance']:.1f}"
        for title, part in found.items()
    )
    lines += [
        "",
        "Share of the kept fifth that lies on the target song, in per cent, and its paired "
        f"difference from random regions in points [{_percent(0.95)} interval]. {counts}; seed "
        f"{results['seed']}.",
    ]
    return "\n".join(lines)


def _located(results: dict[str, Any] | None) -> str:
    """Cell of a share in per cent, with its difference from random regions."""
    if results is None:
        return "–"
    kept = results["kept"]
    low, high = (100 * limit for limit in kept["difference_interval"])
    difference = f" ({100 * kept['difference']:+.1f} [{low:+.1f}, {high:+.1f}])"
    return f"{100 * kept['mean']:.1f}{difference if low != high else ''}"


def budgets_table(results: dict[str, Any]) -> str:
    """Format the table of waiting times."""
    lines = ["| action | time (s) | budget (s) |", "|---|---|---|"]
    for name, budget in results["budgets"].items():
        lines.append(f"| {name} | {results['seconds'][name]:.1f} | {budget:.1f} |")
    return "\n".join(lines)


def _with_current_weights(
    table: Callable[[dict[str, Any], dict[str, str]], str],
) -> Callable[[dict[str, Any]], str]:
    return lambda results: table(results, current_weights())


def with_table(readme: str, mark: str, table: str) -> str:
    """Insert a table between its marks."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, rest = readme.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


def current(readme: str) -> str:
    """Insert all tables, from the current results, into the text of the README."""
    for mark, file, table in (
        ("budgets", "budgets.json", budgets_table),
        ("figures", "scores.json", accuracy_table),
        ("estimator", "estimator.json", estimator_table),
        ("faithfulness", "faithfulness.json", faithfulness_table),
        ("mixes", "mixes.json", mixes_table),
        ("novelty", "novelty.json", _with_current_weights(novelty_table)),
        ("order", "order.json", _with_current_weights(order_table)),
        ("transfer", "transfer.json", _with_current_weights(transfer_table)),
    ):
        results = json.loads((MODELS_DIR / file).read_text(encoding="utf-8"))
        readme = with_table(readme, mark, table(results))
    return readme


def main() -> None:
    """Update all tables of the README."""
    path = PROJECT_DIR / "README.md"
    text = current(path.read_text(encoding="utf-8"))
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
