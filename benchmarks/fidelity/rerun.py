"""One or more rows of each table, trained again, next to the committed results: do the tables still hold?

    python -m benchmarks.fidelity.rerun [--keep DIR] [--quick]
    python -m benchmarks.fidelity.rerun --table [--write]

Each training has the settings and the seed 0 of the table. The results are written to
`benchmarks/results/fidelity_rerun.json`. `--quick` trains one row in smoke sizes and publishes nothing.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import committed_table, filled
from benchmarks.fidelity import trainings
from benchmarks.fidelity.__main__ import TABLES
from benchmarks.fidelity.cells import select, time, vpt
from benchmarks.fidelity.document import DOCUMENT, file_of
from benchmarks.fidelity.table import Table
from dynax.runs.files import write_json

FILE, SEED = RESULTS / "fidelity_rerun.json", 0
SAMPLE = (  # table, row, robot, model
    ("targets", "mlp", "cart_pole", "mlp"),
    ("targets", "transformer", "cart_pole", "transformer"),
    ("targets", "lagrangian", "three_link", "lagrangian"),
    ("ablation", "impacts", "cart_pole", "mlp"),
    ("side", "muon", "cart_pole", "mlp"),
    ("few", "few", "cart_pole", "quadratic"),
    ("curve", "n5000", "cart_pole", "quadratic"),
    ("nerd", "nerd", "nerd_cartpole", "mlp"),
    ("robots", "naive", "cheetah", "mlp"),
    ("robots", "mechanical", "hopper", "mechanical"),
    ("robots", "rigid", "hopper", "rigid"),
)  # fmt: skip


def one_row(table: Table, row: str, env: str, model: str) -> Table:
    """Return a table with a single training."""
    [chosen] = [r for r in table.rows if r.name == row]
    return replace(table, rows=(replace(chosen, envs=(env,), models=(model,)),))


def measure(sample: Sequence[tuple[str, str, str, str]], folder: Path, quick: bool) -> list[dict[str, Any]]:
    """Train each row of the sample in `folder`. Return its committed result and the new one."""
    results = []
    for name, *row in sample:
        table, place = one_row(TABLES[name], *row), folder / name
        place.mkdir(parents=True, exist_ok=True)
        *_, [now] = trainings.make(table.quick() if quick else table, [SEED], place, jobs=1)
        results.append({"table": name, "committed": committed(name, *row), "now": now})
    return results


def committed(name: str, row: str, env: str, model: str) -> dict[str, Any]:
    """Return the committed result of a training."""
    content = json.loads(file_of(TABLES[name]).read_text())
    [result] = select(content["results"], row=row, env=env, model=model, seed=SEED)
    return dict(result)


def render(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the table: one line per training, with each quantity as it was committed and as it is now."""
    lines = []
    for result in results:
        old, new = result["committed"], result["now"]
        name = f"{result['table']}: {new['env']}, {new['label'] or new['model']}"
        errors = [f"{r['nrmse']['100']:.2g}" if "100" in r["nrmse"] else "–" for r in (old, new)]
        lines.append([name, old["commit"][:7], vpt([old]), vpt([new]), *errors, time([old]), time([new])])
    columns = ["", "committed with", "VPT(0.1)", "now", "nRMSE(100)", "now", "wall time", "now"]
    return markdown(columns, lines)


def main(folder: Path, quick: bool) -> None:
    """Train the sample and publish its results, or print the first row in smoke size."""
    results = measure(SAMPLE[:1] if quick else SAMPLE, folder.absolute(), quick)
    print(render(results))
    if not quick:
        write_json(FILE, {**header(), "seed": SEED, "results": results})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the runs in this folder")
    parser.add_argument("--quick", action="store_true", help="the first row in smoke size")
    parser.add_argument("--table", action="store_true", help="print the table of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write it into docs/fidelity.md")
    args = parser.parse_args()
    if args.table:
        table = committed_table(FILE, render, "seed {seed}")
        print(table)
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {"rerun": table}))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(args.keep or Path(scratch), args.quick)
