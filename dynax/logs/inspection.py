"""Inspection of a dataset: coverage, excitation, sampling, noise, outliers, and correlation with the actions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import signal

from dynax.data.dataset import Dataset
from dynax.data.whole import WholeTrajectory, whole_trajectories
from dynax.logs.smoothing import NOISE_WINDOW, ORDER, noise_std

OUTLIER = 8.0  # an outlier is this many standard deviations of the noise away from a local polynomial
ENERGY_SHARE = 0.95  # of the spectrum below the reported frequency


@dataclass(frozen=True)
class Row:
    """The facts about one coordinate of the states or one entry of the actions."""

    label: str
    unit: str
    low: float  # 1st percentile
    median: float
    high: float  # 99th percentile
    std: float
    noise: float  # standard deviation of the noise
    outliers: int
    frequency: float  # below which 95% of the energy of the signal lies, Hz


@dataclass(frozen=True, eq=False)
class Inspection:
    """The facts about a dataset."""

    dataset: Dataset
    paths: Sequence[WholeTrajectory]
    rows: Sequence[Row]
    correlation: Float[np.ndarray, "nv u"]  # between accelerations and actions
    labels: Sequence[str]  # of the degrees of freedom
    action_names: Sequence[str]

    def summary(self) -> dict[str, Any]:
        """Return the facts as JSON data."""
        steps = sum(len(path.actions) for path in self.paths)
        return {
            "dataset": str(self.dataset.path),
            "dataset_sha256": self.dataset.sha256,
            "dt_s": self.dataset.dt,
            "trajectories": len(self.paths),
            "duration_s": steps * self.dataset.dt,
            "coordinates": [asdict(row) for row in self.rows],
            "correlation": {
                label: dict(zip(self.action_names, map(float, row), strict=True))
                for label, row in zip(self.labels, self.correlation, strict=True)
            },
        }


def inspect(dataset: Dataset, labels: Sequence[str], units: Sequence[str]) -> Inspection:
    """Return the facts about a dataset.

    Args:
        dataset: the dataset, whose positions and velocities have the same number of coordinates.
        labels: names of the coordinates of a state.
        units: their units.
    """
    paths, manifest = whole_trajectories(dataset), dataset.manifest
    names = manifest["action_names"]
    state_rows = [
        _row(label, unit, [path.states[:, i] for path in paths], dataset.dt)
        for i, (label, unit) in enumerate(zip(labels, units, strict=True))
    ]
    action_rows = [_row(name, "", [path.actions[:, i] for path in paths], dataset.dt) for i, name in enumerate(names)]
    nq, nv = manifest["nq"], manifest["nv"]
    correlation = _correlation(paths, slice(nq, nq + nv))
    return Inspection(dataset, paths, [*state_rows, *action_rows], correlation, list(labels[:nv]), names)


def spectrum(values: Sequence[np.ndarray], dt: float) -> tuple[Float[np.ndarray, " f"], Float[np.ndarray, " f"]]:
    """Return frequencies and the power spectral density of several trajectories (Welch 1967)."""
    length = min(1024, *(len(x) for x in values))
    densities = [signal.welch(x - x.mean(), 1 / dt, nperseg=length)[1] for x in values]
    return np.fft.rfftfreq(length, dt), np.mean(densities, axis=0)


def _row(label: str, unit: str, values: Sequence[np.ndarray], dt: float) -> Row:
    flat = np.concatenate(values)
    low, median, high = np.percentile(flat, [1, 50, 99])
    noise = float(np.median([noise_std(x) for x in values]))
    frequency, density = spectrum(values, dt)
    total = density.sum()
    reached = np.cumsum(density) >= ENERGY_SHARE * total
    edge = float(frequency[reached.argmax()]) if total > 0 else 0.0
    outliers = sum(_outliers(x, noise) for x in values)
    return Row(label, unit, float(low), float(median), float(high), float(flat.std()), noise, outliers, edge)


def _outliers(values: np.ndarray, noise: float) -> int:
    """Count the samples that are far from a local polynomial in both directions of time."""
    if len(values) < NOISE_WINDOW or noise <= 0:
        return 0
    residual = values - signal.savgol_filter(values, NOISE_WINDOW, ORDER)
    return int((np.abs(residual) > OUTLIER * noise).sum())


def _correlation(paths: Sequence[WholeTrajectory], velocities: slice) -> Float[np.ndarray, "nv u"]:
    """Return the correlation between changes of velocity and actions."""
    change = np.concatenate([np.diff(path.states[:, velocities], axis=0) for path in paths])
    action = np.concatenate([path.actions for path in paths])
    change, action = (x - x.mean(axis=0) for x in (change, action))
    scale = np.outer(change.std(axis=0), action.std(axis=0)) * len(change)
    return np.divide(change.T @ action, scale, out=np.zeros((change.shape[1], action.shape[1])), where=scale > 0)
