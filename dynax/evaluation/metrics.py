"""Error metrics of predictions: normalized errors and valid prediction times."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.envs.state_space import StateSpace
from dynax.math.first_passage import VPT_THRESHOLD, first_passage

HORIZONS = (1, 10, 50, 100, 500, 1000)  # control steps after which errors are reported
THRESHOLDS = (VPT_THRESHOLD, 0.4)  # of valid prediction times, in standard deviations
MAX_ERROR = 1e3  # standard deviations; larger errors and errors that are not finite count as this
MIN_STD = 1e-6  # lower bound of the standard deviation of a coordinate that does not move
MIN_ERROR = 1e-12  # lower bound of an error in a geometric mean
BLOCK_NUMBERS = 2**20  # numbers that are compared at once, which bounds the memory of an evaluation


def state_std(space: StateSpace, states: Float[np.ndarray, "*batch S"]) -> Float[np.ndarray, " C"]:
    """Return the standard deviation of each tangent coordinate over all states, with wrapped angles.

    It is the unit of normalized errors.
    """
    flat = states.reshape(-1, space.dim)
    return np.maximum(space.difference(space.default_state, flat).std(axis=0), MIN_STD)


def normalized_error(
    space: StateSpace,
    truth: Float[np.ndarray, "N steps S"],
    predicted: Float[np.ndarray, "N steps S"],
    std: Float[np.ndarray, " C"],
) -> Float[np.ndarray, "N steps"]:
    """Return the error of each state in standard deviations, at most `MAX_ERROR`.

    The error is the root mean square over the observed tangent coordinates, each divided by its entry of `std`.
    """
    result = np.empty(truth.shape[:2])
    for rows in _blocks(truth):
        with np.errstate(invalid="ignore", over="ignore"):
            error = space.difference(truth[rows], predicted[rows].astype(np.float64)) / std
            rms = np.sqrt(np.mean(error[..., space.observed] ** 2, axis=-1))
        result[rows] = np.where(np.isfinite(rms), np.minimum(rms, MAX_ERROR), MAX_ERROR)
    return result


def _blocks(truth: Float[np.ndarray, "N steps S"]) -> Iterator[slice]:
    """Yield slices of the trajectories with about `BLOCK_NUMBERS` numbers each."""
    size = max(1, BLOCK_NUMBERS // max(1, truth[0].size))
    return (slice(start, start + size) for start in range(0, len(truth), size))


def nrmse(error: Float[np.ndarray, "N steps"]) -> Float[np.ndarray, " steps"]:
    """Return the root mean square over trajectories of the normalized error, for each step."""
    return np.sqrt(np.mean(error**2, axis=0))


def geometric_mean(error: Float[np.ndarray, "..."]) -> float:
    """Return the geometric mean of normalized errors.

    Neither diverged trajectories nor late steps dominate this mean.
    """
    return float(np.exp(np.mean(np.log(np.maximum(error, MIN_ERROR)))))


def squared_physical_error(
    space: StateSpace,
    truth: Float[np.ndarray, "N steps S"],
    predicted: Float[np.ndarray, "N steps S"],
    std: Float[np.ndarray, " C"],
) -> Float[np.ndarray, "steps C"]:
    """Return the sum over trajectories of the squared error of each tangent coordinate in its own unit.

    Each error counts as at most `MAX_ERROR` standard deviations `std`.
    """
    total = np.zeros((truth.shape[1], len(std)))
    for true, path in zip(truth, predicted, strict=True):
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.abs(space.difference(true, path.astype(np.float64)))
        total += np.where(np.isfinite(error), np.minimum(error, MAX_ERROR * std), MAX_ERROR * std) ** 2
    return total


@dataclass(frozen=True)
class ValidTime:
    """Valid prediction time (VPT) of several trajectories: the time until the normalized error exceeds a threshold."""

    threshold: float  # standard deviations
    median: float  # s
    p10: float  # 10th percentile, s
    is_lower_bound: bool  # whether at least half of the trajectories stay below the threshold, which bounds the median


def valid_time(error: Float[np.ndarray, "N steps"], threshold: float, dt: float) -> ValidTime:
    """Return the valid prediction time of normalized errors.

    Args:
        error: normalized error of each trajectory and step; step 0 is the initial state.
        threshold: threshold of the error, in standard deviations.
        dt: control step, s.
    """
    passage = first_passage(error, threshold)
    time = np.minimum(passage, error.shape[1] - 1) * dt
    is_lower_bound = bool(np.mean(passage == error.shape[1]) >= 0.5)
    return ValidTime(threshold, float(np.median(time)), float(np.percentile(time, 10)), is_lower_bound)
