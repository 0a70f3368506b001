"""Reliability of the uncertainty on a test set: coverage and width of the intervals, and the trust horizon."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import spearmanr

from dynax.math.first_passage import VPT_THRESHOLD, first_passage
from dynax.uncertainty.calibration import LEVELS, Calibration, normal_half_width
from dynax.uncertainty.spread import rms

HORIZONS = (1, 10, 50, 100)  # control steps of the table
WIDTH_LEVEL = 0.9  # level of the intervals whose width is compared with that of the oracle


@dataclass(frozen=True)
class Reliability:
    """The reliability at some horizons (H,)."""

    steps: tuple[int, ...]  # horizons, control steps
    raw_coverage: Float[np.ndarray, "L H"]  # share of true values in the intervals of a normal distribution
    coverage: Float[np.ndarray, "L H"]  # share of true values in the calibrated intervals
    relative_width: Float[np.ndarray, " H"]  # width divided by that of the oracle
    rank_correlation: Float[np.ndarray, " H"]  # Spearman's correlation of spread and error over trajectories
    announced_s: float  # median trust horizon, s
    valid_s: float  # median valid prediction time, s
    too_long: float  # share of the trajectories whose trust horizon exceeds their valid prediction time

    def summary(self) -> dict[str, Any]:
        """Return the entry in `summary.json`."""
        return {
            "steps": list(self.steps),
            "raw_coverage": _by_level(self.raw_coverage),
            "coverage": _by_level(self.coverage),
            "relative_width": self.relative_width.tolist(),
            "rank_correlation": self.rank_correlation.tolist(),
            "trust_horizon": {
                "median_s": self.announced_s,
                "valid_median_s": self.valid_s,
                "too_long": self.too_long,
            },
        }


def reliability(
    calibration: Calibration,
    error: Float[np.ndarray, "N T1 C"],
    spread: Float[np.ndarray, "N T1 C"],
    observed: Bool[np.ndarray, " C"],
    dt: float,
) -> Reliability:
    """Return the reliability on test trajectories.

    The oracle has intervals of constant width at each horizon and coordinate. They follow from the quantiles of the
    test errors themselves, so that their coverage is exact.

    Args:
        calibration: the calibration, whose unit `error` and `spread` have.
        error: errors of the prediction.
        spread: spread of the members.
        observed: mask of the coordinates that count.
        dt: control step, s.
    """
    steps = tuple(k for k in HORIZONS if k < error.shape[1])
    at = np.array(steps)
    size = np.abs(error[:, at][..., observed])
    inside = [size <= calibration.half_width(spread, level)[:, at][..., observed] for level in LEVELS]
    raw = [size <= normal_half_width(spread, level)[:, at][..., observed] for level in LEVELS]
    width = calibration.half_width(spread, WIDTH_LEVEL)[:, at][..., observed].mean(axis=0)
    oracle = np.quantile(size, WIDTH_LEVEL, axis=0)
    valid = first_passage(rms(error, observed), VPT_THRESHOLD)
    announced = calibration.trust_steps(spread, observed)
    return Reliability(
        steps,
        np.stack([share.mean(axis=(0, 2)) for share in raw]),
        np.stack([share.mean(axis=(0, 2)) for share in inside]),
        (width / np.maximum(oracle, np.finfo(float).tiny)).mean(axis=1),
        np.array([_rank_correlation(rms(spread[:, k], observed), rms(error[:, k], observed)) for k in steps]),
        _median_seconds(announced, error.shape[1], dt),
        _median_seconds(valid, error.shape[1], dt),
        float(np.mean(announced > valid)),
    )


def _rank_correlation(spread: Float[np.ndarray, " N"], error: Float[np.ndarray, " N"]) -> float:
    """Return Spearman's rank correlation, or 0 if a side is constant."""
    if np.ptp(spread) == 0 or np.ptp(error) == 0:
        return 0.0
    return float(np.asarray(spearmanr(spread, error)[0]))


def _median_seconds(steps: Int[np.ndarray, " N"], length: int, dt: float) -> float:
    return float(np.median(np.minimum(steps, length - 1)) * dt)


def _by_level(values: Float[np.ndarray, "L H"]) -> dict[str, list[float]]:
    return {f"{level:g}": row.tolist() for level, row in zip(LEVELS, values, strict=True)}
