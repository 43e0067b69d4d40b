"""One cache for all results that sessions share: bounded in bytes, each result computed once."""

from __future__ import annotations

import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

MAX_BYTES = 384 << 20  # of all cached results together, in the memory of the server

Value = TypeVar("Value")

_POLL_S = 0.2  # between two calls of `waiting`


def memory_blocks(value: object) -> dict[int, int]:
    """List the blocks of memory that a value holds, each once.

    Parameters
    ----------
    value : object
        Arrays, bytes, texts and numbers, in any nesting of containers and dataclasses.

    Returns
    -------
    dict of int to int
        Size in bytes by identity of the object that owns the block. A view counts as the whole
        array that it keeps alive.
    """
    blocks: dict[int, int] = {}
    pending = [value]
    while pending:
        item = pending.pop()
        while isinstance(item, np.ndarray) and isinstance(item.base, np.ndarray):
            item = item.base
        if id(item) in blocks:
            continue
        if isinstance(item, np.ndarray):
            blocks[id(item)] = item.nbytes
            continue
        blocks[id(item)] = sys.getsizeof(item)
        if isinstance(item, Mapping):
            pending.extend((*item.keys(), *item.values()))
        elif isinstance(item, list | tuple | AbstractSet):
            pending.extend(item)
        elif is_dataclass(item) and not isinstance(item, type):
            pending.extend(getattr(item, field.name) for field in fields(item))
    return blocks


class ResultCache:
    """Results by key, up to a number of bytes; the least recently used are dropped first.

    All sessions share the cache. Keys hold the digest of a song's bytes, so two people get the same
    entry only if they brought the same song. While one session computes an entry, others that need
    it wait instead of computing it again. Arrays that several entries share count once.

    Parameters
    ----------
    max_bytes : int > 0
        Upper bound for all entries together. A larger result is returned but not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Hashable, tuple[object, dict[int, int]]] = OrderedDict()
        self._owners: Counter[int] = Counter()  # entries that hold a block of memory
        self._bytes = 0
        self._in_progress: set[Hashable] = set()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    @property
    def n_bytes(self) -> int:
        """Bytes that the entries hold, shared arrays counted once."""
        return self._bytes

    def limit(self, max_bytes: int) -> None:
        """Set another upper bound; entries that no longer fit are dropped with the next one."""
        self._max_bytes = max_bytes

    def clear(self) -> None:
        """Drop all entries."""
        with self._changed:
            self._entries.clear()
            self._owners.clear()
            self._bytes = 0

    def peek(self, key: Hashable) -> Any:
        """Look up an entry; None if it is not cached."""
        with self._changed:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def get(
        self,
        key: Hashable,
        compute: Callable[[], Value],
        *,
        waiting: Callable[[], None] = lambda: None,
    ) -> Value:
        """Look up an entry, and compute it if it is not cached.

        Parameters
        ----------
        key : Hashable
            Key of the entry.
        compute : callable
            Computes the entry. An exception is passed on, and nothing is cached.
        waiting : callable
            Called repeatedly while another thread computes the entry; may raise to stop waiting.

        Returns
        -------
        Value
            The entry.
        """
        while True:
            with self._changed:
                if key in self._entries:
                    self._entries.move_to_end(key)
                    return self._entries[key][0]  # type: ignore[return-value]
                if key not in self._in_progress:
                    self._in_progress.add(key)
                    break
                self._changed.wait(_POLL_S)
            waiting()
        try:
            value = compute()
            blocks = memory_blocks(value)
            with self._changed:
                if sum(blocks.values()) <= self._max_bytes:
                    self._keep(key, value, blocks)
            return value
        finally:
            with self._changed:
                self._in_progress.discard(key)
                self._changed.notify_all()

    def _keep(self, key: Hashable, value: object, blocks: dict[int, int]) -> None:
        """Add an entry and drop the least recently used ones until all fit."""
        self._entries[key] = value, blocks
        for block, size in blocks.items():
            self._bytes += 0 if self._owners[block] else size
            self._owners[block] += 1
        while self._bytes > self._max_bytes:
            _, (_, dropped) = self._entries.popitem(last=False)
            for block, size in dropped.items():
                self._owners[block] -= 1
                if not self._owners[block]:
                    del self._owners[block]
                    self._bytes -= size


results = ResultCache(MAX_BYTES)
"""All results of the services, under keys that begin with the kind of result."""
