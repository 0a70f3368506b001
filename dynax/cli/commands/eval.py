"""`dynax eval`: how far ahead a trained model stays true, next to the simulator's own limit and simple guesses."""

import logging
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from dynax.architectures import description
from dynax.cli import console
from dynax.config.options import section
from dynax.config.schema import EvalConfig
from dynax.data.simulate import simulate_rounded
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError
from dynax.evaluation import energy, metrics, plots
from dynax.evaluation.energy import Drift
from dynax.evaluation.metrics import HORIZONS, Score, ValidTime
from dynax.evaluation.testset import TestSet, make_testset
from dynax.runs.summary import run_directory, write_summary
from dynax.trained import load

log = logging.getLogger(__name__)


def run(cfg: DictConfig) -> Path:
    """Judge the training run `cfg.run` and return the directory of the judgement."""
    config = section(EvalConfig, cfg.eval, "eval")
    trained = load(cfg.run)
    env, history = trained.env, trained.history_length
    if config.warmup < history - 1:
        raise UserError(
            f"eval.warmup={config.warmup} is too short for a model of {history} states: "
            f"it must be at least {history - 1}"
        )
    begun = time.monotonic()
    log.info("simulating %d trajectories of %g s in float64", config.num_trajectories, config.seconds)
    test = make_testset(env, config.num_trajectories, config.seconds, config.seed, config.actions, config.warmup)
    log.info("predicting them")
    predicted = np.asarray(trained.rollout(*test.given(history)))
    log.info("simulating them with states rounded to float32: the ceiling")
    scale, predictions = metrics.state_std(env.space, test.truth), _predictions(test, predicted, env)
    scores = {name: metrics.score(env.space, test.truth, p, scale) for name, p in predictions.items()}
    physical = {"simulator": test.truth, "model": predicted, "ceiling": predictions["ceiling"]}
    whole = env.space.observed.all()  # what is hidden stays as it was given, and so does its energy
    drift = energy.drift(env.mj_model, test, physical, _horizons(scores["model"])) if whole else None

    path, title = run_directory(), description.title(trained.model)
    plots.horizon(path / "horizon.png", scores, env.dt, f"How far a prediction stays true: {title}")
    chosen = _spread(scores["model"], config.plot_trajectories)
    drawn = test.truth[chosen], predicted[chosen], scores["model"].error[chosen]
    plots.trajectories(path / "trajectories.png", env.space, *drawn, f"Predictions: {title}")
    _tables(title, description.prior_knowledge(trained.model), scores, env.space)
    if drift:
        _energy_table(drift, env.dt)
    content = {
        "env": env.name,
        "model": trained.model.architecture,
        "given": list(description.prior_knowledge(trained.model)),
        "trained_run": str(Path(cfg.run).expanduser().absolute()),
        "best_epoch": trained.info["best_epoch"],
        "dataset_sha256": trained.info["dataset_sha256"],
        "training_seed": trained.config["training"]["seed"],
        "eval_seed": config.seed,
        "actions": config.actions,
        "trajectories": config.num_trajectories,
        "seconds": config.seconds,
        "dt_s": env.dt,
        "energy_drift": drift and drift.figures(),
        "scores": {name: _figures(score, scores["ceiling"], env.space) for name, score in scores.items()},
        "wall_time_s": time.monotonic() - begun,
    }
    write_summary(path, "eval", content)
    return path


def _predictions(test: TestSet, predicted: np.ndarray, env: Any) -> dict[str, np.ndarray]:
    return {
        "model": predicted,
        "ceiling": simulate_rounded(env, test.truth[:, 0], test.actions),
        "constant velocity": metrics.constant_velocity(env.space, test.truth),
        "hold last": metrics.hold_last(test.truth),
    }


def _spread(score: Score, n: int) -> np.ndarray:
    """Indices of at most `n` trajectories from the worst tenth to the best tenth of those predicted."""
    order = np.argsort(metrics.first_passage(score.error, metrics.THRESHOLDS[0]))
    chosen = np.linspace(0.1 * (len(order) - 1), 0.9 * (len(order) - 1), n)
    return order[np.unique(chosen.round().astype(int))]


def _horizons(score: Score) -> list[int]:
    return [k for k in HORIZONS if k < score.error.shape[1]]


def _figures(score: Score, ceiling: Score, space: StateSpace) -> dict[str, Any]:
    """What `summary.json` says of one predictor."""
    horizons = _horizons(score)
    return {
        "nrmse": {str(k): float(score.nrmse[k]) for k in horizons},
        "rmse": {
            f"{space.labels[c]} [{space.units[c]}]": {str(k): float(score.physical[k, c]) for k in horizons}
            for c in np.flatnonzero(space.observed)
        },
        "vpt": {
            f"{mine.threshold:g}": {
                "median_s": mine.median,
                "p10_s": mine.p10,
                "capped": mine.capped,
                "of_ceiling": mine.median / max(theirs.median, space.dt),
            }
            for mine, theirs in zip(score.valid, ceiling.valid, strict=True)
        },
    }


def _tables(title: str, given: Sequence[str], scores: dict[str, Score], space: StateSpace) -> None:
    model, ceiling = scores["model"], scores["ceiling"]
    horizons = _horizons(model)
    first, second = metrics.THRESHOLDS
    columns = ["", f"VPT({first:g})", "p10", "of ceiling", f"VPT({second:g})", *(f"@{k}" for k in horizons)]
    rows = [
        [
            name,
            _seconds(score.valid[0]),
            f"{score.valid[0].p10:.2f} s",
            _share(score.valid[0], ceiling.valid[0], space.dt),
            _seconds(score.valid[1]),
            *(f"{score.nrmse[k]:.2g}" for k in horizons),
        ]
        for name, score in scores.items()
    ]
    console.table(
        f"How far a prediction stays true: {title}",
        columns,
        rows,
        caption="VPT(x): when the error first passes x standard deviations, median over trajectories; "
        f"p10: of VPT({first:g}), the worst tenth.\n"
        "@k: nRMSE, the error after k control steps in standard deviations. Ceiling: the simulator in float32.\n"
        f"Given to the model: {'; '.join(given) or 'nothing'}.",
    )
    console.table(
        "The model's error in physical units",
        ["", *(f"after {k * space.dt:g} s" for k in horizons)],
        [
            [f"{space.labels[c]} [{space.units[c]}]", *(f"{model.physical[k, c]:.2g}" for k in horizons)]
            for c in np.flatnonzero(space.observed)
        ],
    )


def _energy_table(drift: Drift, dt: float) -> None:
    console.table(
        "Energy gained or lost, where none is",
        ["", *(f"after {k * dt:g} s" for k in drift.steps)],
        [[name, *(f"{x:.2g}" for x in values)] for name, values in drift.values.items()],
        caption=f"In units of the mean kinetic energy, {drift.unit:.3g} J; root mean square over trajectories.",
    )


def _share(mine: ValidTime, ceiling: ValidTime, dt: float) -> str:
    """A share of the ceiling: no more than a bound, rounded up, where the ceiling itself outlasts the test."""
    share = mine.median / max(ceiling.median, dt)
    if ceiling.capped and not mine.capped:
        return f"< {max(1, math.ceil(100 * share))}%"
    return f"{share:.0%}"


def _seconds(valid: ValidTime) -> str:
    return f"{'> ' if valid.capped else ''}{valid.median:.2f} s"
