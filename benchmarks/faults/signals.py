"""A signal in the first seconds of a training, also during the imports: the process ends with the code of the signal.

Each round starts a process and sends it SIGINT, SIGTERM, SIGHUP or SIGUSR1 after a random time. The process must end
within `LIMIT` with a message of Dynax and exit code 128 + the number of the signal. A signal that arrives while Python
starts is obeyed by Python, which ends with the code of the signal or, after SIGINT, with 1. It must then leave no file.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import markdown
from benchmarks.faults.kills import TRAIN

NAME, DEFAULT_ROUNDS = "signals", 100
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
WINDOW = 5.0  # the signal arrives within this time, s
LIMIT = 5.0  # time that a stop may take, s
PYTHON = "start of Python"


def measure(rounds: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each round."""
    rng = random.Random(seed)
    for number in NUMBERS:  # `nohup` and background jobs of a shell ignore some of them, which processes inherit
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    with tempfile.TemporaryDirectory() as root:
        for number in range(rounds):
            folder = Path(root, str(number))
            folder.mkdir()
            yield {"round": number, **_round(folder, rng.choice(NUMBERS), rng.uniform(0, WINDOW))}


def _round(folder: Path, number: signal.Signals, after: float) -> dict[str, Any]:
    words = [*TRAIN, "training.num_epochs=2000"]
    with (folder / "err").open("w") as err:
        command = [sys.executable, "-m", "dynax", *words]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=err)
    time.sleep(after)
    process.send_signal(number)
    start = time.monotonic()
    try:
        process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    seconds = time.monotonic() - start
    made, last = (folder / "outputs").exists(), "".join((folder / "err").read_text().splitlines()[-1:])
    if last.startswith("dynax: "):
        during, obeyed = "work" if made else "imports", process.returncode == 128 + number
    else:
        codes = (-number, 1) if number == signal.SIGINT else (-number,)
        during, obeyed = PYTHON, process.returncode in codes and not made
    return {
        "signal": number.name, "after_s": round(after, 3), "during": during, "code": process.returncode,
        "stop_s": round(seconds, 3), "passed": obeyed and seconds < LIMIT, "message": last[:200],
    }  # fmt: skip


def table(results: list[dict[str, Any]]) -> str:
    """Return the number of signals, how many were obeyed, and the longest stop."""
    counts = Counter((r["signal"], r["during"]) for r in results)
    rows = []
    for (name, during), count in sorted(counts.items()):
        own = [r for r in results if (r["signal"], r["during"]) == (name, during)]
        longest = max(r["stop_s"] for r in own)
        rows.append([name, during, f"{sum(r['passed'] for r in own)} of {count}", f"{longest:.1f} s"])
    longest = max(r["stop_s"] for r in results)
    rows.append(["all", "", f"{sum(r['passed'] for r in results)} of {len(results)}", f"{longest:.1f} s"])
    return markdown(["signal", "during", "obeyed", "longest stop"], rows)
