"""Accuracy over the number of transitions: the cart pole, from 500 to a million, with about 15,000 updates each."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.common import markdown, median
from benchmarks.fidelity.cells import distinct, finished, nrmse, select, vpt
from benchmarks.fidelity.table import Result, Row, Table
from dynax.evaluation.plot_style import STYLE, TRUTH

TRANSITIONS = (500, 1_500, 5_000, 15_000, 50_000, 300_000, 1_000_000)
MODELS = ("mlp", "quadratic", "lagrangian")
UPDATES, MAX_EPOCHS = 15_000, 1_000
UPDATES_PER_EPOCH = 30  # at least
MAX_STEPS, MIN_TRAJECTORIES = 500, 10  # steps of a trajectory, trajectories of a dataset
COLORS = {"mlp": "#d1495b", "transformer": "#8f5aa8", "quadratic": "#e0a030", "lagrangian": "#2a8c82"}


def settings(transitions: int) -> dict[str, str]:
    """Return the settings of a training on a number of transitions."""
    length = min(MAX_STEPS, transitions // MIN_TRAJECTORIES)
    train = transitions * 9 // 10  # one tenth is for validation
    batch = min(512, max(32, 2 ** int(math.log2(train / UPDATES_PER_EPOCH))))
    epochs = min(MAX_EPOCHS, max(1, round(UPDATES / (train // batch))))
    return {
        "collect.num_rollouts": str(transitions // length),
        "collect.rollout_length": str(length),
        "training.batch_size": str(batch),
        "training.num_epochs": str(epochs),
        "training.checkpoint_every": str(max(1, epochs // 10)),
    }


def render(results: Sequence[Result]) -> str:
    """Return the table: one row per number of transitions, two columns per model."""
    models = [model for (model,) in distinct(results, "model")]
    columns = ["transitions", *(f"{m}, VPT(0.1)" for m in models), *(f"{m}, nRMSE(100)" for m in models)]
    lines = []
    for (label,) in distinct(results, "label"):
        rows = [select(results, label=label, model=model) for model in models]
        lines.append([label, *map(vpt, rows), *map(nrmse, rows)])
    return markdown(columns, lines)


def plot(path: Path, results: Sequence[Result]) -> None:
    """Plot VPT(0.1) and nRMSE(100) over the number of transitions: one dot per seed, and a line through the medians."""
    done = finished(results)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharex=True)
        _plot_models(left, done, lambda r: r["vpt"]["0.1"]["median_s"])
        _plot_models(right, done, lambda r: r["nrmse"]["100"])
        _plot_ceiling(left, median(done, lambda r: r["ceiling"]["0.1"]["median_s"]))
        left.set(title="Valid prediction time", ylabel="VPT(0.1) [s]")
        right.set(title="Error after one second", ylabel="nRMSE after 100 steps")
        left.yaxis.set_major_formatter("{x:g}")
        for axes in (left, right):
            axes.set_xlabel("transitions")
            axes.legend(loc="best")
        figure.suptitle("cart_pole: one dot per seed, lines through the medians", x=0.01, ha="left", color="0.35")
        figure.savefig(path)


def _plot_ceiling(axes: Axes, seconds: float) -> None:
    axes.axhline(seconds, color=TRUTH, lw=1, ls=":")
    axes.annotate(
        "the simulator in float32", (1, seconds), xycoords=("axes fraction", "data"), xytext=(0, 3),
        textcoords="offset points", ha="right", color=TRUTH, fontsize=8,
    )  # fmt: skip


def _plot_models(axes: Axes, results: Sequence[Result], value: Callable[[Result], float]) -> None:
    axes.set(xscale="log", yscale="log")
    for (model,) in distinct(results, "model"):
        row = select(results, model=model)
        sizes = sorted({r["transitions"] for r in row})
        medians = [median(select(row, transitions=n), value) for n in sizes]
        axes.plot(sizes, medians, "-", color=COLORS[model], lw=2, label=model)
        axes.plot([r["transitions"] for r in row], [value(r) for r in row], "o", color=COLORS[model], ms=4, mew=0)


TABLE = Table(
    "curve",
    tuple(Row(f"n{n}", ("cart_pole",), MODELS, settings(n), f"{n:,}") for n in TRANSITIONS),
    render,
    plot=plot,
    picture="sample_efficiency.png",
)
