"""Faults of single channels: wrapped, saturated and stuck values."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

MARGIN = 1.01  # periods that the values of an encoder may span
MIN_RUN = 5  # consecutive samples at the extreme value that can be a saturation
MIN_SATURATED = 0.005  # share of the samples at the extreme values of a saturated channel
MIN_STUCK = 20  # consecutive equal samples that can be a stuck channel
STUCK_JUMP = 10.0  # a stuck channel ends with a jump that exceeds this many usual steps


def unwrapped(values: Float[np.ndarray, " n"], period: float) -> tuple[Float[np.ndarray, " n"], int]:
    """Return values without jumps of about one period, and the number of these jumps.

    A jump counts if it exceeds half of the period and the values stay within one period, as those of an encoder do.
    """
    if not len(values) or np.ptp(values) > MARGIN * period:
        return values, 0
    jumps = int((np.abs(np.diff(values)) > 0.5 * period).sum())
    return (np.unwrap(values, period=period) if jumps else values), jumps


def saturated(values: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Return which samples belong to a run of at least `MIN_RUN` samples at the highest or lowest value.

    Fewer such samples than the share `MIN_SATURATED` are peaks of the motion.
    """
    if len(values) < MIN_RUN or np.ptp(values) == 0:
        return np.zeros(len(values), bool)
    marks = np.zeros(len(values), bool)
    for extreme in (values.min(), values.max()):
        if extreme != 0:
            marks |= _runs(values == extreme, MIN_RUN)
    return marks if marks.mean() >= MIN_SATURATED else np.zeros(len(values), bool)


@dataclass(frozen=True, eq=False)
class Stuck:
    """Samples of a channel that has kept its value although the motion went on."""

    samples: Bool[np.ndarray, " n"]
    runs: int


def stuck(values: Float[np.ndarray, " n"]) -> Stuck:
    """Return the runs of equal values that end with a jump.

    A machine at rest also has equal values, but it starts to move without a jump.
    """
    steps, marks, runs = np.abs(np.diff(values)), np.zeros(len(values), bool), 0
    moving = steps[steps > 0]
    if len(moving) < MIN_STUCK:
        return Stuck(marks, 0)
    usual = max(float(np.percentile(moving, 95)), float(np.median(moving)))
    for start, end in _spans(np.concatenate([[False], steps == 0])):
        start -= 1  # the first sample of the run has moved, and keeps the last true value
        if end - start >= MIN_STUCK and end < len(values) and steps[end - 1] > STUCK_JUMP * usual:
            marks[start + 1 : end] = True
            runs += 1
    return Stuck(marks, runs)


def _runs(mask: np.ndarray, length: int) -> np.ndarray:
    result = np.zeros(len(mask), bool)
    for start, end in _spans(mask):
        if end - start >= length:
            result[start:end] = True
    return result


def _spans(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return start and end (exclusive) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
