"""Learning from 5,000 transitions: 50 trajectories of 100 steps under independent actions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dynax
from benchmarks.common import markdown
from benchmarks.fidelity.table import Result, Row, Table, given, middle, of, values, vpt
from dynax.config.schema import EvalConfig
from dynax.data.simulate import simulate_rounded
from dynax.envs import Env
from dynax.evaluation import metrics
from dynax.evaluation.testset import make_testset

ENVS = ("cart_pole", "pendulum")
MODELS = ("mlp", "quadratic", "lagrangian")
STEPS = 100
SETTINGS = {
    "training": "few",
    "excitation": "uniform",
    "collect.num_rollouts": "50",
    "collect.rollout_length": "100",
}
FEATURES = {**SETTINGS, "model.constraints": "features"}


def measure(run: Path, trajectories: int) -> dict[str, Any]:
    """The error after `STEPS` steps under independent actions, in deviations: mean over coordinates of their RMSE.

    The test trajectories start where those of the data do. `rounded` is the error of MuJoCo in float32.
    """
    trained = dynax.load(run)
    env, history = trained.env, trained.history_length
    test = make_testset(env, trajectories, STEPS * env.dt, EvalConfig().seed, "uniform", history - 1)
    scale = metrics.state_std(env.space, test.truth)
    predicted = np.asarray(trained.rollout(*test.given(history)))
    rounded = simulate_rounded(env, test.truth[:, 0], test.actions)
    return {name: _error(env, test.truth, path, scale) for name, path in (("error", predicted), ("rounded", rounded))}


def _error(env: Env, truth: np.ndarray, predicted: np.ndarray, scale: np.ndarray) -> float:
    return float((metrics.physical_rmse(env.space, truth, predicted, scale)[STEPS] / scale).mean())


def render(results: Sequence[Result]) -> str:
    """A line for each robot and model."""
    columns = ["", f"error after {STEPS} steps", "each seed", "float32 alone", "VPT(0.1)", "parameters", "given"]
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
        middle(mine, lambda r: r["rounded"]),
        vpt(mine),
        middle(mine, lambda r: r["parameters"], ",.0f"),
    ]


TABLE = Table(
    "few",
    (
        Row("few", ENVS, MODELS, SETTINGS),
        Row("few_features", ENVS[:1], ("mlp",), FEATURES, "features of the stops instead of the layer"),
        Row("few_decay", ENVS[:1], ("mlp",), {**SETTINGS, "training.weight_decay": "0.1"}, "weight decay"),
        Row("few_noise", ENVS[:1], ("mlp",), {**SETTINGS, "training.input_noise": "1e-4"}, "input noise"),
        Row("few_stop", ENVS[:1], ("mlp",), {**SETTINGS, "training.patience": "40"}, "early stopping"),
        Row("few_members", ENVS[:1], ("mlp",), {**SETTINGS, "model.ensemble_size": "5"}, "five of them"),
    ),
    render,
    measure=measure,
    trajectories=200,
)
