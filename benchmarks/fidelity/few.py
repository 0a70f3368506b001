"""Learning from 5,000 transitions: 50 trajectories of 100 steps with independent uniform actions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dynax
from benchmarks.common import markdown
from benchmarks.fidelity.cells import NONE, distinct, given, median_cell, parameters, select, vpt
from benchmarks.fidelity.table import Result, Row, Table
from dynax.config.schema import EvalConfig
from dynax.evaluation import evaluate
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
    """Return the error after `STEPS` steps with independent actions, of the model and of MuJoCo in float32 (`rounded`).

    The error is the mean over coordinates of the root mean square error in standard deviations. The initial states of
    the test have the same distribution as those of the data.
    """
    trained = dynax.load(run)
    env, warmup = trained.env, trained.history_length - 1
    test = make_testset(env, trajectories, STEPS * env.dt, EvalConfig().seed, "uniform", warmup)
    evaluation = evaluate(trained, test=test)
    return {
        name: float((evaluation.scores[predictor].rmse[STEPS] / evaluation.std).mean())
        for name, predictor in (("error", "model"), ("rounded", "ceiling"))
    }


def render(results: Sequence[Result]) -> str:
    """Return the table, one row per robot, model and label."""
    columns = ["", f"error after {STEPS} steps", "each seed", "float32 MuJoCo", "VPT(0.1)", "parameters", "given"]
    kinds = distinct(results, "env", "model", "label")
    kinds.sort(key=lambda kind: (ENVS.index(kind[0]), MODELS.index(kind[1]), kind[2]))
    rows = [select(results, env=env, model=model, label=label) for env, model, label in kinds]
    letters, legend = given(rows)
    lines = [[*_cells(row), knowledge] for row, knowledge in zip(rows, letters, strict=True)]
    return f"{markdown(columns, lines)}\n\n{legend}"


def _cells(row: Sequence[Result]) -> list[str]:
    return [
        ", ".join(filter(None, (row[0][key] for key in ("env", "model", "label")))),
        median_cell(row, lambda r: r["error"]),
        " / ".join(NONE if r["failed"] else f"{r['error']:.2g}" for r in row),
        median_cell(row, lambda r: r["rounded"]),
        vpt(row),
        parameters(row),
    ]


def _variant(name: str, label: str, settings: dict[str, str]) -> Row:
    return Row(name, ENVS[:1], ("mlp",), {**SETTINGS, **settings}, label)


TABLE = Table(
    "few",
    (
        Row("few", ENVS, MODELS, SETTINGS),
        _variant("few_features", "features of the joint limits instead of the constraint layer", FEATURES),
        _variant("few_decay", "weight decay", {"training.weight_decay": "0.1"}),
        _variant("few_noise", "input noise", {"training.input_noise": "1e-4"}),
        _variant("few_patience", "early stopping", {"training.patience": "40"}),
        _variant("few_ensemble", "ensemble of five", {"model.ensemble_size": "5"}),
    ),
    render,
    measure=measure,
    trajectories=200,
)
