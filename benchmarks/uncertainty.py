"""The uncertainty of ensembles of networks: coverage, width, rank correlation and trust horizon on test trajectories.

    python -m benchmarks.uncertainty [CASE ...]
    python -m benchmarks.uncertainty --table [--write]

`dynax train` trains each ensemble, and `dynax eval` tests it. The results are added to
`benchmarks/results/uncertainty.json`, and `--write` copies their table into docs/evaluation.md.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.commands import run_dynax
from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import ROOT, committed_table, filled
from dynax.runs.files import write_json
from dynax.runs.summary import read_summary

FILE, DOCUMENT = RESULTS / "uncertainty.json", ROOT / "docs" / "evaluation.md"
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
        "too long, %",
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


def committed() -> str:
    """Return the table of the committed results."""
    return committed_table(FILE, table)


def main(names: Sequence[str]) -> None:
    """Measure the cases, write the results after each of them, and print the table."""
    for name in names:
        before = json.loads(FILE.read_text())["results"] if FILE.exists() else {}
        write_json(FILE, {**header(), "results": {**before, name: measure(CASES[name])}})
        print(committed(), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"cases, by default all: {'; '.join(CASES)}")
    parser.add_argument("--table", action="store_true", help="print the table of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write the table into docs/evaluation.md")
    args = parser.parse_args()
    if args.table:
        print(committed())
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {"uncertainty": committed()}))
    else:
        main(args.cases or list(CASES))
