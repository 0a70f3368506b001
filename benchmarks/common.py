"""Functions that all benchmarks share: the header of a result, timing, medians and Markdown."""

import datetime
import os
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dynax.runs.provenance import provenance

RESULTS = Path(__file__).parent / "results"  # committed results


def header() -> dict[str, Any]:
    """Return the date, the number of cores, the command and the versions of a benchmark."""
    module = sys.modules["__main__"].__spec__
    name = module.name.removesuffix(".__main__") if module else Path(sys.argv[0]).name
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "command": shlex.join(["python", "-m", name, *_without_folders(sys.argv[1:])]),
        **provenance(),
    }


def _without_folders(words: Sequence[str]) -> list[str]:
    """Return the words of a command without `--keep DIR`, which does not affect results, and with `DIR` for folders."""
    keep = [i for i, word in enumerate(words) if word == "--keep"]
    named = ["DIR" if i and words[i - 1] in ("--data", "--packages") else word for i, word in enumerate(words)]
    return [word for i, word in enumerate(named) if i not in keep and i - 1 not in keep]


def seconds(task: Callable[[], Any]) -> float:
    """Run a task and return its duration, s."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def median(results: Iterable[Mapping[str, Any]], value: Callable[[Mapping[str, Any]], float]) -> float:
    """Return the median of a value over results."""
    return statistics.median(value(r) for r in results)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in line)}|" for line in (columns, *rows)]
    return "\n".join([lines[0], "|---" * len(columns) + "|", *lines[1:]])
