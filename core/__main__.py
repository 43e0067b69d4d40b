"""The command line: ``python -m core analyze SONG…``, ``python -m core models`` and ``… yamnet``.

Exit codes: 0 success; 1 some songs failed (each is reported with the reason; the others are
complete), a bundled model is damaged, or YAMNet is unavailable; 2 invalid arguments or model; 130
interrupted.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Heavy imports are inside the functions, so that --help does not wait for TensorFlow.
from core.cli.library import add_options, analyze_folders, concerns_folders
from core.cli.terminal import Status, printable
from core.models.runtime import silent_stderr

PREFERRED_MODEL = "cnn_lstm"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        Exit code.
    """
    options = _parser().parse_args(arguments)
    status = Status()
    try:
        if options.command == "models":
            return _models()
        if options.command == "yamnet":
            return _yamnet(options, status)
        return _analyze(options, status)
    except KeyboardInterrupt:
        status.clear()
        print("Interrupted. Results written so far are complete.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m core", description="Predict the genre of songs and explain the predictions."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    analyze = commands.add_parser(
        "analyze",
        help="predict the genre of songs, segment by segment",
        description="Predict the genre of songs, segment by segment. Print a table, or with --out "
        "write analysis.json to a folder named after each song. Folders are searched for songs.",
        epilog="Exit codes: 0 success, 1 some songs failed, 2 invalid arguments or model, "
        "130 interrupted.",
    )
    analyze.add_argument(
        "songs", nargs="+", type=Path, metavar="SONG", help="audio file, or folder of songs"
    )
    analyze.add_argument(
        "--model",
        metavar="NAME",
        help=f"name of a bundled model or path to a model card (default: {PREFERRED_MODEL})",
    )
    analyze.add_argument(
        "--explain",
        action="store_true",
        help="also explain the prediction (with --out: write important.wav, without.wav and "
        "explanation.npz)",
    )
    analyze.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    add_options(analyze)
    commands.add_parser(
        "models",
        help="list the bundled models",
        description="List the bundled models with their accuracy, and check their files.",
        epilog="Exit codes: 0 all models are intact, 1 some are damaged, 2 invalid arguments.",
    )
    yamnet = commands.add_parser(
        "yamnet",
        help="install YAMNet (4 MB), required by some models",
        description="Install YAMNet for the models that classify its embeddings. Print the path of "
        "the installed file.",
        epilog="Exit codes: 0 success, 1 download or copy failed, 2 invalid arguments.",
    )
    yamnet.add_argument(
        "file", nargs="?", type=Path, help="local copy to install (default: download)"
    )
    return parser


def _yamnet(options: argparse.Namespace, status: Status) -> int:
    from core.errors import ModelError
    from core.features import yamnet

    try:
        status.show("installing YAMNet")
        path = yamnet.fetch(options.file)
    except ModelError as error:
        status.clear()
        print(f"python -m core yamnet: {printable(error)}", file=sys.stderr)
        return 1
    status.clear()
    print(printable(path))
    return 0


def _analyze(options: argparse.Namespace, status: Status) -> int:
    from core.errors import ModelError
    from core.models.cards import card_path, read_card
    from core.storage import OutputError, check_output, describe_failure, is_lasting

    try:
        # Cheap checks come before the seconds that TensorFlow takes to load.
        if options.out is not None:
            check_output(options.out)
        names = [options.model] if options.model else _default_models()
        if options.model:
            read_card(card_path(options.model))
        if concerns_folders(options):
            return analyze_folders(options, names, status)
        status.show("loading the model")
        from core.cli.report import to_text
        from core.library.song_files import analyze_song, folder_names, write_result
        from core.models.spectrogram_models import SpectrogramModel
        from core.models.store import first_that_loads, load_model

        with silent_stderr():
            import tensorflow  # noqa: F401
        model, failures = first_that_loads(names, load_model)
        if failures:
            status.clear()
            for failure in failures:
                print(f"python -m core analyze: {printable(failure)}", file=sys.stderr)
            print(f"python -m core analyze: using {model.name} instead.", file=sys.stderr)
        if options.explain and not isinstance(model, SpectrogramModel):
            raise ModelError(
                f"{model.name} does not classify a spectrogram and cannot be explained here. Omit "
                "--explain or choose a spectrogram model such as cnn."
            )
    except (ModelError, OutputError) as error:
        status.clear()
        print(f"python -m core analyze: {printable(error)}", file=sys.stderr)
        return 2
    failed = 0
    songs: list[Path] = options.songs
    for number, (song, folder) in enumerate(zip(songs, folder_names(songs), strict=True), 1):
        prefix = f"[{number}/{len(songs)}] {printable(song.name)}: "
        try:
            result = analyze_song(
                song,
                model,
                explained=options.explain,
                step=lambda text, prefix=prefix: status.show(prefix + text),  # type: ignore[misc]
            )
            text = to_text(result)
            if options.out is not None:
                try:
                    removed = write_result(result, options.out / folder)
                except OSError as error:
                    if is_lasting(error):
                        raise OutputError(describe_failure(error, options.out)) from error
                    raise
                text = f"{text.splitlines()[0]}\n  -> {printable(options.out / folder)}"
                if removed:
                    text += f" (removed files of an earlier run: {', '.join(removed)})"
                if folder != song.stem:
                    text += f" (renamed: another song is called {printable(song.stem)})"
        except OutputError as error:  # the other songs could not be written either
            status.clear()
            print(f"python -m core analyze: {printable(error)}", file=sys.stderr)
            print(
                f"Stopped after {number - 1} of {len(songs)} songs. Results written so far are "
                "complete.",
                file=sys.stderr,
            )
            return 1
        except Exception as error:  # one bad file must not abort the run
            status.clear()
            reason = str(error) or type(error).__name__
            print(f"{printable(song)}: {printable(reason)}", file=sys.stderr, flush=True)
            failed += 1
        else:
            status.clear()
            print(text, flush=True)
    if failed:
        print(f"{failed} of {len(songs)} songs failed.", file=sys.stderr)
    return 1 if failed else 0


def _default_models() -> list[str]:
    """List the bundled models in the order in which they are tried: those on the first page first.

    Models that need a pretrained network to be downloaded are left out.
    """
    from core.errors import ModelError
    from core.models.cards import card_paths
    from core.models.registry import SHOWN_MODELS, needs_download

    preferred = (PREFERRED_MODEL, *SHOWN_MODELS)
    found = [path.stem for path in card_paths() if not needs_download(path.stem)]
    names = sorted(found, key=lambda name: (name not in preferred, [*preferred, name].index(name)))
    if not names:
        raise ModelError(
            "No bundled models were found. Train one with train.py, or pass a model card with "
            "--model."
        )
    return names


def _models() -> int:
    from core.errors import ModelError
    from core.models.cards import card_paths

    rows: list[tuple[str, ...]] = [
        ("NAME", "TITLE", "PROTOCOL", "SONG ACCURACY (95 % CI)", "PARAMETERS", "SIZE")
    ]
    damaged = []
    for path in card_paths():
        try:
            rows.append(_row(path))
        except ModelError as error:
            damaged.append(f"{path.stem}: damaged. {error}")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(printable("  ".join(cells).rstrip()))
    for line in damaged:
        print(printable(line))
    if len(rows) == 1 and not damaged:
        print("No models were found. Restore the folder models/, or train models with train.py.")
        return 1
    return 1 if damaged else 0


def _row(path: Path) -> tuple[str, ...]:
    """Build the table row of an intact model."""
    from core.models.cards import PARTS, checked_file, read_card

    card = read_card(path)
    size = sum(checked_file(path, card, part).stat().st_size for part in PARTS)
    accuracy = "-"
    if song := _part(card, "metrics", "test", "song"):
        low, high = song["interval"]
        accuracy = f"{song['accuracy']:.3f} ({low:.3f} - {high:.3f})"
    parameters = card.get("parameters")
    return (
        str(card["name"]),
        str(card.get("title", "-")),
        str(_part(card, "metrics", "protocol") or "-"),
        accuracy,
        f"{parameters:,}".replace(",", " ") if parameters else "-",
        f"{size / 1e6:.1f} MB",
    )


def _part(card: dict[str, Any], *keys: str) -> Any:
    """Look up nested keys of a card; None if one is missing."""
    value: Any = card
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # unprintable names must not abort the run
    sys.exit(main())
