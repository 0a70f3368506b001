"""Measure the two commands of the README: collect, train, evaluate and render the cart pole.

The compile cache is empty, and the working directory as well, as for a new user. Each round has another seed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import markdown

MODELS = ("lagrangian", "mlp")
STEPS = ("train", "eval", "render")


def measured(model: str, seed: int) -> dict[str, float]:
    """Return the duration of each command in s, and the median VPT(0.1) in s."""
    with tempfile.TemporaryDirectory() as folder:
        options, times, paths = ["env=cart_pole", f"model={model}", f"training.seed={seed}"], {}, {}
        for step in STEPS:
            start = time.monotonic()
            paths[step] = _run([step, *options], Path(folder))
            times[step] = time.monotonic() - start
            options = [f"run={paths['train']}"]
        summary = json.loads((Path(paths["eval"]) / "summary.json").read_text())
        return {**times, "vpt_s": summary["scores"]["model"]["vpt"]["0.1"]["median_s"]}


def _run(words: list[str], folder: Path) -> str:
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "dynax", *words]
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each model."""
    for model in MODELS:
        results = [measured(model, seed) for seed in range(rounds)]
        yield {"model": model, **{key: float(np.median([each[key] for each in results])) for key in results[0]}}


def table(results: list[dict[str, Any]]) -> str:
    """Return the results as a table."""
    columns = ["env=cart_pole", "`dynax train`", "`dynax eval`", "`dynax render`", "together", "VPT(0.1)"]
    rows = [
        [
            f"`model={r['model']}`",
            *(f"{r[step]:.0f} s" for step in STEPS),
            f"{sum(r[step] for step in STEPS):.0f} s",
            f"{r['vpt_s']:.1f} s",
        ]
        for r in results
    ]
    return markdown(columns, rows)
