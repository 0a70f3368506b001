"""The plot of a comparison, as a PNG file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dynax.control.episodes import Episode
from dynax.evaluation.plot_style import COLORS, STYLE, TRUTH, save_figure

CURVES = {  # label, color, line style, line width; a wide line is visible below a thin one
    "model": ("the model", COLORS["model"], "-", 1.6),
    "mujoco": ("C MuJoCo", TRUTH, "-", 4.0),
    "mjx": ("MJX", COLORS["constant velocity"], "-", 6.0),
    "random": ("random actions", COLORS["hold last"], "--", 2.0),
}


def plot_returns(path: Path, episodes: Mapping[str, Sequence[Episode]], dt: float, title: str) -> None:
    """Plot the reward and the return over time, with one curve for each predictor.

    Args:
        path: the PNG file.
        episodes: episodes by predictor.
        dt: control step, s.
        title: title of the plot.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        for name, runs in episodes.items():
            gained = np.stack([episode.rewards for episode in runs])
            _curve(left, name, gained, dt)
            _curve(right, name, gained.cumsum(axis=1), dt)
        left.set(xlabel="time [s]", ylabel="reward per control step")
        right.set(xlabel="time [s]", ylabel="return since the start")
        left.set_title("Reward", fontsize=10)
        right.set_title("Return", fontsize=10)
        right.legend(title="plans with", loc="upper left", alignment="left")
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        save_figure(figure, path)


def _curve(axes: Axes, name: str, values: np.ndarray, dt: float) -> None:
    """Plot the median over episodes, and all episodes as thin lines."""
    label, color, style, width = CURVES[name]
    time = dt * np.arange(1, values.shape[1] + 1)
    axes.plot(time, values.T, color=color, lw=0.5, alpha=0.3, zorder=2)
    axes.plot(time, np.median(values, axis=0), color=color, ls=style, lw=width, label=label, zorder=4 - width / 10)
    axes.set_xlim(0, time[-1])
