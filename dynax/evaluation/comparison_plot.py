"""The plot of a comparison of runs."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from dynax.evaluation.plot_style import COLORS, STYLE, save_figure
from dynax.runs.comparison import Entry

MAX_LABELS = 20  # runs that are labelled; more labels would overlap


def ranking(path: Path, entries: Sequence[Entry], title: str) -> None:
    """Plot the valid prediction time over the training time, with one point for each run.

    Args:
        path: the PNG file.
        entries: the runs, from the best to the worst. The best ones are labelled with their options.
        title: title of the plot.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 4.8), layout="constrained")
        axes = figure.subplots()
        times, valid = [entry.training_time_s for entry in entries], [entry.vpt_s for entry in entries]
        axes.scatter(times, valid, s=36, color=COLORS["ceiling"], alpha=0.8, zorder=3)
        axes.scatter(times[:1], valid[:1], s=64, color=COLORS["model"], zorder=4)
        for entry in entries[:MAX_LABELS]:
            label = ", ".join(f"{key.split('.')[-1]}={value}" for key, value in entry.options.items())
            place = entry.training_time_s, entry.vpt_s
            axes.annotate(label, place, xytext=(6, 3), textcoords="offset points", fontsize=8)
        axes.set(xlabel="training time [s]", ylabel="valid prediction time VPT(0.1) [s]", title=title)
        axes.set_ylim(0, 1.1 * max(*valid, 1e-9))
        axes.margins(x=0.15)
        save_figure(figure, path)
