"""The figures of a run, as PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from dynax.envs.state_space import StateSpace
from dynax.evaluation.metrics import THRESHOLDS, Score
from dynax.math import rotations

STYLE: dict[Any, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
}
COLORS = {"model": "#d1495b", "ceiling": "#2e4057", "hold last": "#9aa5b1", "constant velocity": "#c9b458"}
LEGEND = {"ceiling": "ceiling: the simulator in float32"}
TRUTH = "#2e4057"
MOST_ROWS = 12  # of a page


def loss_curve(path: Path, rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """Training loss and open-loop validation error over the epochs of `metrics.jsonl`."""
    epochs = [row["epoch"] for row in rows]
    best = min(rows, key=lambda row: row["val_nrmse"])
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.semilogy(epochs, [row["loss"] for row in rows], color=TRUTH)
        left.set(title="Training loss", xlabel="epoch", ylabel="one-step MSE / target variance")
        right.semilogy(epochs, [row["val_nrmse"] for row in rows], color=COLORS["model"])
        right.plot(best["epoch"], best["val_nrmse"], "o", color=COLORS["model"], label=f"best: epoch {best['epoch']}")
        right.set(title="Validation, open loop", xlabel="epoch", ylabel="nRMSE, geometric mean")
        right.legend()
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        figure.suptitle(title, x=0.01, ha="left", color="0.35")
        figure.savefig(path)


def horizon(path: Path, scores: Mapping[str, Score], dt: float, title: str) -> None:
    """Error over the prediction horizon: the median trajectory and the band from the 10th to the 90th percentile."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 4.4), layout="constrained")
        axes = figure.subplots()
        for name, score in scores.items():
            time = dt * np.arange(1, score.error.shape[1])
            low, middle, high = np.percentile(score.error[:, 1:], [10, 50, 90], axis=0)
            solid = name in ("model", "ceiling")
            line = {"color": COLORS[name], "lw": 2 if solid else 1.5, "ls": "-" if solid else "--"}
            axes.plot(time, middle, label=LEGEND.get(name, name), **line)
            if solid:
                axes.fill_between(time, np.maximum(low, 1e-9), high, color=COLORS[name], alpha=0.15, lw=0)
            axes.set_xlim(0, time[-1])
        for threshold, valid in zip(THRESHOLDS, scores["model"].valid, strict=True):
            axes.axhline(threshold, color="0.4", lw=0.8, ls=":")
            place = {"xycoords": ("axes fraction", "data"), "xytext": (4, -3), "textcoords": "offset points"}
            axes.annotate(f"{threshold:g}", (1.0, threshold), color="0.4", **place)
            axes.plot(valid.median, threshold, "o", color=COLORS["model"], ms=5, zorder=5)
        first = scores["model"].valid[0]
        note = f"VPT({first.threshold:g}) {'> ' if first.capped else ''}{first.median:.2f} s"
        axes.annotate(
            note, (first.median, first.threshold), xytext=(14, -15), textcoords="offset points", color=COLORS["model"],
            path_effects=[withStroke(linewidth=3, foreground="white")], zorder=6,
        )  # fmt: skip
        axes.set(yscale="log", ylim=(1e-8, 10), xlabel="prediction horizon [s]", ylabel="error / standard deviation")
        axes.set_title(title)
        axes.legend(loc="lower right", ncols=2)
        figure.savefig(path)


def trajectories(
    path: Path, space: StateSpace, truth: np.ndarray, predicted: np.ndarray, error: np.ndarray, title: str
) -> None:
    """A few predictions (K, T+1, S) over the truth (K, T+1, S): a row a joint, a column a trajectory.

    A prediction is drawn until its error (K, T+1) has passed the last threshold; angles start within a turn of zero.
    """
    time, rows = space.dt * np.arange(truth.shape[1]), np.flatnonzero(space.observed[: space.nv])[:MOST_ROWS]
    truth, predicted = (x[..., rows] for x in _paths(space, truth, predicted.astype(np.float64)))
    turns = np.where(space.wrapped[rows], 2 * np.pi * np.round(truth[:, :1] / (2 * np.pi)), 0.0)
    shape = (len(rows), len(truth))
    size = (4.0 * shape[1], 1.7 * shape[0] + 1.3)
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(*shape, sharex="col", squeeze=False)
        for k, column in enumerate(grid.T):
            passed = error[k] > THRESHOLDS[-1]
            lost = int(passed.argmax()) if passed.any() else len(time) - 1
            shown = min(len(time), max(10, round(1.3 * lost)))
            for j, axes in enumerate(column):
                true, guess = truth[k, :shown, j] - turns[k, 0, j], predicted[k, : lost + 1, j] - turns[k, 0, j]
                axes.plot(time[:shown], true, color=TRUTH, lw=2.5, alpha=0.45, label="truth")
                axes.plot(time[: lost + 1], guess, color=COLORS["model"], lw=1.2, label="prediction")
                axes.axvline(time[lost], color="0.4", lw=0.8, ls=":")
                axes.set_ylabel(f"{space.names[rows[j]]} [{space.units[rows[j]]}]" if k == 0 else "")
            column[0].set_title(f"error below {THRESHOLDS[-1]:g} for {time[lost]:.2f} s", fontsize=9, weight="normal")
            column[-1].set_xlabel("time [s]")
        grid[0, 0].legend(loc="best", fontsize=8)
        figure.align_ylabels()
        figure.suptitle(title, x=0.01, ha="left", weight="bold")
        figure.savefig(path)


def _paths(space: StateSpace, truth: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (K, T+1, nv) of states (K, T+1, S) for the eye: orientations do not jump."""
    found = space.positions(truth), space.positions(predicted)
    for _, v, turns in space.blocks:
        if turns:
            start = found[0][:, 0, v].copy()
            for positions in found:
                positions[..., v] = rotations.unwrap(positions[..., v], start)
    return found
