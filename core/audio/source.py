"""Access of decoders to a file, until a read fails or the computing time is used up."""

from __future__ import annotations

import io
import time
from typing import BinaryIO

from core.errors import AudioError

# Processor time of this thread, so a busy computer does not shorten it. Fifteen minutes of MP3 take
# one to two seconds.
DECODING_S = 5.0
_SHARE = 0.01  # more for every second of audio, for slow computers and formats


def reason(error: Exception) -> str:
    """Format the reason of an error for a sentence, without the number and the file's name."""
    return getattr(error, "strerror", None) or str(error)


class Source:
    """Open file that ends early, and records why, if reading fails or takes too long.

    Decoders call it from C, where an exception would be printed and lost. It has no `name`
    attribute, so that decoders cannot choose a format by the file's name.

    Parameters
    ----------
    stream : BinaryIO
        Open binary file that can seek.
    limit_s : float > 0
        Processor time in seconds until `check_time` raises and reads return nothing, counted from
        now in the thread that creates the source.
    """

    def __init__(self, stream: BinaryIO, *, limit_s: float = DECODING_S) -> None:
        self._stream = stream
        self._failure: Exception | None = None
        self._until = time.thread_time() + limit_s
        self._start = 0

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes; no bytes after an error."""
        if time.thread_time() > self._until:
            return b""
        try:
            block = self._stream.read(size)
        except (OSError, ValueError) as error:
            self._failure = error.with_traceback(None)
            return b""
        if not isinstance(block, bytes | bytearray | memoryview):
            self._failure = TypeError("it was opened in text mode")
            return b""
        return bytes(block)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a position and return it; stay at the current one if the position is invalid."""
        try:
            self._stream.seek(offset + self._start if whence == io.SEEK_SET else offset, whence)
        except (OSError, ValueError, OverflowError) as error:
            if self._stream.closed:
                self._failure = error
                return 0
        return self.tell()

    def tell(self) -> int:
        """Return the current position."""
        return self._stream.tell() - self._start

    def begin_at(self, position: int) -> None:
        """Leave out what comes before a position, such as tags, and move there.

        Parameters
        ----------
        position : int >= 0
            First byte, which becomes position 0.
        """
        self._start += position
        self.seek(0)

    def extend_time(self, decoded_s: float) -> None:
        """Allow more time for a long song.

        Parameters
        ----------
        decoded_s : float >= 0
            Duration of the audio decoded since the last call, in seconds.
        """
        self._until += _SHARE * decoded_s

    def check_time(self) -> None:
        """Raise if decoding has taken too long.

        Raises
        ------
        AudioError
            If the processor time is used up.
        """
        if time.thread_time() > self._until:
            raise AudioError(
                "Decoding the file takes too long; it is probably damaged. Convert it to WAV or "
                "MP3 first."
            )

    def raise_failure(self) -> None:
        """Raise what ended the file early as an `AudioError`, if anything did.

        Raises
        ------
        AudioError
            If reading the file failed, whatever its content, or took too long.
        """
        if self._failure is not None:
            message = f"The file cannot be read ({reason(self._failure)}). Copy it again and retry."
            raise AudioError(message) from self._failure
        self.check_time()
