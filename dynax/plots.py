"""The figures of a run, as PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from dynax.metrics import THRESHOLDS, Score  # noqa: E402
from dynax.state_space import StateSpace  # noqa: E402

STYLE = {
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
COLOURS = {"model": "#d1495b", "ceiling": "#2e4057", "hold last": "#9aa5b1", "constant velocity": "#c9b458"}
TRUTH = "#2e4057"


def loss_curve(path: Path, rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """Training loss and open-loop validation error over the epochs of `metrics.jsonl`."""
    epochs = [row["epoch"] for row in rows]
    best = min(rows, key=lambda row: row["val_nrmse"])
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
        left.semilogy(epochs, [row["loss"] for row in rows], color=TRUTH)
        left.set(title="Training loss", xlabel="epoch", ylabel="one-step MSE / target variance")
        right.semilogy(epochs, [row["val_nrmse"] for row in rows], color=COLOURS["model"])
        right.plot(best["epoch"], best["val_nrmse"], "o", color=COLOURS["model"], label=f"best: epoch {best['epoch']}")
        right.set(title="Validation, open loop", xlabel="epoch", ylabel="nRMSE, mean over steps")
        right.legend()
        figure.suptitle(title, x=0.01, ha="left", color="0.35")
        figure.savefig(path)
        plt.close(figure)


def horizon(path: Path, scores: Mapping[str, Score], dt: float, title: str) -> None:
    """Error over the prediction horizon: the median trajectory and the band from the 10th to the 90th percentile."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
        for name, score in scores.items():
            time = dt * np.arange(1, score.error.shape[1])
            low, middle, high = np.percentile(score.error[:, 1:], [10, 50, 90], axis=0)
            solid = name in ("model", "ceiling")
            axes.plot(time, middle, color=COLOURS[name], lw=2 if solid else 1.5, ls="-" if solid else "--", label=name)
            if solid:
                axes.fill_between(time, np.maximum(low, 1e-9), high, color=COLOURS[name], alpha=0.15, lw=0)
        for threshold in THRESHOLDS:
            axes.axhline(threshold, color="0.4", lw=0.8, ls=":")
            axes.annotate(f"{threshold:g}", (1.0, threshold), xycoords=("axes fraction", "data"), xytext=(4, -3),
                          textcoords="offset points", color="0.4")  # fmt: skip
        axes.set(yscale="log", ylim=(1e-8, 10), xlim=(0, time[-1]))
        axes.set(title=title, xlabel="prediction horizon [s]", ylabel="error / standard deviation")
        axes.legend(loc="lower right")
        figure.savefig(path)
        plt.close(figure)


def trajectories(
    path: Path, space: StateSpace, truth: np.ndarray, predicted: np.ndarray, error: np.ndarray, title: str
) -> None:
    """A few predictions (K, T+1, S) over the truth (K, T+1, S): a row a joint, a column a trajectory.

    A prediction is drawn until its error (K, T+1) has passed the last threshold.
    """
    time = space.dt * np.arange(truth.shape[1])
    with plt.rc_context(STYLE):
        shape = (space.nv, len(truth))
        figure, grid = plt.subplots(*shape, figsize=(4.2 * shape[1], 2.0 * shape[0] + 0.7), sharex="col", sharey="row",
                                    squeeze=False, layout="constrained")  # fmt: skip
        for k in range(len(truth)):
            lost = int(np.argmax(error[k] > THRESHOLDS[-1])) or len(time)
            shown = min(len(time), max(10, round(1.4 * lost)))
            for j in range(space.nv):
                axes = grid[j, k]
                axes.plot(time[:shown], truth[k, :shown, j], color=TRUTH, lw=2.5, alpha=0.45, label="truth")
                axes.plot(time[:lost], predicted[k, :lost, j], color=COLOURS["model"], lw=1.2, label="prediction")
                axes.axvline(time[min(lost, shown) - 1], color="0.4", lw=0.8, ls=":")
                axes.set(ylabel=f"{space.names[j]} [{space.units[j]}]" if k == 0 else "")
            grid[-1, k].set(xlabel="time [s]")
        grid[0, 0].legend(loc="upper left", ncols=2)
        figure.suptitle(title, x=0.01, ha="left", weight="bold")
        figure.savefig(path)
        plt.close(figure)
