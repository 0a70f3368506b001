"""The plots of a run, as PNG files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from dynax.evaluation.metrics import MIN_ERROR, ValidTime
from dynax.evaluation.plot_style import COLORS, GRAY, STYLE, TRUTH, save_figure
from dynax.evaluation.scores import Score
from dynax.evaluation.trajectory_plot import trajectories
from dynax.uncertainty.calibration import LEVELS
from dynax.uncertainty.reliability import Reliability

__all__ = ["horizon", "loss_curve", "reliability", "trajectories"]

LABELS = {"ceiling": "ceiling: MuJoCo, state in float32"}
PROMINENT = ("model", "ceiling")  # predictors with a solid line and a band


def loss_curve(path: Path, rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """Plot training loss and open-loop validation error over the epochs of `metrics.jsonl`."""
    epochs = [row["epoch"] for row in rows]
    best = min(rows, key=lambda row: row["val_nrmse"])
    losses, errors = ([max(row[key], MIN_ERROR) for row in rows] for key in ("loss", "val_nrmse"))
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.semilogy(epochs, losses, color=TRUTH)
        left.set(title="Training loss", xlabel="epoch", ylabel="one-step MSE / target variance")
        right.semilogy(epochs, errors, color=COLORS["model"])
        right.plot(best["epoch"], min(errors), "o", color=COLORS["model"], label=f"best: epoch {best['epoch']}")
        right.set(title="Validation, open loop", xlabel="epoch", ylabel="nRMSE, geometric mean")
        right.legend()
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        figure.suptitle(title, x=0.01, ha="left", color="0.35")
        save_figure(figure, path)


def horizon(path: Path, scores: Mapping[str, Score], dt: float, title: str) -> None:
    """Plot the error over the prediction horizon, with the valid prediction times of the model.

    Args:
        path: the PNG file.
        scores: scores by predictor; `model` is required.
        dt: control step, s.
        title: title of the plot.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 4.4), layout="constrained")
        axes = figure.subplots()
        for name, score in scores.items():
            _plot_error(axes, name, score, dt)
        for valid in scores["model"].valid_times:
            _mark_threshold(axes, valid)
        _annotate(axes, scores["model"].valid_times[0])
        axes.set(yscale="log", ylim=(1e-8, 10), xlabel="prediction horizon [s]", ylabel="error / standard deviation")
        axes.set_title(title)
        axes.legend(loc="lower right", ncols=2)
        save_figure(figure, path)


def _plot_error(axes: Axes, name: str, score: Score, dt: float) -> None:
    """Plot the median over trajectories, and a band from the 10th to the 90th percentile."""
    time = dt * np.arange(1, score.error.shape[1])
    low, middle, high = np.maximum(np.percentile(score.error[:, 1:], [10, 50, 90], axis=0), MIN_ERROR)
    solid = name in PROMINENT
    line = {"color": COLORS[name], "lw": 2 if solid else 1.5, "ls": "-" if solid else "--"}
    axes.plot(time, middle, label=LABELS.get(name, name), **line)
    if solid:
        axes.fill_between(time, np.maximum(low, 1e-9), high, color=COLORS[name], alpha=0.15, lw=0)
    axes.set_xlim(0, time[-1])


def _mark_threshold(axes: Axes, valid: ValidTime) -> None:
    """Draw a threshold, with a dot at the valid prediction time."""
    axes.axhline(valid.threshold, color=GRAY, lw=0.8, ls=":")
    position: dict[str, Any] = {
        "xycoords": ("axes fraction", "data"),
        "xytext": (4, -3),
        "textcoords": "offset points",
    }
    axes.annotate(f"{valid.threshold:g}", (1.0, valid.threshold), color=GRAY, **position)
    axes.plot(valid.median, valid.threshold, "o", color=COLORS["model"], ms=5, zorder=5)


def _annotate(axes: Axes, valid: ValidTime) -> None:
    """Write a valid prediction time beside its dot."""
    text = f"VPT({valid.threshold:g}) {'> ' if valid.is_lower_bound else ''}{valid.median:.2f} s"
    axes.annotate(
        text, (valid.median, valid.threshold), xytext=(14, -15), textcoords="offset points", color=COLORS["model"],
        path_effects=[withStroke(linewidth=3, foreground="white")], zorder=6,
    )  # fmt: skip


def reliability(path: Path, result: Reliability, dt: float, title: str) -> None:
    """Plot the observed coverage over the nominal coverage of the intervals, without and with calibration.

    Args:
        path: the PNG file.
        result: the reliability, with one curve per horizon.
        dt: control step, s.
        title: title of the plot.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(8.4, 4.2), layout="constrained")
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        shades = np.linspace(0.9, 0.3, len(result.steps))
        for axes, name, coverage in zip(
            panels, ("Raw", "Calibrated"), (result.raw_coverage, result.coverage), strict=True
        ):
            axes.plot([0, 1], [0, 1], color=GRAY, lw=1, ls="--")
            for h, k in enumerate(result.steps):
                color = colormaps["viridis"](1 - shades[h])
                axes.plot([0, *LEVELS], [0, *coverage[:, h]], "o-", color=color, ms=4, label=f"after {k * dt:g} s")
            axes.set(title=name, xlabel="nominal coverage", xlim=(0, 1), ylim=(0, 1))
            axes.set_aspect("equal")
        panels[0].set_ylabel("observed coverage")
        panels[1].legend(loc="upper left")
        figure.suptitle(title, x=0.01, ha="left", color="0.35")
        save_figure(figure, path)
