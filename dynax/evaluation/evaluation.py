"""The evaluation of a trained model: one function for the command line, the benchmarks and Python users."""

import dataclasses
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from dynax.architectures.description import prior_knowledge, title
from dynax.config.schema import EvalConfig
from dynax.data.simulate import simulate_rounded
from dynax.envs.env import Env
from dynax.errors import UserError
from dynax.evaluation import energy, metrics
from dynax.evaluation.baselines import constant_velocity, hold_last
from dynax.evaluation.energy import Drift
from dynax.evaluation.ensembles import ReliabilityTest
from dynax.evaluation.motion import ADVICE, nothing_moves, still_coordinates, warn_of_still_coordinates
from dynax.evaluation.portions import Portions
from dynax.evaluation.scores import Score, Scoring, score_summary
from dynax.evaluation.speed import Speed
from dynax.evaluation.tables import Table, energy_table, physical_table, reliability_table, score_table
from dynax.evaluation.testset import TestSet, TestSource
from dynax.math.first_passage import first_passage
from dynax.trained import TrainedModel
from dynax.uncertainty.reliability import Reliability

log = logging.getLogger(__name__)

WITH_ENERGY = ("model", "ceiling")  # predictors whose energy is compared with that of the simulator
PREDICTORS = (*WITH_ENERGY, "constant velocity", "hold last")


@dataclass(frozen=True, eq=False)
class Examples:
    """A few test trajectories with their predictions, from the worst to the best."""

    rows: Int[np.ndarray, " K"]  # numbers of the trajectories in the test set
    truth: Float[np.ndarray, "K steps S"]  # true states, (K, T + 1, S)
    predicted: Float[np.ndarray, "K steps S"]  # states that the model predicts


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of `evaluate`. `PREDICTORS` lists the predictors."""

    trained: TrainedModel
    config: EvalConfig
    steps: int  # control steps of the test, T
    std: Float[np.ndarray, " C"]  # standard deviations of the true states, the unit of normalized errors
    scores: Mapping[str, Score]  # scores of each predictor
    examples: Examples  # the plotted trajectories
    energy_drift: Drift | None  # None if the test set does not conserve energy or a part of the state is unobserved
    reliability: Reliability | None  # of the uncertainty of an ensemble; None for a single model
    speed: Speed  # of the predictions
    is_custom_test: bool  # the caller passed the test set, so that `config` does not describe it

    @property
    def env(self) -> Env:
        """The robot."""
        return self.trained.env

    def tables(self) -> list[Table]:
        """Return the tables that `dynax eval` prints."""
        model = self.trained.model
        tables = [
            score_table(title(model), prior_knowledge(model), self.scores, self.env.dt, self.speed, self._caveat),
            physical_table(self.scores["model"], self.env.space),
        ]
        tables += [energy_table(self.energy_drift, self.env.dt)] if self.energy_drift else []
        return tables + ([reliability_table(self.reliability, self.env.dt)] if self.reliability else [])

    @property
    def _caveat(self) -> str:
        """A sentence for the table if the test is meaningless, or an empty string."""
        return f"Nothing moves in this test. {ADVICE}." if nothing_moves(self.env.space, self.std) else ""

    def save_plots(self, folder: str | Path) -> None:
        """Write `horizon.png`, `trajectories.png`, and for an ensemble `reliability.png` into an existing folder."""
        from dynax.evaluation import plots

        folder, name, model_score = Path(folder), title(self.trained.model), self.scores["model"]
        plots.horizon(folder / "horizon.png", self.scores, self.env.dt, f"Accuracy of predictions: {name}")
        paths = self.examples.truth, self.examples.predicted, model_score.error[self.examples.rows]
        plots.trajectories(folder / "trajectories.png", self.env.space, *paths, f"Predictions: {name}")
        if self.reliability:
            plots.reliability(folder / "reliability.png", self.reliability, self.env.dt, f"Uncertainty: {name}")

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
            "trajectories": len(self.scores["model"].error),
            "seconds": self.steps * self.env.dt if self.is_custom_test else self.config.seconds,
            "dt_s": self.env.dt,
            "still_coordinates": still_coordinates(space, self.std),
            "energy_drift": self.energy_drift and self.energy_drift.summary(),
            "uncertainty": self.reliability and self.reliability.summary(),
            "speed": dataclasses.asdict(self.speed),
            "scores": {name: score_summary(score, ceiling, space) for name, score in self.scores.items()},
        }


def evaluate(trained: TrainedModel, config: EvalConfig | None = None, test: TestSet | None = None) -> Evaluation:
    """Evaluate open-loop predictions of a trained model on test trajectories.

    The test is simulated and scored in portions, so that its length and the robot do not determine the memory.

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
    env, n = trained.env, len(test) if test else config.num_trajectories
    source = test or TestSource.of(env, n, config.seconds, config.seed, config.actions, config.warmup)
    log.info("simulating %d trajectories of %g s in float64", n, source.steps * env.dt)
    portions = Portions(source, env.space)
    std = portions.state_std()
    warn_of_still_coordinates(env, std, "the test")
    scores, drift = _score(trained, portions, std)
    examples = _examples(trained, portions, spread(scores["model"], config.plot_trajectories))
    reliability, first = _reliability(trained, portions), portions[0]
    log.info("measuring the speed of the predictions")
    speed = Speed.of(env, first, portions.size, lambda: predict(trained, first, portions.size))
    return Evaluation(trained, config, source.steps, std, scores, examples, drift, reliability, speed, is_custom_test)


def _score(
    trained: TrainedModel, portions: Portions, std: Float[np.ndarray, " C"]
) -> tuple[dict[str, Score], Drift | None]:
    """Return the scores of all predictors, and the energy drift."""
    space = trained.env.space
    scorings = {name: Scoring(space, std) for name in PREDICTORS}
    energies = energy.EnergyTest(trained.env.mj_model, [k for k in metrics.HORIZONS if k <= portions[0].steps])
    for index, test in enumerate(portions):
        if len(portions) > 1:
            log.info("predicting and scoring portion %d of %d", index + 1, len(portions))
        with_energy = {"simulator": test.truth}
        for name, path in _predictions(trained, test, portions.size):
            scorings[name].add(test.truth, path)
            if name in WITH_ENERGY:
                with_energy[name] = path
        if space.observed.all():  # the energy of a state with unobserved coordinates is unknown
            energies.add(test, with_energy)
    drift = energies.drift() if space.observed.all() else None
    return {name: scoring.score() for name, scoring in scorings.items()}, drift


def _reliability(trained: TrainedModel, portions: Portions) -> Reliability | None:
    """Return the reliability of an ensemble's uncertainty, or None if the model has no calibration."""
    if trained.calibration is None:
        return None
    log.info("predicting the test trajectories with each member of the ensemble")
    test = ReliabilityTest(trained, trained.calibration)
    for portion in portions:
        test.add(portion)
    return test.result()


def _predictions(
    trained: TrainedModel, test: TestSet, size: int
) -> Iterator[tuple[str, Float[np.ndarray, "N steps S"]]]:
    """Yield the name and the prediction (N, T + 1, S) of the model, the ceiling and the baselines, one at a time."""
    log.info("predicting the test trajectories")
    yield "model", predict(trained, test, size)
    log.info("simulating them with states rounded to float32, for the ceiling")
    yield "ceiling", simulate_rounded(trained.env, test.truth[:, 0], test.actions)
    yield "constant velocity", constant_velocity(trained.env.space, test.truth)
    yield "hold last", hold_last(test.truth)


def predict(trained: TrainedModel, test: TestSet, size: int) -> Float[np.ndarray, "N steps S"]:
    """Return the prediction (N, T + 1, S) of the model.

    A test with fewer than `size` trajectories is padded with copies, so that all portions share a compiled program.
    """
    missing = size - len(test)
    inputs = (np.concatenate([x, np.repeat(x[-1:], missing, axis=0)]) for x in test.inputs(trained.history_length))
    return np.asarray(trained.rollout(*inputs))[: len(test)]


def _examples(trained: TrainedModel, portions: Portions, rows: Int[np.ndarray, " K"]) -> Examples:
    """Return the trajectories `rows` with their predictions."""
    truth, predicted = {}, {}
    for index in np.unique(rows // portions.size).tolist():
        test, start = portions[index], index * portions.size
        path = predict(trained, test, portions.size)
        for row in rows[rows // portions.size == index].tolist():
            truth[row], predicted[row] = test.truth[row - start].copy(), path[row - start].copy()
    return Examples(rows, *(np.stack([paths[row] for row in rows.tolist()]) for paths in (truth, predicted)))


def spread(model_score: Score, n: int) -> np.ndarray:
    """Return the indices of at most `n` trajectories, spread from the 10th to the 90th percentile of valid time."""
    order = np.argsort(first_passage(model_score.error, metrics.THRESHOLDS[0]))
    ranks = np.linspace(0.1 * (len(order) - 1), 0.9 * (len(order) - 1), n)
    return order[np.unique(ranks.round().astype(int))]
