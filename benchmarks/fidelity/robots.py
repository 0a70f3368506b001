"""Robots that touch the ground: what contact, the robot's own frame and its equations are worth to a prediction."""

from collections.abc import Sequence

from benchmarks.common import markdown, median
from benchmarks.fidelity.table import Result, Row, Table, ceiling, finished, given, middle, of, values, vpt
from dynax.report import duration

ENVS = ("hopper", "cheetah", "quadruped", "arm")
NAIVE = {"model.frame": "world", "model.constraints": "none", "model.drop_invariant": "false"}
COLUMNS = (
    "", "VPT(0.1)", "VPT(0.4)", "ceiling", "one-step nRMSE", "against naive", "wall time", "parameters", "given",
)  # fmt: skip


def render(results: Sequence[Result]) -> str:
    """A line for each robot and way to learn it."""
    kinds = sorted(values(results, "env", "row"), key=lambda kind: ENVS.index(kind[0]))
    lines = [of(results, env=env, row=row) for env, row in kinds]
    told, legend = given(lines)
    naive = [of(results, env=env, row="naive") for env, _ in kinds]
    shown = [[*_line(mine, other), letters] for mine, other, letters in zip(lines, naive, told, strict=True)]
    return f"{markdown(COLUMNS, shown)}\n\n{legend}"


def _line(mine: Sequence[Result], naive: Sequence[Result]) -> list[str]:
    there = finished(mine)
    return [
        f"{mine[0]['env']}, {mine[0]['label'] or mine[0]['model']}",
        vpt(mine),
        vpt(mine, "0.4"),
        ceiling(mine),
        middle(mine, _one_step),
        f"{median(finished(naive), _one_step) / median(there, _one_step):.3g}" if there and finished(naive) else "–",
        duration(median(there, lambda r: r["wall_s"])) if there else "–",
        middle(mine, lambda r: r["parameters"], ",.0f"),
    ]


def _one_step(result: Result) -> float:
    return result["nrmse"]["1"]


TABLE = Table(
    "robots",
    (
        Row("naive", ENVS, ("mlp",), NAIVE, "naive mlp"),
        Row("features", ENVS, ("mlp",)),
        Row("mechanical", ENVS, ("mechanical",)),
        Row("rigid", ENVS, ("rigid",)),
        Row("off", ENVS[:1], ("mechanical",), {"model.contact_start": "1.4"}, "mechanical, contacts 40% off at first"),
    ),
    render,
    judge=("eval.seconds=8",),  # a robot that falls is soon lost
    timed=True,
)
