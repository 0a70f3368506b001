"""What the benchmarks share: running Dynax's command line, saying where figures come from, and Markdown."""

import datetime
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dynax.runs.provenance import provenance

RESULTS = Path(__file__).parent / "results"


def dynax(
    folder: Path, *words: str, environment: Mapping[str, str] | None = None, accept: Sequence[int] = (0,)
) -> list[str]:
    """Run `dynax words...` in `folder`, with more variables in its environment; returns the paths of its results.

    An exit code that is not accepted ends the benchmark.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "dynax", *words],
        cwd=folder, env=os.environ | dict(environment or {}), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate()
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt):  # Ctrl-C has reached it already
            process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    if process.returncode not in accept:
        sys.exit(f"dynax {' '.join(words)} failed")
    return output.splitlines()


def header() -> dict[str, Any]:
    """When and on what a benchmark was begun, and with which command."""
    module = sys.modules["__main__"].__spec__
    name = module.name.removesuffix(".__main__") if module else Path(sys.argv[0]).name
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "command": " ".join(["python -m", name, *_without_folder(sys.argv[1:])]),
        **provenance(),
    }


def _without_folder(words: Sequence[str]) -> list[str]:
    """The words of a command but for `--keep DIR`, which changes nothing of its results."""
    kept = [i for i, word in enumerate(words) if word == "--keep"]
    return [word for i, word in enumerate(words) if i not in kept and i - 1 not in kept]


def seconds(task: Callable[[], Any]) -> float:
    """What `task` takes."""
    begun = time.perf_counter()
    task()
    return time.perf_counter() - begun


def median(results: Iterable[Mapping[str, Any]], pick: Callable[[Mapping[str, Any]], float]) -> float:
    return statistics.median(pick(r) for r in results)


def valid_time(results: Sequence[Mapping[str, Any]], who: str, threshold: str) -> str:
    """The median over results of a valid prediction time: that of the model, `vpt`, or of the `ceiling`."""
    capped = sum(r[who][threshold]["capped"] for r in results) * 2 > len(results)
    middle = median(results, lambda r: r[who][threshold]["median_s"])
    digits = 2 if 0 < middle < 1 else 1
    return f"{'> ' if capped else ''}{middle:.{digits}f} s"


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in line)}|" for line in (columns, *rows)]
    return "\n".join([lines[0], "|---" * len(columns) + "|", *lines[1:]])
