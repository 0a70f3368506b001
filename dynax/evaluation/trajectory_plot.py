"""A plot of a few predicted trajectories over the true ones."""

from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynax.envs.state_space import StateSpace
from dynax.evaluation.metrics import THRESHOLDS
from dynax.evaluation.plot_style import COLORS, GRAY, STYLE, TRUTH, save_figure
from dynax.math import rotations
from dynax.math.first_passage import first_passage

MAX_ROWS = 12  # plotted degrees of freedom
MIN_STEPS = 10  # of the plotted truth


def trajectories(
    path: Path,
    space: StateSpace,
    truth: Float[np.ndarray, "K steps S"],
    predicted: Float[np.ndarray, "K steps S"],
    error: Float[np.ndarray, "K steps"],
    title: str,
) -> None:
    """Plot predictions over the truth: one row per degree of freedom, one column per trajectory.

    A prediction is plotted until its normalized `error` exceeds the last threshold. Angles start between -pi and pi.
    """
    dofs = np.flatnonzero(space.observed[: space.nv])[:MAX_ROWS]
    truth, predicted = (x[..., dofs] for x in continuous_positions(space, truth, predicted.astype(np.float64)))
    full_turns = np.where(space.wrapped[dofs], 2 * np.pi * np.round(truth[:, :1] / (2 * np.pi)), 0.0)
    truth, predicted = truth - full_turns, predicted - full_turns
    time = space.dt * np.arange(truth.shape[1])
    ends = np.minimum(first_passage(error, THRESHOLDS[-1]), len(time) - 1)
    with rc_context(STYLE):
        figure = Figure(figsize=(4.0 * len(truth), 1.7 * len(dofs) + 1.3), layout="constrained")
        grid = figure.subplots(len(dofs), len(truth), sharex="col", squeeze=False)
        for k, column in enumerate(grid.T):
            _plot_column(column, time, truth[k], predicted[k], int(ends[k]))
        for axes, dof in zip(grid[:, 0], dofs, strict=True):
            axes.set_ylabel(f"{space.names[dof]} [{space.units[dof]}]")
        grid[0, 0].legend(loc="best", fontsize=8)
        figure.align_ylabels()
        figure.suptitle(title, x=0.01, ha="left", weight="bold")
        save_figure(figure, path)


def _plot_column(column: np.ndarray, time: np.ndarray, truth: np.ndarray, predicted: np.ndarray, end: int) -> None:
    """Plot one trajectory; the prediction ends at step `end`."""
    stop = min(len(time), max(MIN_STEPS, round(1.3 * end)))
    for j, axes in enumerate(column):
        assert isinstance(axes, Axes)
        axes.plot(time[:stop], truth[:stop, j], color=TRUTH, lw=2.5, alpha=0.45, label="truth")
        axes.plot(time[: end + 1], predicted[: end + 1, j], color=COLORS["model"], lw=1.2, label="prediction")
        axes.axvline(time[end], color=GRAY, lw=0.8, ls=":")
    column[0].set_title(f"error below {THRESHOLDS[-1]:g} for {time[end]:.2f} s", fontsize=9, weight="normal")
    column[-1].set_xlabel("time [s]")


def continuous_positions(
    space: StateSpace, truth: Float[np.ndarray, "K steps S"], predicted: Float[np.ndarray, "K steps S"]
) -> tuple[Float[np.ndarray, "K steps nv"], Float[np.ndarray, "K steps nv"]]:
    """Return the positions of true and predicted states, with orientations as rotation vectors without jumps."""
    paths = space.positions(truth), space.positions(predicted)
    for _, dofs, is_orientation in space.blocks:
        if is_orientation:
            start = paths[0][:, 0, dofs].copy()
            for positions in paths:
                positions[..., dofs] = rotations.unwrap(positions[..., dofs], start)
    return paths
