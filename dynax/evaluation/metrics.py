"""How far ahead a prediction stays true.

Axes: N trajectories, T + 1 states, S state, C = 2 nv + na tangent coordinates `[dq, dv, da]`.
"""

from dataclasses import dataclass

import numpy as np

from dynax.envs.state_space import StateSpace

HORIZONS = (1, 10, 50, 100, 500, 1000)
THRESHOLDS = (0.1, 0.4)
MAX_ERROR = 1e3  # an error this many deviations large, or not finite, counts as this


def state_std(space: StateSpace, states: np.ndarray) -> np.ndarray:
    """Standard deviation (C,) of each coordinate over states (N, T+1, S), angles wrapped; the unit of every error."""
    flat = states.reshape(-1, space.dim)
    return np.maximum(space.difference(space.home, flat).std(axis=0), 1e-6)


def normalized_error(space: StateSpace, truth: np.ndarray, predicted: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Error (N, T+1) of each state in units of `scale` (C,): root mean square over coordinates, at most `MAX_ERROR`.

    Coordinates that the robot hides do not count.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        error = space.difference(truth, predicted.astype(np.float64)) / scale
        rms = np.sqrt(np.mean(error[..., space.observed] ** 2, axis=-1))
    return np.where(np.isfinite(rms), np.minimum(rms, MAX_ERROR), MAX_ERROR)


def nrmse(error: np.ndarray) -> np.ndarray:
    """nRMSE(k), (T+1,): root mean square over trajectories of the normalized error (N, T+1)."""
    return np.sqrt(np.mean(error**2, axis=0))


def geometric_mean(error: np.ndarray) -> float:
    """Geometric mean of normalized errors: one figure that neither the lost trajectories nor the late steps decide."""
    return float(np.exp(np.mean(np.log(np.maximum(error, 1e-12)))))


def physical_rmse(space: StateSpace, truth: np.ndarray, predicted: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Root mean square error (T+1, C) of each coordinate in its own unit, each error at most `MAX_ERROR` deviations."""
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(space.difference(truth, predicted.astype(np.float64)))
    error = np.where(np.isfinite(error), np.minimum(error, MAX_ERROR * scale), MAX_ERROR * scale)
    return np.sqrt(np.mean(error**2, axis=0))


def first_passage(error: np.ndarray, threshold: float) -> np.ndarray:
    """The step (N,) at which each trajectory's error (N, T+1) first passes a threshold; T + 1 where it never does."""
    passed = error > threshold
    return np.where(passed.any(axis=1), passed.argmax(axis=1), error.shape[1])


@dataclass(frozen=True)
class ValidTime:
    """Valid prediction time: when the normalized error first passes a threshold, over N trajectories."""

    threshold: float
    median: float  # s
    p10: float  # s, the tenth percentile
    capped: bool  # at least half of the trajectories never passed it: the median may be no more than a bound


def valid_time(error: np.ndarray, threshold: float, dt: float) -> ValidTime:
    """The valid prediction time of errors (N, T+1) at control step `dt` (s)."""
    passage = first_passage(error, threshold)
    time = np.minimum(passage, error.shape[1] - 1) * dt
    capped = bool(np.mean(passage == error.shape[1]) >= 0.5)
    return ValidTime(threshold, float(np.median(time)), float(np.percentile(time, 10)), capped)


@dataclass(frozen=True)
class Score:
    """One predictor on one test set."""

    error: np.ndarray  # (N, T+1) normalized
    physical: np.ndarray  # (T+1, C) in the unit of each coordinate
    valid: tuple[ValidTime, ...]  # one a threshold

    @property
    def nrmse(self) -> np.ndarray:
        return nrmse(self.error)


def score(
    space: StateSpace,
    truth: np.ndarray,
    predicted: np.ndarray,
    scale: np.ndarray,
) -> Score:
    """Everything that is reported of predictions (N, T+1, S) of `truth` (N, T+1, S)."""
    error = normalized_error(space, truth, predicted, scale)
    return Score(
        error=error,
        physical=physical_rmse(space, truth, predicted, scale),
        valid=tuple(valid_time(error, x, space.dt) for x in THRESHOLDS),
    )


def hold_last(truth: np.ndarray) -> np.ndarray:
    """The floor: nothing moves. Predictions (N, T+1, S)."""
    return np.repeat(truth[:, :1], truth.shape[1], axis=1)


def constant_velocity(space: StateSpace, truth: np.ndarray) -> np.ndarray:
    """The next floor: every joint keeps its speed. Predictions (N, T+1, S)."""
    held = hold_last(truth)
    time = space.dt * np.arange(truth.shape[1])[:, None]
    moved = time * space.qvel(held)
    return space.add(held, np.concatenate([moved, np.zeros((*moved.shape[:-1], space.nv + space.na))], axis=-1))
