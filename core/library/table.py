"""The table of songs and the table of failures: Parquet files that only grow by whole files.

``songs/model=NAME/part-….parquet`` has a row for each song, ``failures/model=NAME/part-….parquet``
one for each file that could not be analysed. A file (part) is written completely or not at all, so
whatever happens, every row that exists is complete.

See Also
--------
core.library.finished : which songs a table already contains.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import LibraryError
from core.storage import describe_failure, replacing

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.library.walk import SongFile

SONGS, FAILURES = "songs", "failures"
ROWS_IN_A_PART = 2_000

FAILURE_SCHEMA = pa.schema(
    [
        ("song", pa.string()),
        ("uri", pa.string()),
        ("bytes", pa.int64()),
        ("reason", pa.string()),
    ]
)


def song_schema(genres: Sequence[str]) -> pa.Schema:
    """Columns of the table of songs.

    Parameters
    ----------
    genres : sequence of str
        Genres of the model, in the order of the probabilities.

    Returns
    -------
    pyarrow.Schema
        With the genres in its metadata, as JSON.
    """
    probabilities = pa.list_(pa.float32(), len(genres))
    return pa.schema(
        [
            ("song", pa.string()),  # path below the folder given, for display
            ("uri", pa.string()),  # the path without loss
            ("digest", pa.string()),  # SHA-256 of the file
            ("bytes", pa.int64()),
            ("modified_ns", pa.int64()),
            ("duration_s", pa.float64()),
            ("genre", pa.string()),
            ("probability", pa.float32()),
            ("genre_set", pa.list_(pa.string())),
            ("novelty", pa.float32()),  # null if the model has none
            ("probabilities", probabilities),  # of the song, in the order of the genres
            ("segment_starts_s", pa.list_(pa.float32())),
            ("segment_ends_s", pa.list_(pa.float32())),
            ("segment_probabilities", pa.list_(probabilities)),
            ("explained", pa.bool_()),
            ("folder", pa.string()),  # of the song's files, below that of the results; may be null
            ("settings", pa.string()),  # digest of the model and of the version of the analysis
        ],
        metadata={"genres": json.dumps(list(genres))},
    )


def to_row(
    file: SongFile,
    digest: str,
    analysis: Analysis,
    *,
    explained: bool,
    folder: str | None,
    settings: str,
) -> dict[str, Any]:
    """Convert an analysis to a row of the table of songs.

    Parameters
    ----------
    file : SongFile
        Where the song is.
    digest : str
        SHA-256 of its content.
    analysis : Analysis
        Predictions.
    explained : bool
        Whether its files include an explanation.
    folder : str or None
        Folder of its files, if there are any.
    settings : str
        Digest of the model and of the version of the analysis.

    Returns
    -------
    dict
        Values by column.
    """
    return {
        "song": file.song,
        "uri": file.uri,
        "digest": digest,
        "bytes": file.size,
        "modified_ns": file.modified_ns,
        "duration_s": analysis.duration_s,
        "genre": analysis.genre,
        "probability": analysis.probability,
        "genre_set": list(analysis.genre_set),
        "novelty": analysis.novelty if math.isfinite(analysis.novelty) else None,
        "probabilities": analysis.song_probabilities.astype("float32"),
        "segment_starts_s": analysis.starts_s,
        "segment_ends_s": analysis.ends_s,
        "segment_probabilities": list(analysis.probabilities),
        "explained": explained,
        "folder": folder,
        "settings": settings,
    }


def partition(out: Path, table: str, model: str) -> Path:
    """Folder of a model's parts of a table."""
    return out / table / f"model={quote(model, safe='')}"


class Writer:
    """Collect rows and write them as parts.

    Parameters
    ----------
    folder : Path
        Folder of the parts.
    schema : pyarrow.Schema
        Columns.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    @property
    def is_full(self) -> bool:
        """Whether there are enough rows for a part."""
        return self._rows >= ROWS_IN_A_PART

    def add(self, batch: pa.RecordBatch) -> None:
        """Collect rows."""
        if batch.num_rows:
            self._batches.append(batch)
            self._rows += batch.num_rows

    def add_rows(self, rows: Iterable[dict[str, Any]]) -> None:
        """Collect rows given as values by column."""
        self.add(pa.RecordBatch.from_pylist(list(rows), schema=self._schema))

    def write(self) -> None:
        """Write the collected rows as a part, if there are any.

        Raises
        ------
        LibraryError
            If the part cannot be written. The rows are kept.
        """
        if self._batches:
            table = pa.Table.from_batches(self._batches, schema=self._schema)
            write_part(table, self._folder / f"part-{uuid.uuid4().hex}.parquet")
            self._batches, self._rows = [], 0


def write_part(table: pa.Table, path: Path) -> None:
    """Write a part, completely or not at all.

    Parameters
    ----------
    table : pyarrow.Table
        Rows.
    path : Path
        Destination.

    Raises
    ------
    LibraryError
        If it cannot be written.
    """
    try:
        with replacing(path) as temporary:
            pq.write_table(table, temporary, compression="zstd")
    except OSError as error:
        raise LibraryError(
            f"{describe_failure(error, path.parent)} Results written so far are complete; "
            "continue with --resume."
        ) from error


def parts(folder: Path) -> list[Path]:
    """List the parts in a folder."""
    return sorted(folder.glob("part-*.parquet"))


def read_part(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a part.

    Parameters
    ----------
    path : Path
        The part.
    columns : sequence of str, optional
        Columns; all by default.

    Returns
    -------
    pyarrow.Table
        Its rows.

    Raises
    ------
    LibraryError
        If it is damaged or lacks a column.
    """
    try:
        # As a file, because from a path pyarrow also reads names of folders as columns.
        with pq.ParquetFile(path) as file:
            if missing := set(columns or ()) - set(file.schema_arrow.names):
                raise ValueError(f"it has no column {min(missing)!r}")
            return file.read(columns=None if columns is None else list(columns))
    except (OSError, ValueError) as error:  # pa.ArrowInvalid is a ValueError
        raise LibraryError(
            f"{path.name} in {path.parent} cannot be read ({error}). Remove it and continue with "
            "--resume; its songs are then analysed again."
        ) from error


def remove_rows(folder: Path, uris: frozenset[str]) -> None:
    """Remove rows from the parts of a folder; parts without such rows are not touched.

    Parameters
    ----------
    folder : Path
        Folder of the parts.
    uris : frozenset of str
        Values in the column `uri` whose rows are removed.

    Raises
    ------
    LibraryError
        If a part cannot be read or written.
    """
    for path in parts(folder) if uris else ():
        stays = [uri not in uris for uri in read_part(path, ["uri"])["uri"].to_pylist()]
        if all(stays):
            continue
        if any(stays):
            write_part(read_part(path).filter(pa.array(stays)), path)
        else:
            path.unlink()


def rows_of(folder: Path, digests: frozenset[str], settings: str) -> Iterator[dict[str, Any]]:
    """Yield one row of each of some songs.

    Parameters
    ----------
    folder : Path
        Folder of the parts of the table of songs.
    digests : frozenset of str
        Digests of the songs.
    settings : str
        Settings of the rows.

    Yields
    ------
    dict
        Values by column.
    """
    missing = set(digests)
    for path in parts(folder) if missing else ():
        keys = read_part(path, ["digest", "settings"]).to_pydict()
        for index, (digest, its) in enumerate(zip(keys["digest"], keys["settings"], strict=True)):
            if digest in missing and its == settings:
                missing.discard(digest)
                yield read_part(path).slice(index, 1).to_pylist()[0]
