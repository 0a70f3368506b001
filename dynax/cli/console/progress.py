"""Progress of a task: a bar on a terminal, otherwise a log line every few seconds."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from dynax.cli import signals
from dynax.cli.console.duration import duration
from dynax.cli.console.tables import stderr_console

log = logging.getLogger(__name__)

LINE_INTERVAL = 5.0  # minimum time between two log lines, s


@runtime_checkable
class Update(Protocol):
    """A function that reports the number of finished steps, with an optional note."""

    def __call__(self, done: int, note: str = "") -> None: ...


@contextmanager
def progress(title: str, total: int, unit: str, done: int = 0, note: str = "") -> Iterator[Update]:
    """Show the progress of a task on standard error.

    Args:
        title: Name of the task.
        total: Number of steps.
        unit: Plural name of a step.
        done: Number of steps that are finished at the start.
        note: Text that is shown at once. Without it, nothing is shown before the first step.

    Yields:
        The function to call after each step. By default, its note is the average rate.
    """
    start_time, start, stderr = time.monotonic(), done, stderr_console()

    def rate(done: int) -> str:
        return f"{(done - start) / max(time.monotonic() - start_time, 1e-3):,.0f} {unit}/s"

    if stderr.is_terminal:
        with _bar(stderr, title, total, unit, done, note) as update:
            yield _obedient(lambda done, note="": update(done, note or rate(done)))
    else:
        if note:
            log.info("%s: %s", title, note)
        update = _lines(title, total, unit)
        yield _obedient(lambda done, note="": update(done, note or rate(done)))


def _obedient(update: Update) -> Update:
    """Return `update` as a function that first stops the command if a signal has arrived."""

    def checked(done: int, note: str = "") -> None:
        signals.check()
        update(done, note)

    return checked


@contextmanager
def _bar(stderr: Console, title: str, total: int, unit: str, done: int, note: str) -> Iterator[Update]:
    columns = (
        TextColumn("[bold]{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=16),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} " + unit, table_column=Column(no_wrap=True)),
        TimeElapsedColumn(table_column=Column(no_wrap=True)),
        TextColumn("left", table_column=Column(no_wrap=True)),
        RemainingColumn(table_column=Column(no_wrap=True)),
        TextColumn("[dim]{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
    )
    with Progress(*columns, console=stderr, expand=True) as bar, _log_above():
        task = bar.add_task(escape(title), total=total, completed=done, note=escape(note), visible=bool(note), end=None)
        remaining = remaining_time(total)

        def update(done: int, note: str = "") -> None:
            seconds = remaining(done)
            end = None if seconds is None else time.monotonic() + seconds
            bar.update(task, completed=done, note=escape(note), visible=True, end=end)

        yield update


class RemainingColumn(ProgressColumn):
    """The time until the expected end of a task. It also counts down between two steps."""

    def render(self, task: Task) -> Text:
        """Return the time until `end`, a time of `time.monotonic`, or a dash if `end` is None."""
        end = task.fields["end"]
        return Text("–" if end is None else duration(max(end - time.monotonic(), 0.0)), style="progress.remaining")


def remaining_time(total: int) -> Callable[[int], float | None]:
    """Return a function that estimates the remaining time in s from the number of finished steps.

    The estimate is None after the first step, which includes compilation and is not representative.
    """
    first: tuple[float, int] | None = None  # time and number of finished steps at the first call

    def remaining(done: int) -> float | None:
        nonlocal first
        now = time.monotonic()
        start_time, start = first = first or (now, done)
        return (now - start_time) / (done - start) * (total - done) if done > start else None

    return remaining


@contextmanager
def _log_above() -> Iterator[None]:
    """Print log lines above the bar: redirect the log handlers to the stream by which rich replaces `sys.stderr`."""
    handlers = [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
    streams = [handler.stream for handler in handlers]
    for handler in handlers:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        for handler, stream in zip(handlers, streams, strict=True):
            handler.setStream(stream)


def _lines(title: str, total: int, unit: str) -> Update:
    last_time, remaining = 0.0, remaining_time(total)

    def update(done: int, note: str = "") -> None:
        nonlocal last_time
        now, seconds = time.monotonic(), remaining(done)
        if now - last_time < LINE_INTERVAL and done < total:
            return
        last_time = now
        rest = f", {duration(seconds)} left" if seconds else ""
        log.info("%s %d/%d %s%s%s", title, done, total, unit, rest, f": {note}" if note else "")

    return update
