"""Time stamps: order, duplicates, jumps, gaps and the sampling interval."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

GAP_INTERVALS = 5.0  # an interval longer than this many median intervals is a gap
REGULAR = 0.02  # largest distance of a regular time stamp from its grid, in intervals
DIGITS = 3  # significant digits of a sampling interval that is computed from time stamps


@dataclass(frozen=True, eq=False)
class Stamps:
    """The usable samples of a clock, split where the clock jumps backwards."""

    stretches: list[Int[np.ndarray, " n"]]  # indices of samples with increasing time stamps
    missing: int  # samples without a time stamp
    duplicates: int  # samples with the time stamp of their predecessor
    glitches: int  # single time stamps outside the interval between their neighbors
    jumps: int  # places at which the clock jumps backwards


def check_stamps(time: Float[np.ndarray, " n"]) -> Stamps:
    """Return the usable samples of a clock.

    A sample is dropped if it has no time stamp, the time stamp of its predecessor, or a single wrong time stamp. A
    backward jump of the clock begins a new stretch.
    """
    rows = np.flatnonzero(np.isfinite(time))
    missing = len(time) - len(rows)
    rows, glitches = _without_glitches(time, rows)
    repeated = np.zeros(len(rows), bool)
    repeated[1:] = np.diff(time[rows]) == 0
    rows = rows[~repeated]
    backwards = np.flatnonzero(np.diff(time[rows]) < 0) + 1
    return Stamps(np.split(rows, backwards), missing, int(repeated.sum()), glitches, len(backwards))


def _without_glitches(time: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, int]:
    """Drop single time stamps that lie outside their neighbors, if the neighbors are close to each other."""
    if len(rows) < 3:
        return rows, 0
    before, now, after = time[rows[:-2]], time[rows[1:-1]], time[rows[2:]]
    limit = GAP_INTERVALS * sampling_interval(time[rows])
    wrong = np.zeros(len(rows), bool)
    wrong[1:-1] = (before < after) & (after - before <= limit) & ((now < before) | (now > after))
    return rows[~wrong], int(wrong.sum())


def sampling_interval(time: Float[np.ndarray, " n"]) -> float:
    """Return the interval between increasing time stamps, s.

    It is the median, rounded to `DIGITS` significant digits, because time stamps are often noisy. Time stamps on a grid
    with another interval, for example of a sampling rate of 610.35 Hz, keep their exact interval.
    """
    steps = np.diff(time)
    steps = steps[steps > 0]
    if not len(steps):
        return float("nan")
    rounded, mean = float(f"{np.median(steps):.{DIGITS}g}"), float((time[-1] - time[0]) / (len(time) - 1))
    return mean if mean > 0 and not is_regular(time, rounded) and is_regular(time, mean) else rounded


def covered(time: Float[np.ndarray, " n"], gap: float) -> list[tuple[float, float]]:
    """Return the intervals of time without a longer pause than `gap` between samples."""
    if not len(time):
        return []
    ends = np.flatnonzero(np.diff(time) > gap)
    starts = np.concatenate([[0], ends + 1])
    return list(zip(time[starts].tolist(), time[np.concatenate([ends, [len(time) - 1]])].tolist(), strict=True))


def common(first: list[tuple[float, float]], second: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the intersection of two lists of disjoint intervals."""
    pairs = ((max(a, c), min(b, d)) for a, b in first for c, d in second)
    return [(start, end) for start, end in pairs if start < end]


def is_regular(time: Float[np.ndarray, " n"], dt: float) -> bool:
    """Return whether the time stamps lie on a grid of the interval `dt`."""
    steps = (time - time[0]) / dt
    return bool(np.abs(steps - np.round(steps)).max() <= REGULAR) and bool((np.diff(np.round(steps)) == 1).all())


def on_grid(time: Float[np.ndarray, " n"], dt: float) -> Bool[np.ndarray, " n"]:
    """Return which time stamps are at a multiple of `dt` from the first one."""
    steps = (time - time[0]) / dt
    return np.abs(steps - np.round(steps)) <= REGULAR
