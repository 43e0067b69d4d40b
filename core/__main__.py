"""The command line: ``python -m core analyze SONG…``, ``python -m core models`` and ``… yamnet``.

Exit codes: 0 all done; 1 some songs failed (each is named with its reason, the others are done) or
some bundled model is damaged; 2 the command cannot be carried out as given; 130 interrupted.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Nothing heavy up here: --help does not wait for TensorFlow.
from core.cli.terminal import Status, printable

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
        print("Interrupted; what was finished before is complete.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m core", description="Hear which genre a song is, and why."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    analyze = commands.add_parser(
        "analyze",
        help="say which genre songs are, segment by segment",
        description="Say which genre songs are, segment by segment. With --out, each song gets a "
        "folder of its own name with analysis.json in it; without, a table is printed.",
        epilog="Exit code: 0 all done, 1 some songs failed, 2 usage.",
    )
    analyze.add_argument("songs", nargs="+", type=Path, metavar="SONG", help="audio file")
    analyze.add_argument(
        "--model",
        metavar="NAME",
        help=f"bundled model, or path of a model card (default: {PREFERRED_MODEL} if it is there)",
    )
    analyze.add_argument(
        "--explain",
        action="store_true",
        help="explain the verdict as well; with --out: important.wav, without.wav, explanation.npz",
    )
    analyze.add_argument("--out", type=Path, metavar="DIR", help="folder for the results")
    commands.add_parser(
        "models",
        help="list the bundled models",
        description="List the bundled models and how good they are, and check their files.",
        epilog="Exit code: 0 all are intact, 1 some are damaged, 2 usage.",
    )
    yamnet = commands.add_parser(
        "yamnet",
        help="fetch YAMNet, which some models hear through (4 MB)",
        description="Put YAMNet where the models that hear through it look for it.",
        epilog="Exit code: 0 done, 1 it cannot be had, 2 usage.",
    )
    yamnet.add_argument("file", nargs="?", type=Path, help="a copy; without one it is downloaded")
    return parser


def _yamnet(options: argparse.Namespace, status: Status) -> int:
    from core.errors import ModelError
    from core.features import yamnet

    try:
        status.show("fetching YAMNet")
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

    try:
        # What costs nothing to check comes before the seconds that TensorFlow takes to load.
        if options.out is not None and options.out.exists() and not options.out.is_dir():
            raise ModelError(f"{options.out} is a file; name a folder for the results.")
        name = options.model or _preferred_model()
        read_card(card_path(name))
        status.show("loading the model")
        from core.cli.report import examine, folder_names, write
        from core.models.spectrogram_models import SpectrogramModel
        from core.models.store import load_model

        with _silence():
            import tensorflow  # noqa: F401
        model = load_model(name)
        if options.explain and not isinstance(model, SpectrogramModel):
            raise ModelError(
                f"{model.name} reads features of three seconds, not places in them: there is "
                "nothing to keep and play. Leave out --explain, or name a network."
            )
    except ModelError as error:
        status.clear()
        print(f"python -m core analyze: {error}", file=sys.stderr)
        return 2
    failed = 0
    songs: list[Path] = options.songs
    for number, (song, folder) in enumerate(zip(songs, folder_names(songs), strict=True), 1):
        prefix = f"[{number}/{len(songs)}] {printable(song.name)}: "
        try:
            report = examine(
                song,
                model,
                explained=options.explain,
                step=lambda text, prefix=prefix: status.show(prefix + text),  # type: ignore[misc]
            )
            text = report.to_text()
            if options.out is not None:
                taken_away = write(report, options.out / folder)
                text = f"{text.splitlines()[0]}\n  -> {printable(options.out / folder)}"
                if taken_away:
                    text += f" (files of an earlier run taken away: {', '.join(taken_away)})"
                if folder != song.stem:
                    text += " (another song has its name)"
        except Exception as error:  # one bad file must not cost a person the other nine hundred
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


def _preferred_model() -> str:
    from core.errors import ModelError
    from core.models.cards import list_models

    names = [card["name"] for card in list_models()]
    if not names:
        raise ModelError("No model is bundled; train one with train.py, or name a model card.")
    return PREFERRED_MODEL if PREFERRED_MODEL in names else names[0]


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what native code writes to standard error to itself, unless the block fails.

    TensorFlow's remark about missing graphics cards comes before it reads its log level.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(original, kept.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)


def _models() -> int:
    from core.errors import ModelError
    from core.models.cards import card_paths

    rows: list[tuple[str, ...]] = [
        ("NAME", "TITLE", "PROTOCOL", "SONG ACCURACY (95 %)", "PARAMETERS", "SIZE")
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
    return 1 if damaged else 0


def _row(path: Path) -> tuple[str, ...]:
    """Return the cells of an intact model."""
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
        f"{parameters:,}" if parameters else "-",
        f"{size / 1e6:.1f} MB",
    )


def _part(card: dict[str, Any], *keys: str) -> Any:
    """Return what lies under nested keys of a card; None if it says nothing about that."""
    value: Any = card
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name must not stop the songs after it
    sys.exit(main())
