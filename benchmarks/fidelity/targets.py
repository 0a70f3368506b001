"""The default settings: `dynax train env=... model=...` without further overrides."""

from collections.abc import Sequence

from benchmarks.common import markdown
from benchmarks.fidelity.cells import ceiling, distinct, given, parameters, select, share, time, vpt
from benchmarks.fidelity.table import Result, Row, Table

ENVS = ("pendulum", "cart_pole", "double_cart_pole", "acrobot", "three_link")
COLUMNS = ("", "VPT(0.1)", "each seed", "ceiling", "of ceiling", "VPT(0.4)", "wall time", "parameters", "given")


def render(results: Sequence[Result]) -> str:
    """Return the table, one row per robot and model."""
    pairs = sorted(distinct(results, "env", "model"), key=lambda pair: ENVS.index(pair[0]))
    rows = [select(results, env=env, model=model) for env, model in pairs]
    letters, legend = given(rows)
    lines = [[*_cells(row), knowledge] for row, knowledge in zip(rows, letters, strict=True)]
    return f"{markdown(COLUMNS, lines)}\n\n{legend}"


def _cells(row: Sequence[Result]) -> list[str]:
    return [
        f"{row[0]['env']}, {row[0]['model']}",
        vpt(row),
        " / ".join(f"{r['vpt']['0.1']['median_s']:.1f}" for r in row),
        ceiling(row),
        share(row),
        vpt(row, "0.4"),
        time(row),
        parameters(row),
    ]


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
)
