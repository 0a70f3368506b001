"""Measure the accuracy of the default models and the speed of their predictions, and plot one over the other.

Both come from the `summary.json` of one evaluation. The plot is written with the results.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from benchmarks.common import markdown
from benchmarks.document import ROOT
from benchmarks.speed.commands import new_result, summary_of
from dynax.evaluation.plot_style import COLORS, GRAY, STYLE, save_figure

CASES = (
    ("cart_pole", "lagrangian"),
    ("cart_pole", "quadratic"),
    ("cart_pole", "mlp"),
    ("cart_pole", "transformer"),
    ("hopper", "mechanical"),
    ("hopper", "mlp"),
)
SECONDS = {"hopper": 8.0}  # of the test of a robot; 25 s otherwise
PLOT = ROOT / "img" / "speed_accuracy.png"


def measured(robot: str, model: str) -> dict[str, Any]:
    """Return the accuracy and the speed of a model after its default training."""
    with tempfile.TemporaryDirectory() as folder:
        trained = new_result(Path(folder), "train", f"env={robot}", f"model={model}")
        seconds = f"eval.seconds={SECONDS.get(robot, 25.0)}"
        evaluated = new_result(Path(folder), "eval", f"run={trained}", seconds)
        summary = summary_of(evaluated)
        return {
            "robot": robot,
            "model": model,
            "vpt_s": summary["scores"]["model"]["vpt"]["0.1"]["median_s"],
            "ceiling_s": summary["scores"]["ceiling"]["vpt"]["0.1"]["median_s"],
            "training_time_s": summary_of(trained)["training_time_s"],
            "speed": summary["speed"],
        }


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each model, which is trained once, and write the plot."""
    results = []
    for case in CASES:
        results.append(measured(*case))
        plot(PLOT, results)
        yield results[-1]


def plot(path: Path, results: Sequence[dict[str, Any]]) -> None:
    """Plot the valid prediction time over the speed, with one panel for each robot."""
    robots = list(dict.fromkeys(result["robot"] for result in results))
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        for axes, robot in zip(np.atleast_1d(figure.subplots(1, len(robots))), robots, strict=True):
            own = [result for result in results if result["robot"] == robot]
            mujoco = float(np.median([result["speed"]["mujoco"] for result in own]))
            axes.axvline(mujoco, color=GRAY, ls="--", lw=1)
            bottom = {"xycoords": ("data", "axes fraction"), "rotation": 90, "va": "bottom", "ha": "right"}
            axes.annotate("C MuJoCo", (mujoco, 0.02), **bottom)
            axes.scatter([r["speed"]["model"] for r in own], [r["vpt_s"] for r in own], color=COLORS["model"], zorder=3)
            for r in own:
                place = r["speed"]["model"], r["vpt_s"]
                axes.annotate(r["model"], place, xytext=(5, 4), textcoords="offset points")
            axes.axhline(own[0]["ceiling_s"], color=COLORS["ceiling"], lw=1)
            axes.annotate("ceiling", (0.01, own[0]["ceiling_s"]), xycoords=("axes fraction", "data"), va="bottom")
            axes.set(xscale="log", xlabel="simulated seconds per second", ylabel="VPT(0.1) [s]", title=robot)
            axes.set_ylim(0, 1.15 * own[0]["ceiling_s"])
            speeds = [mujoco, *(r["speed"]["model"] for r in own)]
            axes.set_xlim(10 ** np.floor(np.log10(min(speeds))), 10 ** np.ceil(np.log10(2 * max(speeds))))
        save_figure(figure, path)


def table(results: list[dict[str, Any]]) -> str:
    """Return the results as a table."""
    columns = [
        "robot",
        "model",
        "VPT(0.1)",
        "ceiling",
        "simulated seconds per second",
        "relative to C MuJoCo",
        "training time",
    ]
    rows = [
        [
            r["robot"],
            r["model"],
            f"{r['vpt_s']:.2f} s",
            f"{r['ceiling_s']:.2f} s",
            f"{r['speed']['model']:,.0f}",
            f"{r['speed']['model'] / r['speed']['mujoco']:.2f}",
            f"{r['training_time_s']:.0f} s",
        ]
        for r in results
    ]
    return markdown(columns, rows)
