"""The uncertainty of an ensemble: calibration on validation trajectories, and reliability on test trajectories."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from dynax.data.trajectories import Trajectories
from dynax.evaluation import metrics
from dynax.evaluation.testset import TestSet
from dynax.trained import TrainedModel
from dynax.uncertainty.calibration import Calibration
from dynax.uncertainty.reliability import Reliability, reliability
from dynax.uncertainty.spread import MAX_SPREAD, member_spread

MAX_TRAJECTORIES = 256  # validation trajectories of a calibration
BLOCK = 64  # trajectories that all members predict at once


def calibrate(trained: TrainedModel, val: Trajectories) -> Calibration:
    """Return the calibration of an ensemble on validation trajectories.

    Args:
        trained: a trained ensemble.
        val: trajectories that the training did not use.
    """
    states, actions, h = val.states[:MAX_TRAJECTORIES], val.actions[:MAX_TRAJECTORIES], trained.history_length
    std = metrics.state_std(trained.env.space, states)
    error, spread = _errors_and_spread(trained, states[:, :h], actions, states[:, h - 1 :], std)
    return Calibration.fit(std, error, spread, trained.observed)


class ReliabilityTest:
    """The collection of errors and spreads over portions of a test set, up to the length of the calibration.

    Args:
        trained: a trained ensemble with a calibration.
        calibration: the calibration.
    """

    def __init__(self, trained: TrainedModel, calibration: Calibration):
        self._trained, self._calibration = trained, calibration
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, test: TestSet) -> None:
        """Predict a portion of the test set with all members."""
        states, actions = test.inputs(self._trained.history_length)
        steps = min(test.steps, int(self._calibration.knot_steps[-1]))
        actions = actions[:, : self._trained.history_length - 1 + steps]
        std = self._calibration.state_std
        self._parts.append(_errors_and_spread(self._trained, states, actions, test.truth[:, : steps + 1], std))

    def result(self) -> Reliability:
        """Return the reliability over all portions."""
        error, spread = (np.concatenate(arrays) for arrays in zip(*self._parts, strict=True))
        return reliability(self._calibration, error, spread, self._trained.observed, self._trained.env.dt)


def _errors_and_spread(
    trained: TrainedModel,
    states: Float[np.ndarray, "..."],
    actions: Float[np.ndarray, "N steps A"],
    truth: Float[np.ndarray, "N T1 S"],
    std: Float[np.ndarray, " C"],
) -> tuple[Float[np.ndarray, "N T1 C"], Float[np.ndarray, "N T1 C"]]:
    """Return the errors of predictions, and the spread of the members, in units of `std`."""

    def blocks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        space = trained.env.space
        for start in range(0, len(states), BLOCK):
            rows = slice(start, start + BLOCK)
            prediction = np.asarray(trained.rollout(states[rows], actions[rows]), np.float64)
            members = trained.rollout_members(states[rows], actions[rows])
            with np.errstate(invalid="ignore", over="ignore"):
                error = space.difference(truth[rows], prediction) / std
            error = np.where(np.isfinite(error), np.clip(error, -MAX_SPREAD, MAX_SPREAD), MAX_SPREAD)
            yield error, member_spread(space, members, prediction, std)

    error, spread = zip(*blocks(), strict=True)
    return np.concatenate(error), np.concatenate(spread)
