"""Robots with contacts: a naive network, a network with contact features, and models with equations of motion."""

from collections.abc import Sequence

from benchmarks.common import markdown, median
from benchmarks.fidelity.cells import (
    NONE,
    ceiling,
    distinct,
    finished,
    given,
    median_cell,
    parameters,
    select,
    time,
    vpt,
)
from benchmarks.fidelity.table import Result, Row, Table

ENVS = ("hopper", "cheetah", "quadruped", "arm")
NAIVE = {"model.frame": "world", "model.constraints": "none", "model.drop_invariant": "false"}
MORE_DATA = {"collect.num_rollouts": "15000", "collect.rollout_length": "200", "training.num_epochs": "5"}
COLUMNS = (
    "", "VPT(0.1)", "VPT(0.4)", "ceiling", "one-step nRMSE", "below naive", "wall time", "parameters", "given",
)  # fmt: skip


def render(results: Sequence[Result]) -> str:
    """Return the table, one row per robot and way to learn it. A row with fewer seeds than others shows its number."""
    pairs = sorted(distinct(results, "env", "row"), key=lambda pair: ENVS.index(pair[0]))
    rows = [select(results, env=env, row=row) for env, row in pairs]
    naive = [select(results, env=env, row="naive") for env, _ in pairs]
    letters, legend = given(rows)
    seeds = max(map(len, rows))
    lines = []
    for row, baseline, knowledge in zip(rows, naive, letters, strict=True):
        name = f"{row[0]['env']}, {row[0]['label'] or row[0]['model']}"
        name += "" if len(row) == seeds else f" ({len(row)} of {seeds} seeds)"
        lines.append([name, *_cells(row, baseline), knowledge])
    return f"{markdown(COLUMNS, lines)}\n\n{legend}"


def _cells(row: Sequence[Result], naive: Sequence[Result]) -> list[str]:
    done, baseline = finished(row), finished(naive) if row != naive else []
    ratio = median(baseline, _one_step) / median(done, _one_step) if done and baseline else None
    return [
        vpt(row),
        vpt(row, "0.4"),
        ceiling(row),
        median_cell(row, _one_step),
        NONE if ratio is None else f"{float(f'{ratio:.2g}'):,g} times",
        time(row),
        parameters(row),
    ]


def _one_step(result: Result) -> float:
    return result["nrmse"]["1"]


TABLE = Table(
    "robots",
    (
        Row("naive", ENVS, ("mlp",), NAIVE, "naive mlp"),
        Row("features", ("hopper", "quadruped"), ("mlp",)),
        Row("more_data", ENVS[:1], ("mlp",), MORE_DATA, "mlp, three times the data in trajectories of 0.8 s"),
        Row("mechanical", ENVS, ("mechanical",)),
        Row("rigid", ENVS, ("rigid",), label="rigid (system identification)"),
        Row(
            "contact_scale",
            ENVS[:1],
            ("mechanical",),
            {"model.contact_init_scale": "1.4"},
            "mechanical, contact parameters initialized 40% too large",
        ),
    ),
    render,
    evaluation=("eval.seconds=8",),  # most robots fall over within this time
    timed=True,
)
