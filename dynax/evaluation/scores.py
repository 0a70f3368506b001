"""Scores of one predictor on a test set, and their comparison with the ceiling."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from dynax.envs.state_space import StateSpace
from dynax.evaluation.metrics import (
    HORIZONS,
    THRESHOLDS,
    ValidTime,
    normalized_error,
    nrmse,
    squared_physical_error,
    valid_time,
)


@dataclass(frozen=True)
class Score:
    """The errors of one predictor on one test set."""

    error: Float[np.ndarray, "N steps"]  # normalized error, standard deviations
    rmse: Float[np.ndarray, "steps C"]  # root mean square error in the unit of each coordinate
    valid_times: tuple[ValidTime, ...]  # valid prediction times, one for each of `THRESHOLDS`

    @property
    def nrmse(self) -> Float[np.ndarray, " steps"]:
        """Root mean square over trajectories of the normalized error."""
        return nrmse(self.error)

    @property
    def horizons(self) -> list[int]:
        """Steps of `HORIZONS` that lie within the test."""
        return [k for k in HORIZONS if k < self.error.shape[1]]


class Scoring:
    """The collection of one predictor's errors over portions of a test set.

    Args:
        space: the coordinates of the robot.
        std: the unit of normalized errors (see `metrics.state_std`).
    """

    def __init__(self, space: StateSpace, std: Float[np.ndarray, " C"]):
        self._space, self._std = space, std
        self._errors: list[Float[np.ndarray, "N steps"]] = []
        self._squares: Any = 0.0  # sum of squared errors in the unit of each coordinate, (steps, C)

    def add(self, truth: Float[np.ndarray, "N steps S"], predicted: Float[np.ndarray, "N steps S"]) -> None:
        """Compare predictions with the true states of a portion."""
        self._errors.append(normalized_error(self._space, truth, predicted, self._std))
        self._squares = self._squares + squared_physical_error(self._space, truth, predicted, self._std)

    def score(self) -> Score:
        """Return the scores over all portions."""
        error = np.concatenate(self._errors)
        valid_times = tuple(valid_time(error, x, self._space.dt) for x in THRESHOLDS)
        return Score(error, np.sqrt(self._squares / len(error)), valid_times)


def score(
    space: StateSpace,
    truth: Float[np.ndarray, "N steps S"],
    predicted: Float[np.ndarray, "N steps S"],
    std: Float[np.ndarray, " C"],
) -> Score:
    """Return the scores of predictions; `std` is the unit of normalized errors (see `metrics.state_std`)."""
    scoring = Scoring(space, std)
    scoring.add(truth, predicted)
    return scoring.score()


def ceiling_share(valid: ValidTime, ceiling: ValidTime, dt: float) -> float:
    """Return a valid prediction time as a share of the ceiling's; `dt` is the control step, s."""
    return valid.median / max(ceiling.median, dt)


def share_text(share: float, is_bound: bool) -> str:
    """Return a share of the ceiling as a percentage.

    Args:
        share: the share.
        is_bound: whether the share is only an upper bound, because the ceiling exceeds the length of the test and the
            prediction does not. Bounds are rounded up.
    """
    return f"< {max(1, math.ceil(100 * share))}%" if is_bound else f"{share:.0%}"


def score_summary(score: Score, ceiling: Score, space: StateSpace) -> dict[str, Any]:
    """Return the entry of one predictor in `summary.json`."""
    return {
        "nrmse": {str(k): float(score.nrmse[k]) for k in score.horizons},
        "rmse": {
            f"{space.labels[c]} [{space.units[c]}]": {str(k): float(score.rmse[k, c]) for k in score.horizons}
            for c in np.flatnonzero(space.observed)
        },
        "vpt": {
            f"{valid.threshold:g}": {
                "median_s": valid.median,
                "p10_s": valid.p10,
                "capped": valid.is_lower_bound,
                "of_ceiling": ceiling_share(valid, limit, space.dt),
            }
            for valid, limit in zip(score.valid_times, ceiling.valid_times, strict=True)
        },
    }
