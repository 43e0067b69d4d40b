"""Prepare TensorFlow and Keras for a process that serves predictions for a long time.

A web framework may clean up after every request: Streamlit clears the Keras session and collects
garbage. With loaded networks, clearing the session drops all kernels that TensorFlow has looked up,
and a collection visits every object of TensorFlow and librosa, which takes a third of a second.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_clear_session: Callable[..., None] | None = None  # Keras's own function, while it is replaced


def prepare_for_serving() -> None:
    """Keep loaded networks out of the cleanup after requests; repeated calls change nothing.

    `keras.backend.clear_session` does nothing in this process from now on: serving creates no
    layers, so nothing accumulates in the session. A forked process still clears its own session.
    All objects that exist now are excluded from garbage collection. Call this in a process that
    only serves, once its models are loaded; training needs `clear_session`.

    See Also
    --------
    end_serving : Undo this.
    """
    global _clear_session
    import keras

    with _lock:
        if _clear_session is not None:
            return
        original = keras.backend.clear_session
        serving_process = os.getpid()

        def keep_session(free_memory: bool = True) -> None:
            if os.getpid() != serving_process:
                original(free_memory)

        _clear_session = original
        keras.backend.clear_session = keep_session
        gc.collect()
        gc.freeze()


def end_serving() -> None:
    """Restore Keras's own `clear_session` and the garbage collection of all objects."""
    global _clear_session
    import keras

    with _lock:
        if _clear_session is not None:
            keras.backend.clear_session = _clear_session
            _clear_session = None
            gc.unfreeze()


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Suppress what native code writes to standard error, unless the block fails.

    TensorFlow warns about missing GPUs before it reads its log level.
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
