"""The trainings of a table, run and evaluated as sweeps of Dynax's command line. Existing results are reused.

In the working folder, a run is in `runs/<row>-<hash of its settings>/<env>-<model>-<seed>`, and its evaluation is in
`evaluated/<hash of the settings of the evaluation>/` under the same path.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.commands import run_dynax
from benchmarks.fidelity.grids import grids
from benchmarks.fidelity.table import Result, Row, Table, Training, digest
from dynax.runs.files import write_json

FAILED = {str(threshold): {"median_s": 0.0, "p10_s": 0.0, "capped": False} for threshold in (0.1, 0.4)}


def make(table: Table, seeds: Sequence[int], folder: Path, jobs: int) -> Iterator[list[Result]]:
    """Run the missing trainings and evaluations, and yield all results so far after every row."""
    results = []
    for row in table.rows:
        trainings = list(row.trainings(seeds))
        train(table, row, [t for t in trainings if not is_finished(folder / row.folder / t.name)], folder, jobs)
        runs = [f"{row.folder}/{t.name}" for t in trainings if is_finished(folder / row.folder / t.name)]
        evaluate(table, [run for run in runs if not is_finished(folder / evaluated(table, run))], folder, jobs)
        results += [result(table, row, training, folder) for training in trainings]
        yield results


def train(table: Table, row: Row, trainings: Sequence[Training], folder: Path, jobs: int) -> None:
    """Run trainings. Some of them may diverge."""
    place = [f"hydra.sweep.dir={row.folder}", "hydra.sweep.subdir=${env.name}-${model.architecture}-${training.seed}"]
    settings = [f"{key}={value}" for key, value in row.settings.items()]
    for training in trainings:  # delete the files of a killed benchmark
        run = f"{row.folder}/{training.name}"
        for old in (folder / run, *folder.glob(f"evaluated/*/{run}")):
            shutil.rmtree(old, ignore_errors=True)
    for grid in grids(trainings):
        envs, models, seeds = (",".join(map(str, axis)) for axis in grid)
        print(f"{table.name}, {row.name}: {envs}; {models}; seeds {seeds}", flush=True)
        axes = [f"env={envs}", f"model={models}", f"training.seed={seeds}"]
        number = len(grid[0]) * len(grid[1]) * len(grid[2])
        paths = run_dynax(
            folder, "train", "-m", *axes, *settings, *place, *launcher(jobs, number),
            accept=(0, 1), environment=environment(folder, table.timed),
        )  # fmt: skip
        if not paths:
            sys.exit("all of these trainings failed")


def evaluate(table: Table, runs: Sequence[str], folder: Path, jobs: int) -> None:
    """Evaluate `runs`, paths relative to `folder`."""
    if not runs:
        return
    print(f"{table.name}: evaluating {len(runs)} runs", flush=True)
    place = [f"hydra.sweep.dir={evaluated(table)}", "hydra.sweep.subdir=${run}"]
    words = ["eval", "-m", f"run={','.join(runs)}", *table.evaluation, *place, *launcher(jobs, len(runs))]
    run_dynax(folder, *words, environment=environment(folder, timed=False))


def evaluated(table: Table, run: str = "") -> str:
    """Return the folder of the evaluation of a run, or of all runs."""
    return f"evaluated/{digest(table.evaluation)}/{run}".rstrip("/")


def launcher(jobs: int, number: int) -> list[str]:
    """Return the overrides that run `number` jobs of a sweep, at most `jobs` at a time."""
    parallel = min(jobs, number)
    return ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={parallel}"] if parallel > 1 else []


def environment(folder: Path, timed: bool) -> dict[str, str]:
    """Return environment variables. Compiled programs are cached unless time is measured."""
    if timed:
        return {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    return {"JAX_COMPILATION_CACHE_DIR": str(folder / "cache")}


def result(table: Table, row: Row, training: Training, folder: Path) -> dict[str, Any]:
    """Return the result of a training, from the summaries of its run and of its evaluation."""
    identity = {"row": row.name, "label": row.label, "env": training.env, "model": training.model}
    identity |= {"seed": training.seed, "settings": dict(row.settings)}
    run = folder / row.folder / training.name
    if not is_finished(run):
        return identity | {"failed": True, "vpt": FAILED}
    evaluation = folder / evaluated(table, f"{row.folder}/{training.name}")
    trained, scores = summary(run), summary(evaluation)["scores"]
    return {
        **identity,
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
        **_measured(table, run, evaluation),
    }


def _measured(table: Table, run: Path, evaluation: Path) -> dict[str, Any]:
    """Return the further results of a table, measured once and stored beside the evaluation."""
    if table.measure is None:
        return {}
    file = evaluation / f"{table.name}.json"
    if not file.exists():
        print(f"{table.name}: measuring {run.name}", flush=True)
        write_json(file, table.measure(run, table.trajectories))
    return json.loads(file.read_text())


def summary(run: Path) -> dict[str, Any]:
    """Return the content of `summary.json`."""
    return json.loads((run / "summary.json").read_text())


def is_finished(run: Path) -> bool:
    """Return whether a run has its `summary.json`."""
    return (run / "summary.json").exists()
