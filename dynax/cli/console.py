"""What a person reads while a command runs and when it is done: progress and tables, always on stderr.

On a terminal, rich draws a bar; elsewhere a plain line appears every few seconds, so that a log file stays readable.
"""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

log = logging.getLogger(__name__)

QUIET = 5.0  # s between two plain lines


class Update(Protocol):
    """Tells how far a task is: `done` of its total, with a few words on how it goes."""

    def __call__(self, done: int, note: str = "") -> None: ...


def console() -> Console:
    """Standard error as it is now, wide enough for a table where it is not a terminal."""
    stderr = Console(stderr=True)
    return stderr if stderr.is_terminal else Console(stderr=True, width=120)


@contextmanager
def progress(title: str, total: int, unit: str, done: int = 0, note: str = "") -> Iterator[Update]:
    """A bar for a task of `total` `unit`s of which `done` are done already, with the time it took and the time left.

    It appears with the first step, or at once with a `note` on what goes on before that. A step without a note of its
    own is told with the rate so far.
    """
    begun, before, stderr = time.monotonic(), done, console()

    def rate(done: int) -> str:
        return f"{(done - before) / max(time.monotonic() - begun, 1e-3):,.0f} {unit}/s"

    if stderr.is_terminal:
        with _bar(stderr, title, total, unit, done, note) as update:
            yield lambda done, note="": update(done, note or rate(done))
    else:
        if note:
            log.info("%s: %s", title, note)
        update = _lines(title, total, unit)
        yield lambda done, note="": update(done, note or rate(done))


@contextmanager
def _bar(stderr: Console, title: str, total: int, unit: str, done: int, note: str) -> Iterator[Update]:
    whole = Column(no_wrap=True)
    columns = (
        TextColumn("[bold]{task.description}", table_column=whole),
        BarColumn(bar_width=16),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} " + unit, table_column=whole.copy()),
        TimeElapsedColumn(table_column=whole.copy()),
        TextColumn("left", table_column=whole.copy()),
        _Left(table_column=whole.copy()),
        TextColumn("[dim]{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
    )
    with Progress(*columns, console=stderr, expand=True) as bar, _log_above():
        task = bar.add_task(title, total=total, completed=done, note=note, visible=bool(note), end=None)
        left = _remaining(total)

        def update(done: int, note: str = "") -> None:
            seconds = left(done)
            end = None if seconds is None else time.monotonic() + seconds
            bar.update(task, completed=done, note=note, visible=True, end=end)

        yield update


class _Left(ProgressColumn):
    """The time until the `end` of a task, which counts down between its steps however long these take."""

    def render(self, task: Task) -> Text:
        end = task.fields["end"]
        return Text("–" if end is None else duration(max(end - time.monotonic(), 0.0)), style="progress.remaining")


def _remaining(total: int) -> Callable[[int], float | None]:
    """From the steps done to the seconds that the others of `total` will take.

    None is known after one step: it compiles, and says nothing of how long the others take.
    """
    first = None

    def left(done: int) -> float | None:
        nonlocal first
        now = time.monotonic()
        begun, before = first = first or (now, done)
        return (now - begun) / (done - before) * (total - done) if done > before else None

    return left


@contextmanager
def _log_above() -> Iterator[None]:
    """Let log lines pass above a bar: rich stands in for `sys.stderr` now, and the handlers still hold the old one."""
    handlers = [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
    before = [(handler, handler.stream) for handler in handlers]
    for handler in handlers:
        handler.setStream(sys.stderr)
    try:
        yield
    finally:
        for handler, stream in before:
            handler.setStream(stream)


def _lines(title: str, total: int, unit: str) -> Update:
    """Tells of progress in lines."""
    shown, left = 0.0, _remaining(total)

    def update(done: int, note: str = "") -> None:
        nonlocal shown
        now, seconds = time.monotonic(), left(done)
        if now - shown < QUIET and done < total:
            return
        shown = now
        rest = f", {duration(seconds)} left" if seconds else ""
        log.info("%s %d/%d %s%s%s", title, done, total, unit, rest, f": {note}" if note else "")

    return update


def duration(seconds: float) -> str:
    """Seconds as `7 s`, `2 min 05 s` or `1 h 02 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def facts(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """A table of names and what they are, on stderr."""
    drawn = Table(title=title, title_style="bold", title_justify="left", show_header=False)
    drawn.add_column(style="bold")
    drawn.add_column()
    for row in rows:
        drawn.add_row(*row)
    console().print(drawn)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> None:
    """A table on stderr: the first column names the row, the others are figures."""
    drawn = Table(title=title, title_style="bold", title_justify="left", caption=caption, caption_justify="left")
    for i, name in enumerate(columns):
        drawn.add_column(name, justify="left" if i == 0 else "right", style="bold" if i == 0 else "", no_wrap=i == 0)
    for row in rows:
        drawn.add_row(*row)
    console().print(drawn)
