"""Calibration: from the spread of an ensemble to intervals with a given coverage, and to a trust horizon.

The spread of an ensemble is too small, because all members have the same architecture and data. The calibration
therefore contains quantiles of |error| / spread over validation trajectories, for each horizon and coordinate. The
interval

    prediction +- factor * spread

then contains the given share of the true states (split conformal prediction with a normalized score; Lei et al. 2018,
Distribution-Free Predictive Inference for Regression, section 5.2).
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Any, TypedDict

import numpy as np
from jaxtyping import Bool, Float, Int

from dynax.config.bounds import MAX_STEPS
from dynax.errors import UserError
from dynax.math.first_passage import VPT_THRESHOLD, first_passage
from dynax.runs.files import write_json
from dynax.runs.json_files import Range, difference, read_json
from dynax.uncertainty.spread import rms

FILE = "calibration.json"
LEVELS = (0.5, 0.68, 0.8, 0.9, 0.95)  # coverage of the intervals
MIN_STD, MAX_NUMBER = 1e-300, 1e30  # of the numbers in the file
MAX_KNOTS = 24  # horizons with factors of their own; those between are interpolated
MIN_SPREAD = 1e-12  # standard deviations
MAX_TOO_LONG = 0.08  # share of validation trajectories whose trust horizon may exceed their valid time
TRUST_FACTORS = np.geomspace(0.5, 50, 100)


class _File(TypedDict):
    """The content of the file, with the fields of `Calibration`; `steps` are the knots."""

    state_std: list[Annotated[float, Range(MIN_STD, MAX_NUMBER)]]
    steps: list[Annotated[int, Range(1, MAX_STEPS)]]
    factors: list[list[list[Annotated[float, Range(0, MAX_NUMBER)]]]]
    trust_factor: Annotated[float, Range(0, MAX_NUMBER)]


@dataclass(frozen=True, eq=False)
class Calibration:
    """The calibrated uncertainty of a trained ensemble."""

    state_std: Float[np.ndarray, " C"]  # unit of errors and spreads
    knot_steps: Int[np.ndarray, " K"]  # control steps after the initial state
    factors: Float[np.ndarray, "L K C"]  # half-width of an interval divided by the spread
    trust_factor: float  # factor of the calibrated error that determines the trust horizon

    @classmethod
    def fit(
        cls,
        state_std: Float[np.ndarray, " C"],
        error: Float[np.ndarray, "N T1 C"],
        spread: Float[np.ndarray, "N T1 C"],
        observed: Bool[np.ndarray, " C"],
    ) -> "Calibration":
        """Return the calibration for validation trajectories.

        Args:
            state_std: the unit of errors and spreads.
            error: errors of the prediction.
            spread: spread of the members.
            observed: mask of the coordinates that count.
        """
        last = error.shape[1] - 1
        steps = np.unique(np.geomspace(1, last, min(MAX_KNOTS, last)).round().astype(int))
        ratio = np.abs(error) / np.maximum(spread, MIN_SPREAD)
        bounds = np.concatenate([[1], (steps[:-1] + steps[1:] + 1) // 2, [last + 1]])
        parts = [ratio[:, low:high].reshape(-1, ratio.shape[-1]) for low, high in pairwise(bounds)]
        factors = np.stack([np.quantile(part, LEVELS, axis=0) for part in parts], axis=1)
        intervals = cls(state_std, steps, factors, 1.0)
        valid = first_passage(rms(error, observed), VPT_THRESHOLD)
        size = intervals.typical_error(spread, observed)
        too_long = [np.mean(first_passage(factor * size, VPT_THRESHOLD) > valid) for factor in TRUST_FACTORS]
        sufficient = [f for f, share in zip(TRUST_FACTORS, too_long, strict=True) if share <= MAX_TOO_LONG]
        return replace(intervals, trust_factor=float(min(sufficient, default=TRUST_FACTORS[-1])))

    def half_width(self, spread: Float[np.ndarray, "N T1 C"], level: float) -> Float[np.ndarray, "N T1 C"]:
        """Return the half-width of the intervals that contain the share `level` of the true states, one of `LEVELS`."""
        return self._widening(spread.shape[1], level) * spread

    def _widening(self, count: int, level: float) -> Float[np.ndarray, "T1 C"]:
        """Return the half-width divided by the spread, for the first `count` states of a prediction."""
        knots, values = np.log(self.knot_steps), self.factors[LEVELS.index(level)]
        at = np.log(np.maximum(np.arange(count), 1))
        return np.stack([np.interp(at, knots, column) for column in values.T], axis=-1)

    def typical_error(
        self, spread: Float[np.ndarray, "N T1 C"], observed: Bool[np.ndarray, " C"]
    ) -> Float[np.ndarray, "N T1"]:
        """Return the expected normalized error: the root mean square of the calibrated standard deviations."""
        return rms(self.half_width(spread, 0.68), observed)

    def spread_multipliers(self, count: int) -> Float[np.ndarray, "T1 C"]:
        """Return the factors that the spread is multiplied by, for the first `count` states of a prediction.

        The root mean square of factor times spread exceeds the threshold at the trust horizon, see `trust_steps`.
        """
        return self.trust_factor * self._widening(count, 0.68)

    def trust_steps(
        self, spread: Float[np.ndarray, "N T1 C"], observed: Bool[np.ndarray, " C"], threshold: float = VPT_THRESHOLD
    ) -> Int[np.ndarray, " N"]:
        """Return the first step that cannot be trusted any more, or T1 if there is none."""
        return first_passage(self.trust_factor * self.typical_error(spread, observed), threshold)

    def to_json(self) -> dict[str, Any]:
        """Return the content of the file."""
        return {
            "state_std": self.state_std.tolist(),
            "steps": self.knot_steps.tolist(),
            "factors": self.factors.tolist(),
            "trust_factor": self.trust_factor,
        }

    @classmethod
    def from_json(cls, content: Any, size: int, problem: str) -> "Calibration":
        """Return the calibration of the content of a file.

        Args:
            content: the content.
            size: number C of tangent coordinates of the robot.
            problem: beginning of the message of an error.

        Raises:
            UserError: if the content has other types or sizes, or if a number is out of range.
        """
        if mismatch := difference(content, _File):
            raise UserError(f"{problem}: the calibration does not have the expected content: {mismatch}")
        std, steps, factors = content["state_std"], content["steps"], content["factors"]
        sizes = {size} == {len(std)} == {len(row) for level in factors for row in level}
        if not (sizes and steps and {len(steps)} == {len(level) for level in factors} and len(factors) == len(LEVELS)):
            raise UserError(f"{problem}: the arrays of the calibration do not fit together: train the model again")
        if any(low >= high for low, high in pairwise(steps)):
            raise UserError(f"{problem}: the steps of the calibration must increase: train the model again")
        return cls(np.array(std), np.array(steps), np.array(factors), content["trust_factor"])

    def save(self, folder: Path) -> None:
        """Write the file into a run directory."""
        write_json(folder / FILE, self.to_json())

    @classmethod
    def load(cls, folder: Path, size: int) -> "Calibration | None":
        """Read the file of a run directory. Return None if there is none.

        Args:
            folder: the run directory.
            size: number C of tangent coordinates of the robot.

        Raises:
            UserError: if the file is damaged.
        """
        if not (folder / FILE).exists():
            return None
        problem = f"the run {folder} is damaged"
        return cls.from_json(read_json(folder / FILE, Any, problem), size, problem)


def normal_half_width(spread: Float[np.ndarray, "..."], level: float) -> Float[np.ndarray, "..."]:
    """Return the half-width without calibration, from a normal distribution with the spread."""
    return NormalDist().inv_cdf((1 + level) / 2) * spread
