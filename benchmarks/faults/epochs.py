"""Many epochs of a small training: memory and open files remain constant."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import markdown
from benchmarks.faults import processes
from benchmarks.faults.kills import TRAIN
from benchmarks.faults.processes import Child

NAME, DEFAULT_ROUNDS = "epochs", 2_000
WARM_UP = 0.25  # share of the epochs after which memory and files are compared with the end
MAX_GROWTH = 0.05  # allowed growth of the memory
INTERVAL = 0.02  # time between two measurements, s: short, because an epoch takes less than a millisecond


def measure(rounds: int, seed: int) -> Iterator[dict[str, Any]]:
    """Train for `rounds` epochs. Yield memory and open files over time, and then the comparison."""
    processes.import_everything()
    with tempfile.TemporaryDirectory() as root:
        other = ("training.num_epochs", "training.checkpoint_", "training.finetune")
        words = [word for word in TRAIN if not word.startswith(other)]
        options = [f"training.num_epochs={rounds}", f"training.seed={seed}", "training.checkpoint_every=100"]
        child = Child(Path(root), [*words, *options])
        samples = []
        while (code := child.wait(INTERVAL)) is None:
            samples.append(_sample(child))
        assert code == 0, (Path(root) / "err").read_text()
    late = [s for s in samples if WARM_UP * rounds <= s["epoch"] < rounds]  # the end imports matplotlib
    yield from samples[:: max(1, len(samples) // 50)]
    growth, files = late[-1]["memory_mb"] / late[0]["memory_mb"] - 1, late[-1]["files"] - late[0]["files"]
    yield {
        "epochs": rounds,
        "growth": round(growth, 4),
        "more_files": files,
        "passed": growth < MAX_GROWTH and files <= 0,
    }


def _sample(child: Child) -> dict[str, Any]:
    """Return the memory and the number of open files of a process, and its number of epochs."""
    process = Path("/proc", str(child.pid))
    pages = int((process / "statm").read_text().split()[1])
    metrics = next(child.folder.glob("outputs/train/*/*/metrics.jsonl"), None)
    return {
        "time": round(time.time(), 1),
        "epoch": len(metrics.read_text().splitlines()) if metrics else 0,
        "memory_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1),
        "files": len(list((process / "fd").iterdir())),
    }


def table(results: list[dict[str, Any]]) -> str:
    """Return memory and open files after some epochs."""
    samples, end = results[:-1], results[-1]
    late = [s for s in samples if WARM_UP * end["epochs"] <= s["epoch"] < end["epochs"]]
    chosen = [late[round(i * (len(late) - 1) / 3)] for i in range(4)]
    rows = [[f"{s['epoch']:,}", f"{s['memory_mb']:.0f} MB", str(s["files"])] for s in chosen]
    return markdown(["epoch", "memory", "open files"], rows)
