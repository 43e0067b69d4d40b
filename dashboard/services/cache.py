"""A bounded store of results that sessions share, each computed only once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")

_WAIT_S = 0.2  # how often one who waits looks up, and can give up


class ResultCache(Generic[Value]):
    """Results by key, at most `capacity` of them; the least recently used goes first.

    Sessions share a shelf: keys hold the digest of a song's bytes, so that two people get the same
    entry only if they brought the same song. While one session computes an entry, others that want
    it wait for it instead of computing it again.

    Parameters
    ----------
    capacity : int > 0
        Number of entries.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[Hashable, Value] = OrderedDict()
        self._busy: set[Hashable] = set()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._entries

    def peek(self, key: Hashable) -> Value | None:
        """Return the entry if it is there."""
        with self._changed:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def get(
        self,
        key: Hashable,
        compute: Callable[[], Value],
        *,
        waiting: Callable[[], None] = lambda: None,
    ) -> Value:
        """Return the entry, computing it if it is not there.

        Parameters
        ----------
        key : Hashable
            Key of the entry.
        compute : callable
            Makes the entry; whatever it raises is passed on, and nothing is kept then.
        waiting : callable
            Called again and again while another thread computes this entry; may raise to give up.

        Returns
        -------
        Value
            The entry.
        """
        while True:
            with self._changed:
                if key in self._entries:
                    self._entries.move_to_end(key)
                    return self._entries[key]
                if key not in self._busy:
                    self._busy.add(key)
                    break
                self._changed.wait(_WAIT_S)
            waiting()
        try:
            value = compute()
            with self._changed:
                self._entries[key] = value
                while len(self._entries) > self._capacity:
                    self._entries.popitem(last=False)
            return value
        finally:
            with self._changed:
                self._busy.discard(key)
                self._changed.notify_all()
