"""Work behind the page: one task at a time, ended by the next, with its failure kept."""

from __future__ import annotations

import threading

from dashboard.services.background_task import BackgroundTask
from dashboard.services.warmup import ProgressCallback

WAIT_S = 10


def wait_until_finished(task: BackgroundTask) -> None:
    """Wait for the last task to end."""
    assert task._thread is not None
    task._thread.join(WAIT_S)
    assert not task.is_running


def test_a_new_task_ends_the_former_at_its_next_report() -> None:
    task, begun, go_on, done = BackgroundTask(), threading.Event(), threading.Event(), []

    def long(report: ProgressCallback) -> None:
        report("", None)
        begun.set()
        go_on.wait(WAIT_S)
        report("", None)
        done.append("long")

    task.start("long", long)
    assert begun.wait(WAIT_S)
    former = task._thread
    task.start("short", lambda report: done.append("short"))
    go_on.set()
    assert former is not None
    former.join(WAIT_S)
    wait_until_finished(task)
    assert done == ["short"]
    assert task.error is None, "being replaced is no failure"


def test_a_running_task_is_not_started_again() -> None:
    task, go_on, begun = BackgroundTask(), threading.Event(), []

    def work(report: ProgressCallback) -> None:
        begun.append(1)
        go_on.wait(WAIT_S)

    task.start("work", work)
    task.start("work", work)
    go_on.set()
    wait_until_finished(task)
    assert begun == [1]


def test_a_failure_is_kept_until_another_task_starts() -> None:
    task, tried = BackgroundTask(), []

    def fail(report: ProgressCallback) -> None:
        tried.append(1)
        raise ValueError("no")

    task.start("work", fail)
    wait_until_finished(task)
    assert str(task.error) == "no"
    assert task.has_failed("work")
    assert not task.has_failed("other")
    task.start("work", fail)
    wait_until_finished(task)
    assert tried == [1, 1], "it can be tried again"
    task.start("other", lambda report: None)
    wait_until_finished(task)
    assert task.error is None


def test_the_failure_of_a_replaced_task_is_not_that_of_its_successor() -> None:
    task, begun, go_on = BackgroundTask(), threading.Event(), threading.Event()

    def fail_late(report: ProgressCallback) -> None:
        begun.set()
        go_on.wait(WAIT_S)
        raise ValueError("no")

    task.start("former", fail_late)
    assert begun.wait(WAIT_S)
    former = task._thread
    task.start("next", lambda report: None)
    go_on.set()
    assert former is not None
    former.join(WAIT_S)
    wait_until_finished(task)
    assert task.error is None
