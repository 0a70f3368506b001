"""The defaults: `dynax train env=... model=...`, with no setting of the recipe touched."""

from collections.abc import Sequence

from benchmarks.common import markdown, median
from benchmarks.fidelity.table import Result, Row, Table, ceiling, excerpt, finished, given, middle, of, values, vpt
from dynax.cli.console import duration

ENVS = ("pendulum", "cart_pole", "double_cart_pole", "acrobot", "three_link")
COLUMNS = ("", "VPT(0.1)", "each seed", "ceiling", "of ceiling", "VPT(0.4)", "wall time", "parameters", "given")
BRIEF = ("", "VPT(0.1)", "ceiling", "of ceiling", "VPT(0.4)", "wall time")


def render(results: Sequence[Result]) -> str:
    """A line for each robot and model."""
    lines = _lines(results)
    told, legend = given(lines)
    table = [[*_line(mine), letters] for mine, letters in zip(lines, told, strict=True)]
    return f"{markdown(COLUMNS, table)}\n\n{legend}"


def brief(results: Sequence[Result]) -> str:
    """The same lines with some of their columns."""
    return excerpt(COLUMNS, BRIEF, [_line(mine) for mine in _lines(results)])


def _lines(results: Sequence[Result]) -> list[list[Result]]:
    """What belongs to each robot and model."""
    pairs = sorted(values(results, "env", "model"), key=lambda pair: ENVS.index(pair[0]))
    return [of(results, env=env, model=model) for env, model in pairs]


def _line(mine: Sequence[Result]) -> list[str]:
    there = finished(mine)
    return [
        f"{mine[0]['env']}, {mine[0]['model']}",
        vpt(mine),
        " / ".join(f"{r['vpt']['0.1']['median_s']:.1f}" for r in mine),
        ceiling(mine),
        _share(there),
        vpt(mine, "0.4"),
        duration(median(there, lambda r: r["wall_s"])) if there else "–",
        middle(mine, lambda r: r["parameters"], ",.0f"),
    ]


def _share(there: Sequence[Result]) -> str:
    """A share of the ceiling: no more than a bound where the ceiling itself outlasts the test."""
    if not there:
        return "–"
    capped = [r["ceiling"]["0.1"]["capped"] and not r["vpt"]["0.1"]["capped"] for r in there]
    share = median(there, lambda r: r["vpt"]["0.1"]["of_ceiling"])
    return f"{'< ' if sum(capped) * 2 > len(there) else ''}{share:.0%}"


TABLE = Table(
    "targets",
    (
        Row("mlp", ENVS, ("mlp",)),
        Row("transformer", ("cart_pole",), ("transformer",)),
        Row("quadratic", ("cart_pole", "double_cart_pole"), ("quadratic",)),
        Row("lagrangian", ENVS, ("lagrangian",)),
    ),
    render,
    timed=True,
    brief=brief,
)
