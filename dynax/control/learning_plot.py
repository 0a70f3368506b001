"""The plot of the return of each round of `dynax learn`, as a PNG file."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from dynax.control.learning import RoundResult
from dynax.evaluation.plot_style import COLORS, GRAY, STYLE, save_figure


def plot_learning_curve(path: Path, rounds: Sequence[RoundResult], title: str) -> None:
    """Plot the return of each round over the true transitions. A filled point is a successful episode.

    Args:
        path: the PNG file.
        rounds: the rounds; the first one has random actions.
        title: title of the plot.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(6.5, 3.8), layout="constrained")
        axes, learned, color = figure.subplots(), rounds[1:], COLORS["model"]
        axes.plot([r.transitions for r in learned], [r.total for r in learned], color=color, lw=1.6, zorder=2)
        for success, face, label in ((True, color, "success"), (False, "white", "no success")):
            points = [(r.transitions, r.total) for r in learned if r.success == success]
            if points:
                axes.scatter(*zip(*points, strict=True), s=36, fc=face, ec=color, label=label, zorder=3)
        axes.axhline(rounds[0].total, color=GRAY, ls="--", lw=1, label="random actions")
        axes.axvspan(0, rounds[0].transitions, color=GRAY, alpha=0.1, lw=0)
        axes.set(xlabel="transitions of the true robot", ylabel="return of an episode")
        axes.set_xlim(0, rounds[-1].transitions * 1.02)
        axes.legend(loc="center right")
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        save_figure(figure, path)
