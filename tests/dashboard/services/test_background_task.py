"""Work behind the page: one piece at a time, ended by the next, and silent when it fails."""

from __future__ import annotations

import threading

from dashboard.services.background_task import BackgroundTask
from dashboard.services.warmup import ProgressCallback

WAIT_S = 10


def finished(errand: BackgroundTask) -> bool:
    """Return whether the errand ends."""
    until = threading.Event()
    for _ in range(WAIT_S * 100):
        if not errand.is_running:
            return True
        until.wait(0.01)
    return False


def test_a_new_errand_ends_the_former_at_its_next_report() -> None:
    errand, begun, go_on, done = BackgroundTask(), threading.Event(), threading.Event(), []

    def long(report: ProgressCallback) -> None:
        report("", None)
        begun.set()
        go_on.wait(WAIT_S)
        report("", None)
        done.append("long")

    errand.send("long", long)
    assert begun.wait(WAIT_S)
    former = errand._thread
    errand.send("short", lambda report: done.append("short"))
    go_on.set()
    assert former is not None
    former.join(WAIT_S)
    assert finished(errand)
    assert done == ["short"]


def test_what_is_being_done_is_not_begun_again() -> None:
    errand, go_on, begun = BackgroundTask(), threading.Event(), []

    def work(report: ProgressCallback) -> None:
        begun.append(1)
        go_on.wait(WAIT_S)

    errand.send("work", work)
    errand.send("work", work)
    go_on.set()
    assert finished(errand)
    assert begun == [1]


def test_a_failure_ends_the_errand_and_it_can_be_sent_again() -> None:
    errand, tried = BackgroundTask(), []

    def fail(report: ProgressCallback) -> None:
        tried.append(1)
        raise ValueError("no")

    errand.send("work", fail)
    assert finished(errand)
    errand.send("work", fail)
    assert finished(errand)
    assert tried == [1, 1]
