"""Measure the two commands of the README: collect, train, evaluate and render the cart pole.

The compile cache is empty, and the working directory as well, as for a new user. Each round has another seed.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import run_dynax
from benchmarks.common import markdown

MODELS = ("lagrangian", "mlp")
STEPS = ("train", "eval", "render")


def measured(model: str, seed: int) -> dict[str, float]:
    """Return the duration of each command in s, and the median VPT(0.1) in s."""
    with tempfile.TemporaryDirectory() as folder:
        options, times, paths = ["env=cart_pole", f"model={model}", f"training.seed={seed}"], {}, {}
        for step in STEPS:
            start = time.monotonic()
            paths[step] = new_result(Path(folder), step, *options)
            times[step] = time.monotonic() - start
            options = [f"run={paths['train']}"]
        return {**times, "vpt_s": summary_of(paths["eval"])["scores"]["model"]["vpt"]["0.1"]["median_s"]}


def new_result(folder: Path, *words: str) -> Path:
    """Run a command in a folder, with a compile cache in that folder, and return the directory of its result."""
    [path] = run_dynax(folder, *words, environment={"XDG_CACHE_HOME": str(folder / "cache")})
    return Path(path)


def summary_of(path: Path) -> dict[str, Any]:
    """Return the content of the `summary.json` of a run."""
    return json.loads((path / "summary.json").read_text())


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
