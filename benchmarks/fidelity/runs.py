"""The trainings of a table, made and judged as sweeps of Dynax's command line; those made before are not repeated.

In the working folder a run lies in `runs/<row>-<hash of its settings>/<env>-<model>-<seed>`, its judgement under
`judged/<hash of the judge's settings>/` and the same path.
"""

import json
import shutil
import sys
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import dynax
from benchmarks.fidelity.table import Cell, Result, Row, Table, digest
from dynax.runs.files import write_json

NONE = {str(threshold): {"median_s": 0.0, "p10_s": 0.0, "capped": False} for threshold in (0.1, 0.4)}


def make(table: Table, seeds: Sequence[int], folder: Path, jobs: int) -> Iterator[list[Result]]:
    """The results so far, after every row."""
    results = []
    for row in table.rows:
        cells = list(row.cells(seeds))
        train(table, row, [c for c in cells if not finished(folder / row.folder / c.name)], folder, jobs)
        runs = [f"{row.folder}/{c.name}" for c in cells if finished(folder / row.folder / c.name)]
        judge(table, [run for run in runs if not finished(folder / judged(table, run))], folder, jobs)
        results += [result(table, row, cell, folder) for cell in cells]
        yield results


def train(table: Table, row: Row, cells: Sequence[Cell], folder: Path, jobs: int) -> None:
    """Train `cells`, and go on where some of them diverge."""
    place = [f"hydra.sweep.dir={row.folder}", "hydra.sweep.subdir=${env.name}-${model.architecture}-${training.seed}"]
    settings = [f"{key}={value}" for key, value in row.settings.items()]
    for cell in cells:  # what a killed benchmark has left, and what was said of it
        run = f"{row.folder}/{cell.name}"
        for old in (folder / run, *folder.glob(f"judged/*/{run}")):
            shutil.rmtree(old, ignore_errors=True)
    for grid in grids(cells):
        envs, models, seeds = (",".join(map(str, axis)) for axis in grid)
        print(f"{table.name}, {row.name}: {envs}; {models}; seeds {seeds}", flush=True)
        axes = [f"env={envs}", f"model={models}", f"training.seed={seeds}"]
        number = len(grid[0]) * len(grid[1]) * len(grid[2])
        ran = dynax(
            folder, "train", "-m", *axes, *settings, *place, *launcher(jobs, number),
            accept=(0, 1), environment=environment(folder, table.timed),
        )  # fmt: skip
        if not ran:
            sys.exit("not one of these trainings has finished")


def judge(table: Table, runs: Sequence[str], folder: Path, jobs: int) -> None:
    """Judge `runs`, paths in `folder`."""
    if not runs:
        return
    print(f"{table.name}: judging {len(runs)} runs", flush=True)
    place = [f"hydra.sweep.dir={judged(table)}", "hydra.sweep.subdir=${run}"]
    words = ["eval", "-m", f"run={','.join(runs)}", *table.judge, *place, *launcher(jobs, len(runs))]
    dynax(folder, *words, environment=environment(folder, timed=False))


def judged(table: Table, run: str = "") -> str:
    return f"judged/{digest(table.judge)}/{run}".rstrip("/")


def launcher(jobs: int, number: int) -> list[str]:
    """How a sweep of `number` jobs is run: one alone, or one after the other, in the process that was asked."""
    at_once = min(jobs, number)
    return ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={at_once}"] if at_once > 1 else []


def environment(folder: Path, timed: bool) -> dict[str, str]:
    """Environment variables: compiled programs are kept, unless time is measured."""
    if timed:
        return {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    return {"JAX_COMPILATION_CACHE_DIR": str(folder / "cache")}


def grids(cells: Iterable[Cell]) -> list[tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]]:
    """`cells` as sweeps: robots, models and seeds of which each combination is one of them."""
    seeds = _gathered(((c.env, c.model), c.seed) for c in cells)
    envs = _gathered(((model, s), env) for (env, model), s in seeds.items())
    models = _gathered(((e, s), model) for (model, s), e in envs.items())
    return [(e, m, s) for (e, s), m in models.items()]


def _gathered(pairs: Iterable[tuple[Any, Hashable]]) -> dict[Any, tuple[Any, ...]]:
    gathered: dict[Any, tuple[Any, ...]] = {}
    for key, value in pairs:
        gathered[key] = (*gathered.get(key, ()), value)
    return gathered


def result(table: Table, row: Row, cell: Cell, folder: Path) -> dict[str, Any]:
    """What a training came to, from the summaries of its run and its judgement."""
    what = {"row": row.name, "label": row.label, "env": cell.env, "model": cell.model, "seed": cell.seed}
    what["settings"] = dict(row.settings)
    run = folder / row.folder / cell.name
    if not finished(run):
        return what | {"failed": True, "vpt": NONE}
    verdict = folder / judged(table, f"{row.folder}/{cell.name}")
    trained, scores = summary(run), summary(verdict)["scores"]
    return {
        **what,
        "failed": False,
        "given": trained["given"],
        "wall_s": trained["wall_time_s"],
        "training_s": trained["training_time_s"],
        "parameters": trained["parameters"],
        "transitions": trained["transitions"],
        "epochs": trained["epochs"],
        "one_step_loss": trained["best_loss"],
        "nrmse": scores["model"]["nrmse"],
        "vpt": scores["model"]["vpt"],
        "ceiling": scores["ceiling"]["vpt"],
        "commit": trained["commit"],
        **_measured(table, run, verdict),
    }


def _measured(table: Table, run: Path, verdict: Path) -> dict[str, Any]:
    if table.measure is None:
        return {}
    file = verdict / f"{table.name}.json"
    if not file.exists():
        print(f"{table.name}: measuring {run.name}", flush=True)
        write_json(file, table.measure(run, table.trajectories))
    return json.loads(file.read_text())


def summary(run: Path) -> dict[str, Any]:
    return json.loads((run / "summary.json").read_text())


def finished(run: Path) -> bool:
    return (run / "summary.json").exists()
