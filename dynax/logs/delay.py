"""The delay between an action and its effect on the acceleration.

In a dataset, an action acts from its own sample until the next one. The delay is zero if the change of velocity between
these two samples depends on this action.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.ndimage import uniform_filter1d

from dynax.logs.resampling import Segment

MAX_DELAY = 20  # sampling intervals
STEP = 0.1  # resolution of the search, sampling intervals
MIN_GAIN = 0.05  # relative decrease of the residual by the actions, and by their delay against those nearby
NEARBY = 3.0  # sampling intervals
WIDTHS = (1, 9, 33)  # samples over which noisy changes of velocity are averaged
MAX_SAMPLES = 20_000  # per estimate


def estimate(segments: Sequence[Segment], angles: Sequence[bool]) -> float | None:
    """Return the delay in sampling intervals, or None if the log does not determine it.

    The change of velocity is regressed on functions of the state and on the actions, delayed by each candidate. The
    candidate with the smallest residual is the delay, refined by a parabola. All columns are averaged over the same
    number of samples, the smallest of `WIDTHS` at which the actions explain enough: this removes noise without delay.

    Args:
        segments: segments with velocities.
        angles: whether each position is an angle in rad.
    """
    parts, used = [], 0
    for segment in segments:
        if segment.steps > 3 * MAX_DELAY + WIDTHS[-1] and segment.action.shape[1] and used < MAX_SAMPLES:
            parts.append(segment.part(0, min(segment.steps + 1, MAX_SAMPLES - used + 3 * MAX_DELAY + WIDTHS[-1])))
            used += parts[-1].steps
    if not parts:
        return None
    bases, changes = zip(*(_basis(part, angles) for part in parts), strict=True)
    for width in WIDTHS:
        fit = _Regression(parts, bases, changes, width)
        coarse = np.arange(-1.0, MAX_DELAY - 1.0)
        start = coarse[np.argmin([fit.residual(delay) for delay in coarse])]
        fine = np.arange(start - 1, start + 1 + STEP / 2, STEP)
        errors = np.array([fit.residual(delay) for delay in fine])
        best = float(fine[errors.argmin()])
        around = min(fit.residual(best - NEARBY), fit.residual(best + NEARBY))
        if errors.min() <= (1 - MIN_GAIN) * fit.alone and errors.min() <= (1 - MIN_GAIN) * around:
            return float(max(0.0, _vertex(fine, errors, int(errors.argmin()))))
    return None


class _Regression:
    """A regression of the change of velocity on the state and on delayed actions.

    The state is projected out of changes and actions once (Frisch and Waugh 1933).
    """

    def __init__(
        self, parts: Sequence[Segment], bases: Sequence[np.ndarray], changes: Sequence[np.ndarray], width: int
    ):
        self._parts, self._width = parts, width
        self._basis = np.linalg.qr(self._averaged(bases))[0]
        change = self._averaged(changes)
        change = (change - change.mean(axis=0)) / np.maximum(change.std(axis=0), 1e-12)
        self._change = self._projected(change)
        self.alone = float(np.mean(self._change**2)) or 1.0

    def residual(self, delay: float) -> float:
        """Return the mean square of the residual with actions that are `delay` sampling intervals late."""
        action = self._projected(self._averaged([_delayed(part, delay) for part in self._parts]))
        coefficients = np.linalg.lstsq(action, self._change, rcond=None)[0]
        return float(np.mean((self._change - action @ coefficients) ** 2))

    def _averaged(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        if self._width == 1:
            return np.concatenate(parts)
        return np.concatenate(
            [uniform_filter1d(part, self._width, axis=0)[self._width : -self._width] for part in parts]
        )

    def _projected(self, columns: np.ndarray) -> np.ndarray:
        return columns - self._basis @ (self._basis.T @ columns)


def _basis(part: Segment, angles: Sequence[bool]) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "n nv"]]:
    """Return functions of the state, and the change of velocity to the next sample."""
    assert part.qvel is not None
    rows = slice(MAX_DELAY, part.steps - 1)
    q, v = part.qpos[rows], part.qvel[rows]
    trig = [
        f(q[:, i]) if angle else q[:, i] ** k for i, angle in enumerate(angles) for k, f in ((1, np.sin), (2, np.cos))
    ]
    products = [v[:, i] * v[:, j] for i in range(v.shape[1]) for j in range(i + 1)]
    columns = [np.ones(len(q)), *trig, *v.T, *np.sign(v).T, *products]
    return np.stack(columns, axis=1), np.diff(part.qvel, axis=0)[rows]


def _delayed(part: Segment, delay: float) -> Float[np.ndarray, "n u"]:
    """Return the actions of `_basis`, `delay` sampling intervals earlier, interpolated between samples."""
    times = np.arange(MAX_DELAY, part.steps - 1) - delay
    return np.stack([np.interp(times, np.arange(len(u)), u) for u in part.action.T], axis=1)


def _vertex(candidates: np.ndarray, errors: np.ndarray, best: int) -> float:
    if best in (0, len(candidates) - 1):
        return float(candidates[best])
    left, middle, right = errors[best - 1 : best + 2]
    curvature = left - 2 * middle + right
    return float(candidates[best] + (STEP * 0.5 * (left - right) / curvature if curvature > 0 else 0.0))
