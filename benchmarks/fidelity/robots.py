"""Robots that touch the ground: what contact, the robot's own frame and its equations are worth to a prediction."""

from collections.abc import Sequence

from benchmarks.common import markdown, median
from benchmarks.fidelity.table import Result, Row, Table, ceiling, excerpt, finished, given, middle, of, values, vpt
from dynax.cli.console import duration

ENVS = ("hopper", "cheetah", "quadruped", "arm")
NAIVE = {"model.frame": "world", "model.constraints": "none", "model.drop_invariant": "false"}
SHORTER = {"collect.num_rollouts": "15000", "collect.rollout_length": "200", "training.num_epochs": "5"}
COLUMNS = (
    "", "VPT(0.1)", "VPT(0.4)", "ceiling", "one-step nRMSE", "below naive", "wall time", "parameters", "given",
)  # fmt: skip
BRIEF = ("", "VPT(0.1)", "VPT(0.4)", "ceiling", "below naive", "wall time")


def render(results: Sequence[Result]) -> str:
    """A line for each robot and way to learn it."""
    pairs = _pairs(results)
    told, legend = given([mine for mine, _ in pairs])
    shown = [[*line, letters] for line, letters in zip(_lines(pairs), told, strict=True)]
    return f"{markdown(COLUMNS, shown)}\n\n{legend}"


def brief(results: Sequence[Result]) -> str:
    """The same lines with some of their columns."""
    return excerpt(COLUMNS, BRIEF, _lines(_pairs(results)))


def _pairs(results: Sequence[Result]) -> list[tuple[list[Result], list[Result]]]:
    """The results of each robot and way to learn it, with those of the naive network."""
    kinds = sorted(values(results, "env", "row"), key=lambda kind: ENVS.index(kind[0]))
    return [(of(results, env=env, row=row), of(results, env=env, row="naive")) for env, row in kinds]


def _lines(pairs: Sequence[tuple[list[Result], list[Result]]]) -> list[list[str]]:
    """The cells of each; what was trained with fewer seeds than others says so."""
    most = max(len(mine) for mine, _ in pairs)
    lines = [_line(*pair) for pair in pairs]
    for line, (mine, _) in zip(lines, pairs, strict=True):
        line[0] += "" if len(mine) == most else f" ({len(mine)} of {most} seeds)"
    return lines


def _line(mine: Sequence[Result], naive: Sequence[Result]) -> list[str]:
    there, others = finished(mine), finished(naive) if mine != naive else []
    return [
        f"{mine[0]['env']}, {mine[0]['label'] or mine[0]['model']}",
        vpt(mine),
        vpt(mine, "0.4"),
        ceiling(mine),
        middle(mine, _one_step),
        _times(median(others, _one_step) / median(there, _one_step)) if there and others else "–",
        duration(median(there, lambda r: r["wall_s"])) if there else "–",
        middle(mine, lambda r: r["parameters"], ",.0f"),
    ]


def _times(ratio: float) -> str:
    return f"{float(f'{ratio:.2g}'):,g} times"


def _one_step(result: Result) -> float:
    return result["nrmse"]["1"]


TABLE = Table(
    "robots",
    (
        Row("naive", ENVS, ("mlp",), NAIVE, "naive mlp"),
        Row("features", ("hopper", "quadruped"), ("mlp",)),
        Row("shorter", ENVS[:1], ("mlp",), SHORTER, "mlp, three times the data, in trajectories of 0.8 s"),
        Row("mechanical", ENVS, ("mechanical",)),
        Row("rigid", ENVS, ("rigid",), label="rigid (system identification)"),
        Row(
            "off",
            ENVS[:1],
            ("mechanical",),
            {"model.contact_init_scale": "1.4"},
            "mechanical, contacts 40% off at first",
        ),
    ),
    render,
    judge=("eval.seconds=8",),  # a robot that falls is soon lost
    timed=True,
    brief=brief,
)
