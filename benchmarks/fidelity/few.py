"""Learning from 5,000 transitions: 50 trajectories of 100 steps under independent actions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dynax
from benchmarks.common import markdown
from benchmarks.fidelity.table import Result, Row, Table, given, middle, of, values, vpt
from dynax import metrics
from dynax.config import EvalConfig
from dynax.testset import make_testset

ENVS = ("cart_pole", "pendulum")
MODELS = ("mlp", "quadratic", "lagrangian")
STEPS = 100
SETTINGS = {
    "training": "few",
    "excitation": "uniform",
    "collect.num_rollouts": "50",
    "collect.rollout_length": "100",
}


def measure(run: Path, trajectories: int) -> dict[str, Any]:
    """The error after `STEPS` steps under independent actions, in deviations: mean over coordinates of their RMSE.

    nRMSE is the root mean square over coordinates instead.
    """
    trained, default = dynax.load(run), EvalConfig()
    env, history = trained.env, trained.history_length
    test = make_testset(env, trajectories, STEPS * env.dt, default.seed, "iid", max(default.warmup, history))
    scale = metrics.deviations(env.space, test.truth)
    predicted = np.asarray(trained.rollout(*test.given(history)))
    error = metrics.physical_rmse(env.space, test.truth, predicted, scale)[STEPS] / scale
    return {"error": float(error.mean()), "error_of": dict(zip(env.space.labels, error.tolist(), strict=True))}


def render(results: Sequence[Result]) -> str:
    """A line for each robot and model."""
    columns = ["", f"error after {STEPS} steps", "each seed", "VPT(0.1)", "VPT(0.4)", "parameters", "given"]
    kinds = sorted(values(results, "env", "model", "label"), key=lambda k: (ENVS.index(k[0]), MODELS.index(k[1]), k[2]))
    lines = [of(results, env=env, model=model, label=label) for env, model, label in kinds]
    told, legend = given(lines)
    shown = [[*_line(mine), letters] for mine, letters in zip(lines, told, strict=True)]
    return f"{markdown(columns, shown)}\n\n{legend}"


def _line(mine: Sequence[Result]) -> list[str]:
    return [
        ", ".join(filter(None, (mine[0][key] for key in ("env", "model", "label")))),
        middle(mine, lambda r: r["error"]),
        " / ".join("–" if r["failed"] else f"{r['error']:.2g}" for r in mine),
        vpt(mine),
        vpt(mine, "0.4"),
        middle(mine, lambda r: r["parameters"], ",.0f"),
    ]


TABLE = Table(
    "few",
    (
        Row("few", ENVS, MODELS, SETTINGS),
        Row("few_layer", ENVS[:1], ("mlp",), {**SETTINGS, "model.constraints": "layer"}, "constraint layer"),
    ),
    render,
    measure=measure,
    trajectories=200,
)
