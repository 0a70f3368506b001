"""The ten rows of the README: models with little and with much prior knowledge, without and with contacts."""

from collections.abc import Sequence

from benchmarks.common import markdown
from benchmarks.fidelity.cells import ceiling, select, share, time, vpt
from benchmarks.fidelity.table import Result

ROWS = (  # robot, model, row in the results
    ("cart_pole", "mlp", "mlp"),
    ("cart_pole", "transformer", "transformer"),
    ("cart_pole", "quadratic", "quadratic"),
    ("cart_pole", "lagrangian", "lagrangian"),
    ("three_link", "lagrangian", "lagrangian"),
    ("hopper", "mlp", "features"),
    ("hopper", "mechanical", "mechanical"),
    ("hopper", "rigid", "rigid"),
    ("quadruped", "mlp", "features"),
    ("quadruped", "mechanical", "mechanical"),
)


def rows_of(results: Sequence[Result]) -> list[Result]:
    """Return the results that belong to `ROWS`."""
    return [r for r in results if (r["env"], r["model"], r["row"]) in ROWS]


def render(results: Sequence[Result]) -> str:
    """Return the table; combinations without results are left out."""
    columns = ("robot", "model", "VPT(0.1)", "ceiling", "of ceiling", "training time")
    rows = [(env, model, select(results, env=env, model=model, row=row)) for env, model, row in ROWS]
    lines = [[env, model, vpt(part), ceiling(part), share(part), time(part)] for env, model, part in rows if part]
    return markdown(columns, lines)
