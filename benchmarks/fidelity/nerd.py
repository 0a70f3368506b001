"""A published task: passive rollouts of the cart pole of Neural Robot Dynamics (Xu et al., CoRL 2025)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dynax
from benchmarks.common import markdown
from benchmarks.fidelity.cells import distinct, median_cell, select
from benchmarks.fidelity.table import Result, Row, Table
from dynax.config.schema import EvalConfig
from dynax.evaluation.metrics import MAX_ERROR
from dynax.evaluation.testset import make_testset

HORIZONS = (100, 500, 1000)  # frames
COORDINATES = ("cart_m", "pole_rad")  # positions of the robot, in this order
PUBLISHED = {  # errors of their network in their simulator
    "cart_m": {"100": 0.0002, "500": 0.004, "1000": 0.033},
    "pole_rad": {"100": 0.0004, "500": 0.013, "1000": 0.075},
}
SETTINGS = {  # many short trajectories: all trajectories of the passive robot are similar after their initial state
    "excitation": "passive",
    "collect.num_rollouts": "3000",
    "collect.rollout_length": "100",
    "training.optimizer": "soap",
    "training.num_epochs": "45",
}


def measure(run: Path, trajectories: int) -> dict[str, Any]:
    """Return the mean absolute error of cart and pole over trajectories and all frames up to each horizon."""
    trained = dynax.load(run)
    env, history = trained.env, trained.history_length
    seconds = HORIZONS[-1] * env.dt
    test = make_testset(env, trajectories, seconds, EvalConfig().seed, "passive", history - 1)
    predicted = np.asarray(trained.rollout(*test.inputs(history)), np.float64)
    error = np.abs(env.space.difference(test.truth, predicted))[:, 1:, : len(COORDINATES)]
    error = np.where(np.isfinite(error), error, MAX_ERROR)
    return {name: {str(k): float(error[:, :k, i].mean()) for k in HORIZONS} for i, name in enumerate(COORDINATES)}


def render(results: Sequence[Result]) -> str:
    """Return the table: one row per model, and the published errors."""
    columns = ["", *(f"{name}, {k} frames" for name in ("cart", "pole") for k in HORIZONS)]
    lines = []
    for (model,) in distinct(results, "model"):
        row = select(results, model=model)
        errors = [median_cell(row, lambda r, c=c, k=k: r[c][str(k)]) for c in COORDINATES for k in HORIZONS]
        lines.append([f"Dynax, {model}", *_with_units(errors)])
    published = [f"{PUBLISHED[c][str(k)]:g}" for c in COORDINATES for k in HORIZONS]
    lines.append(["*published, in another simulator*", *_with_units(published)])
    return markdown(columns, lines)


def _with_units(errors: Sequence[str]) -> list[str]:
    units = [name.rpartition("_")[2] for name in COORDINATES for _ in HORIZONS]
    return [f"{error} {unit}" for error, unit in zip(errors, units, strict=True)]


TABLE = Table(
    "nerd",
    (Row("nerd", ("nerd_cartpole",), ("mlp",), SETTINGS),),
    render,
    evaluation=("eval.actions=passive",),
    measure=measure,
    trajectories=2048,
)
