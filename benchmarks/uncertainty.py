"""The uncertainty of ensembles of networks: coverage, width, rank correlation and trust horizon on test trajectories.

    python -m benchmarks.uncertainty [CASE ...]
    python -m benchmarks.uncertainty --table [--write]

`dynax train` trains each ensemble, and `dynax eval` tests it. The results are added to
`benchmarks/results/uncertainty.json`, and `--write` copies their table into docs/evaluation.md.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cases import CaseBenchmark
from benchmarks.commands import run_dynax
from benchmarks.common import markdown
from benchmarks.document import ROOT
from dynax.runs.summary import read_summary

MEMBERS, LEVEL = 5, "0.9"  # ensemble members; level of the intervals in the table
CASES = {  # shorter trainings than the default, because all members are trained
    "cart_pole, point": ("env=cart_pole", "training.num_epochs=8"),
    "cart_pole, gaussian": ("env=cart_pole", "training.num_epochs=8", "model.head=gaussian"),
    "double_cart_pole, point": ("env=double_cart_pole", "training.num_epochs=6"),
    "hopper, point": ("env=hopper", "training.num_epochs=2"),
}


def measure(words: Sequence[str]) -> dict[str, Any]:
    """Return the uncertainty of an ensemble on its test trajectories, as `summary.json` describes it."""
    with tempfile.TemporaryDirectory() as folder:
        [run] = run_dynax(Path(folder), "train", "model=mlp", f"model.ensemble_size={MEMBERS}", *words)
        [test] = run_dynax(Path(folder), "eval", f"run={run}")
        summary = read_summary(Path(test))
        assert summary is not None
        return dict(summary["uncertainty"])


def table(results: dict[str, dict[str, Any]]) -> str:
    """Return the table: for each case, one number per horizon."""
    steps = next(iter(results.values()))["steps"]
    columns = [
        "robot, head",
        f"coverage of 90 % intervals at {', '.join(map(str, steps))} steps, %",
        "before calibration, %",
        "width / oracle",
        "rank correlation",
        "trust horizon / VPT(0.1), s",
        "trust horizon > VPT(0.1), % of trajectories",
    ]
    return markdown(columns, [[name, *_cells(result)] for name, result in results.items()])


def _cells(result: dict[str, Any]) -> list[str]:
    trust = result["trust_horizon"]
    return [
        ", ".join(f"{100 * x:.0f}" for x in result["coverage"][LEVEL]),
        ", ".join(f"{100 * x:.0f}" for x in result["raw_coverage"][LEVEL]),
        ", ".join(f"{x:.1f}" for x in result["relative_width"]),
        ", ".join(f"{x:.2f}" for x in result["rank_correlation"]),
        f"{trust['median_s']:.2f} / {trust['valid_median_s']:.2f}",
        f"{100 * trust['too_long']:.0f}",
    ]


BENCHMARK = CaseBenchmark("uncertainty", ROOT / "docs" / "evaluation.md", CASES, measure, table)

if __name__ == "__main__":
    BENCHMARK.main(__doc__)
