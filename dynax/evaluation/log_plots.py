"""The plots of an evaluation on recorded trajectories."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from dynax.evaluation.plot_style import COLORS, GRAY, STYLE, TRUTH

if TYPE_CHECKING:
    from dynax.evaluation.log_evaluation import LogEvaluation

MAX_ROWS = 12  # plotted coordinates


def horizon(path: Path, evaluation: "LogEvaluation") -> None:
    """Plot the root mean square error of the windows over the horizon, one row for each coordinate."""
    coordinates = list(evaluation.coordinates.items())[:MAX_ROWS]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 1.8 * len(coordinates) + 1), layout="constrained")
        grid = figure.subplots(len(coordinates), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (c, label) in zip(grid, coordinates, strict=True):
            for name, error in evaluation.window_errors.items():
                time = evaluation.trained.env.dt * np.arange(1, error.shape[1])
                line = {"lw": 2.0, "ls": "-"} if name == "model" else {"lw": 1.5, "ls": "--"}
                axes.semilogy(
                    time, np.sqrt(np.mean(error[:, 1:, c] ** 2, axis=0)), color=COLORS[name], label=name, **line
                )
            if noise := evaluation.noise(c):
                axes.axhline(noise, color=GRAY, lw=0.8, ls=":", label="noise floor")
            axes.set_ylabel(label, fontsize=8)
        grid[0].legend(fontsize=8, ncols=4)
        grid[-1].set_xlabel("prediction horizon [s]")
        figure.suptitle("Root mean square error", x=0.01, ha="left", weight="bold")
        figure.savefig(path)


def trajectories(path: Path, evaluation: "LogEvaluation") -> None:
    """Plot the positions of some whole simulations over the measured ones."""
    space, whole = evaluation.trained.env.space, evaluation.simulations
    dofs = np.flatnonzero(space.observed[: space.nv])[:MAX_ROWS]
    columns = min(evaluation.config.plot_trajectories, len(whole.truth))
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
        figure.savefig(path)
