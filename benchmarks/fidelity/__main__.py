"""The tables of docs/fidelity.md: the accuracy of models, and the effect of each ingredient.

    python -m benchmarks.fidelity [TABLE ...] [--seeds 0 1 2] [--jobs 2] [--keep DIR] [--quick]
    python -m benchmarks.fidelity [TABLE ...] --table [--write]

`dynax train -m` runs the trainings in the folder `--keep` or in a temporary folder, and `dynax eval -m` evaluates them.
A benchmark that was killed continues in the same folder: it does not repeat runs that have a summary.json. Use one
folder for one state of the code. The results of a complete table are written to
`benchmarks/results/fidelity_<table>.json`. `--quick` tests a benchmark with trainings of seconds on one robot, and its
results stay in the folder. `--table` prints the tables of the committed results, and `--write` copies them into
docs/fidelity.md and the README.
"""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import header
from benchmarks.document import ROOT
from benchmarks.fidelity import ablation, curve, few, nerd, robots, targets, trainings
from benchmarks.fidelity.document import committed, file_of, rendered, write
from benchmarks.fidelity.table import Result, Table
from dynax.runs.files import write_json

TABLES = {
    table.name: table
    for table in (ablation.TABLE, ablation.SIDE, targets.TABLE, few.TABLE, curve.TABLE, nerd.TABLE, robots.TABLE)
}


def measure(table: Table, seeds: Sequence[int], folder: Path, jobs: int) -> Path:
    """Run the trainings of a table in `folder` and return the JSON file of the results."""
    content, file = {"table": table.name, "jobs": jobs, **header()}, folder / f"{table.name}.json"
    results: list[Result] = []
    for results in trainings.make(table, seeds, folder, jobs):
        write_json(file, {**content, "results": results})
    print(rendered(table, {**content, "results": results}))
    if table.plot:
        table.plot(folder / table.picture, results)
    return file


def publish(table: Table, file: Path) -> None:
    """Copy the results of a complete table to the committed results."""
    file_of(table).parent.mkdir(exist_ok=True)
    shutil.copyfile(file, file_of(table))
    if table.plot:
        shutil.copyfile(file.with_name(table.picture), ROOT / "img" / table.picture)


def main(names: Sequence[str], seeds: Sequence[int], folder: Path, jobs: int, quick: bool) -> None:
    """Measure the named tables; publish them unless `quick`."""
    folder = folder.absolute() / "quick" if quick else folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for table in (TABLES[name] for name in names):
        if quick:
            measure(table.quick(), seeds[:1], folder, jobs)
        else:
            publish(table, measure(table, seeds, folder, jobs))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES], metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=2, help="number of parallel trainings")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the runs in this folder")
    parser.add_argument("--quick", action="store_true", help="smoke sizes, one seed and one robot")
    parser.add_argument("--table", action="store_true", help="print the tables of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write into docs/fidelity.md and README.md")
    args = parser.parse_args()
    names = args.tables or list(TABLES)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # stops the running command too
    if args.table:
        print("\n\n".join(f"{name}\n\n{committed(TABLES[name])}" for name in names))
        if args.write:
            write([TABLES[name] for name in names])
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(names, args.seeds, args.keep or Path(scratch), args.jobs, args.quick)
