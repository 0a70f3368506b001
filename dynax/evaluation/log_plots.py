"""The plots of an evaluation on recorded trajectories."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib import rc_context
from matplotlib.figure import Figure

from dynax.envs.state_space import StateSpace
from dynax.evaluation.log_predictions import Predictions
from dynax.evaluation.plot_style import COLORS, GRAY, STYLE, TRUTH, save_figure

MAX_ROWS = 12  # plotted coordinates


def horizon(
    path: Path,
    errors: Mapping[str, Float[np.ndarray, "W window C"]],
    coordinates: Mapping[int, str],
    noise: Mapping[int, float],
    dt: float,
) -> None:
    """Plot the root mean square error of windows over the horizon, one row for each coordinate.

    Args:
        path: the picture.
        errors: errors of each predictor; the first step is the initial state.
        coordinates: the plotted coordinates, with their labels and units.
        noise: noise floors of coordinates, where they are known.
        dt: time of a step, s.
    """
    rows = list(coordinates.items())[:MAX_ROWS]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 1.8 * len(rows) + 1), layout="constrained")
        grid = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (c, label) in zip(grid, rows, strict=True):
            for name, error in errors.items():
                time = dt * np.arange(1, error.shape[1])
                line = {"lw": 2.0, "ls": "-"} if name == "model" else {"lw": 1.5, "ls": "--"}
                axes.semilogy(
                    time, np.sqrt(np.mean(error[:, 1:, c] ** 2, axis=0)), color=COLORS[name], label=name, **line
                )
            if noise.get(c):
                axes.axhline(noise[c], color=GRAY, lw=0.8, ls=":", label="noise floor")
            axes.set_ylabel(label, fontsize=8)
        grid[0].legend(fontsize=8, ncols=4)
        grid[-1].set_xlabel("prediction horizon [s]")
        figure.suptitle("Root mean square error", x=0.01, ha="left", weight="bold")
        save_figure(figure, path)


def trajectories(path: Path, space: StateSpace, whole: Predictions, count: int) -> None:
    """Plot the positions of `count` whole simulations over the measured ones.

    Args:
        path: the picture.
        space: the state space of the robot.
        whole: whole simulations.
        count: number of plotted simulations, if there are so many.
    """
    dofs = np.flatnonzero(space.observed[: space.nv])[:MAX_ROWS]
    columns = min(count, len(whole.truth))
    with rc_context(STYLE):
        figure = Figure(figsize=(4.0 * columns, 1.7 * len(dofs) + 1.3), layout="constrained")
        grid = figure.subplots(len(dofs), columns, sharex="col", squeeze=False)
        for k in range(columns):
            length = int(whole.valid[k].sum())
            truth, predicted = (space.positions(x[k, :length]) for x in (whole.truth, whole.predicted["model"]))
            time = space.dt * np.arange(length)
            for axes, dof in zip(grid[:, k], dofs, strict=True):
                low, high = truth[:, dof].min(), truth[:, dof].max()
                margin = 0.5 * max(high - low, 1e-9)
                axes.plot(time, truth[:, dof], color=TRUTH, lw=2.5, alpha=0.45, label="measured")
                axes.plot(time, predicted[:, dof], color=COLORS["model"], lw=1.2, label="predicted, open loop")
                axes.set_ylim(low - margin, high + margin)
            grid[-1, k].set_xlabel("time [s]")
        for axes, dof in zip(grid[:, 0], dofs, strict=True):
            axes.set_ylabel(f"{space.names[dof]} [{space.units[dof]}]", fontsize=8)
        grid[0, 0].legend(loc="best", fontsize=8)
        figure.suptitle("Whole simulations", x=0.01, ha="left", weight="bold")
        save_figure(figure, path)
