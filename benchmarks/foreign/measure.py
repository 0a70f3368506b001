"""One model from its file to its scores: times, memory and valid prediction time of `dynax train` and `dynax eval`."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

TRAINING = ("training.num_epochs=2", "training.warmup_steps=50")  # the fixed short training
EVALUATION = ("eval.num_trajectories=32", "eval.seconds=2")
READY = "preparing "  # beginning of the log message after the collection
EPOCH = "epochs"  # in the log message after the first epoch


def measure(path: Path, collect: Sequence[str]) -> dict[str, Any]:
    """Train and evaluate a model of the file `path`.

    Args:
        path: the MJCF or URDF file.
        collect: overrides that determine the size of the dataset.

    Returns:
        Times in s, peak memory in GB and VPT(0.1) in s; or the key `refused` with the message of `dynax train`.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = ["train", "env=mjcf", f"env.xml={path}", *collect, *TRAINING]
        code, output, lines, memory = run(words, Path(folder))
        if code:
            return {"refused": " ".join(text for _, text in lines[-3:])}
        ready = next(at for at, text in lines if READY in text)
        first_epoch = next(at for at, text in lines if at > ready and f" {EPOCH}" in text and "/" in text)
        code, output, evaluation, more = run(["eval", f"run={output.strip()}", *EVALUATION], Path(folder))
        if code:
            return {"refused": " ".join(text for _, text in evaluation[-3:])}
        scores = json.loads((Path(output.strip()) / "summary.json").read_text())["scores"]
        return {
            "first_line_s": lines[0][0],
            "longest_silence_s": max(b - a for a, b in pairwise([0.0, *(at for at, _ in lines)])),
            "first_epoch_s": first_epoch - ready,
            "memory_gb": max(memory, more),
            "vpt_s": scores["model"]["vpt"]["0.1"]["median_s"],
            "ceiling_vpt_s": scores["ceiling"]["vpt"]["0.1"]["median_s"],
        }


def run(words: Sequence[str], folder: Path, **environment: str) -> tuple[int, str, list[tuple[float, str]], float]:
    """Run a command of Dynax in a folder, with further environment variables.

    Returns:
        The exit code, standard output, the lines of standard error with their times in s, and peak memory in GB.
    """
    start, lines, output = time.monotonic(), [], []
    process = subprocess.Popen(
        [sys.executable, "-m", "dynax", *words],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), **environment},  # no programs of earlier runs
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    reader = threading.Thread(target=lambda stream: output.append(stream.read()), args=(process.stdout,))
    reader.start()
    for line in process.stderr:
        lines.append((time.monotonic() - start, line.strip()))
    reader.join()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, output[0], lines, usage.ru_maxrss / 1e6
