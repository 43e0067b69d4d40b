"""Workers leave Ctrl-C to the command that started them."""

from __future__ import annotations

import os
import signal

from core.engine.cluster import connect


def test_a_worker_ignores_ctrl_c() -> None:
    with connect(workers=1) as client:
        pid = client.submit(os.getpid, pure=False).result()
        os.kill(pid, signal.SIGINT)
        assert client.submit(os.getpid, pure=False).result() == pid
        handler = client.submit(signal.getsignal, signal.SIGINT, pure=False).result()
        assert handler == signal.SIG_IGN
