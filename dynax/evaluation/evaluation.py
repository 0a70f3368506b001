"""The evaluation of a trained model: one function for the command line, the benchmarks and Python users."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from dynax.architectures.description import prior_knowledge, title
from dynax.config.schema import EvalConfig
from dynax.data.simulate import simulate_rounded
from dynax.envs.env import Env
from dynax.errors import UserError
from dynax.evaluation import energy, metrics
from dynax.evaluation.baselines import constant_velocity, hold_last
from dynax.evaluation.energy import Drift
from dynax.evaluation.scores import Score, score, score_summary
from dynax.evaluation.tables import Table, energy_table, physical_table, score_table
from dynax.evaluation.testset import TestSet, make_testset
from dynax.trained import TrainedModel

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of `evaluate`. The predictors are `model`, `ceiling`, `constant velocity` and `hold last`."""

    trained: TrainedModel
    config: EvalConfig
    test: TestSet
    std: Float[np.ndarray, " C"]  # standard deviations of the true states, the unit of normalized errors
    predictions: Mapping[str, Float[np.ndarray, "N steps S"]]  # predicted states of each predictor, (N, T + 1, S)
    scores: Mapping[str, Score]  # scores of each predictor
    energy_drift: Drift | None  # None if the test set does not conserve energy or a part of the state is unobserved
    is_custom_test: bool  # the caller passed the test set, so that `config` does not describe it

    @property
    def env(self) -> Env:
        """The robot."""
        return self.trained.env

    def tables(self) -> list[Table]:
        """Return the tables that `dynax eval` prints."""
        model = self.trained.model
        tables = [
            score_table(title(model), prior_knowledge(model), self.scores, self.env.dt),
            physical_table(self.scores["model"], self.env.space),
        ]
        return tables + ([energy_table(self.energy_drift, self.env.dt)] if self.energy_drift else [])

    def save_plots(self, folder: str | Path) -> None:
        """Write `horizon.png` and `trajectories.png` into an existing folder."""
        from dynax.evaluation import plots

        folder, name, model_score = Path(folder), title(self.trained.model), self.scores["model"]
        plots.horizon(folder / "horizon.png", self.scores, self.env.dt, f"Accuracy of predictions: {name}")
        rows = spread(model_score, self.config.plot_trajectories)
        paths = self.test.truth[rows], self.predictions["model"][rows], model_score.error[rows]
        plots.trajectories(folder / "trajectories.png", self.env.space, *paths, f"Predictions: {name}")

    def summary(self) -> dict[str, Any]:
        """Return the results as JSON data: the keys of `summary.json`, except those of the command itself.

        Keys about the training are None if `trained` has no information about it. The seed and the actions of the test
        are None if the caller passed the test set.
        """
        info, settings = self.trained.info or {}, self.trained.config or {}
        ceiling, space = self.scores["ceiling"], self.env.space
        return {
            "env": self.env.name,
            "model": self.trained.model.architecture,
            "given": list(prior_knowledge(self.trained.model)),
            "best_epoch": info.get("best_epoch"),
            "dataset_sha256": info.get("dataset_sha256"),
            "training_seed": settings.get("training", {}).get("seed"),
            "eval_seed": None if self.is_custom_test else self.config.seed,
            "actions": None if self.is_custom_test else self.config.actions,
            "trajectories": len(self.test.truth),
            "seconds": self.test.actions.shape[1] * self.env.dt if self.is_custom_test else self.config.seconds,
            "dt_s": self.env.dt,
            "energy_drift": self.energy_drift and self.energy_drift.summary(),
            "scores": {name: score_summary(score, ceiling, space) for name, score in self.scores.items()},
        }


def evaluate(trained: TrainedModel, config: EvalConfig | None = None, test: TestSet | None = None) -> Evaluation:
    """Evaluate open-loop predictions of a trained model on test trajectories.

    Args:
        trained: the model with its parameters.
        config: the test set and the plots; by default as for `dynax eval`.
        test: other test trajectories of the same robot, instead of those that `config` describes.

    Raises:
        UserError: if the warm-up of the test is shorter than the history of the model.
    """
    config, is_custom_test = config or EvalConfig(), test is not None
    warmup, history = test.warmup if test else config.warmup, trained.history_length
    if warmup < history - 1:
        raise UserError(
            f"warmup={warmup} is too short for a model of {history} states: it must be at least {history - 1}", "warmup"
        )
    env, space = trained.env, trained.env.space
    if test is None:
        log.info("simulating %d trajectories of %g s in float64", config.num_trajectories, config.seconds)
        test = make_testset(env, config.num_trajectories, config.seconds, config.seed, config.actions, config.warmup)
    predictions, std = predict(trained, test), metrics.state_std(space, test.truth)
    scores = {name: score(space, test.truth, path, std) for name, path in predictions.items()}
    drift = None
    if space.observed.all():  # the energy of a state with unobserved coordinates is unknown
        physical = {"simulator": test.truth, "model": predictions["model"], "ceiling": predictions["ceiling"]}
        drift = energy.drift(env.mj_model, test, physical, scores["model"].horizons)
    return Evaluation(trained, config, test, std, predictions, scores, drift, is_custom_test)


def predict(trained: TrainedModel, test: TestSet) -> dict[str, Float[np.ndarray, "N steps S"]]:
    """Return the predictions (N, T + 1, S) of the model, the ceiling and the baselines."""
    log.info("predicting the test trajectories")
    predicted = np.asarray(trained.rollout(*test.inputs(trained.history_length)))
    log.info("simulating them with states rounded to float32, for the ceiling")
    return {
        "model": predicted,
        "ceiling": simulate_rounded(trained.env, test.truth[:, 0], test.actions),
        "constant velocity": constant_velocity(trained.env.space, test.truth),
        "hold last": hold_last(test.truth),
    }


def spread(model_score: Score, n: int) -> np.ndarray:
    """Return the indices of at most `n` trajectories, spread from the 10th to the 90th percentile of valid time."""
    order = np.argsort(metrics.first_passage(model_score.error, metrics.THRESHOLDS[0]))
    ranks = np.linspace(0.1 * (len(order) - 1), 0.9 * (len(order) - 1), n)
    return order[np.unique(ranks.round().astype(int))]
