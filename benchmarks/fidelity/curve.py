"""What more data bring: the cart pole learned from 500 to a million transitions, in about as many updates each."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.common import markdown, median
from benchmarks.fidelity.table import Result, Row, Table, finished, nrmse, of, values, vpt
from dynax.evaluation.plots import STYLE, TRUTH

TRANSITIONS = (500, 1_500, 5_000, 15_000, 50_000, 300_000, 1_000_000)
MODELS = ("mlp", "quadratic", "lagrangian")
UPDATES, EPOCHS = 15_000, 1_000  # at most
LONGEST, FEWEST = 500, 10  # steps of a trajectory, trajectories
COLORS = {"mlp": "#d1495b", "transformer": "#8f5aa8", "quadratic": "#e0a030", "lagrangian": "#2a8c82"}


def settings(transitions: int) -> dict[str, str]:
    """Trajectories of the usual length, but ten of them at least; batches that leave about 30 updates an epoch."""
    length = min(LONGEST, transitions // FEWEST)
    seen = transitions * 9 // 10  # the others validate
    batch = min(512, max(32, 2 ** int(math.log2(seen / 30))))
    epochs = min(EPOCHS, max(1, round(UPDATES / (seen // batch))))
    return {
        "collect.num_rollouts": str(transitions // length),
        "collect.rollout_length": str(length),
        "training.batch_size": str(batch),
        "training.num_epochs": str(epochs),
        "training.checkpoint_every": str(max(1, epochs // 10)),
    }


def render(results: Sequence[Result]) -> str:
    """A line for each number of transitions, two figures a model."""
    models = [model for (model,) in values(results, "model")]
    columns = ["transitions", *(f"{m}, VPT(0.1)" for m in models), *(f"{m}, nRMSE(100)" for m in models)]
    lines = []
    for (label,) in values(results, "label"):
        each = [of(results, label=label, model=model) for model in models]
        lines.append([label, *map(vpt, each), *map(nrmse, each)])
    return markdown(columns, lines)


def plot(path: Path, results: Sequence[Result]) -> None:
    """VPT(0.1) and nRMSE(100) over the number of transitions: a line through the medians, a dot a seed."""
    there = finished(results)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharex=True)
        _lines(left, there, lambda r: r["vpt"]["0.1"]["median_s"])
        _lines(right, there, lambda r: r["nrmse"]["100"])
        limit = median(there, lambda r: r["ceiling"]["0.1"]["median_s"])
        left.axhline(limit, color=TRUTH, lw=1, ls=":")
        left.annotate(
            "the simulator in float32", (1, limit), xycoords=("axes fraction", "data"), xytext=(0, 3),
            textcoords="offset points", ha="right", color=TRUTH, fontsize=8,
        )  # fmt: skip
        left.set(title="Valid prediction time", ylabel="VPT(0.1) [s]")
        right.set(title="Error after a second", ylabel="nRMSE after 100 steps")
        left.yaxis.set_major_formatter("{x:g}")
        for axes in (left, right):
            axes.set_xlabel("transitions")
            axes.legend(loc="best")
        figure.suptitle("cart_pole: a dot a seed, a line through their medians", x=0.01, ha="left", color="0.35")
        figure.savefig(path)


def _lines(axes: Axes, results: Sequence[Result], figure_of: Callable[[Result], float]) -> None:
    axes.set(xscale="log", yscale="log")
    for (model,) in values(results, "model"):
        mine = of(results, model=model)
        sizes = sorted({r["transitions"] for r in mine})
        middles = [median(of(mine, transitions=n), figure_of) for n in sizes]
        axes.plot(sizes, middles, "-", color=COLORS[model], lw=2, label=model)
        axes.plot([r["transitions"] for r in mine], [figure_of(r) for r in mine], "o", color=COLORS[model], ms=4, mew=0)


TABLE = Table(
    "curve",
    tuple(Row(f"n{n}", ("cart_pole",), MODELS, settings(n), f"{n:,}") for n in TRANSITIONS),
    render,
    plot=plot,
    picture="sample_efficiency.png",
)
