"""The tables of docs/fidelity.md: how far ahead the models stay true, and what each ingredient is worth.

    python -m benchmarks.fidelity [TABLE ...] [--seeds 0 1 2] [--jobs 2] [--keep DIR] [--quick]
    python -m benchmarks.fidelity [TABLE ...] --table [--write]

Every training is started through `dynax train -m`, in the folder `--keep` or a temporary one, and judged by
`dynax eval -m`. A benchmark that was killed continues in the same folder: a run that has its summary.json is not
repeated, so that a folder belongs to one state of the code. The results of a whole table go to
`benchmarks/results/fidelity_<table>.json`. `--quick` trains everything for seconds on one robot, to see that it runs;
its results stay in the folder. `--table` prints the tables that are committed, and `--write` puts them into
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
from benchmarks.fidelity import ablation, curve, few, nerd, robots, runs, targets
from benchmarks.fidelity.document import committed, file_of, shown, write
from benchmarks.fidelity.table import Result, Table
from dynax.runs.files import write_json

SHOWN = (ablation.TABLE, ablation.SIDE, targets.TABLE, few.TABLE, curve.TABLE, nerd.TABLE, robots.TABLE)
TABLES = {table.name: table for table in SHOWN}


def measure(table: Table, seeds: Sequence[int], folder: Path, jobs: int) -> Path:
    """Make a table in `folder`; returns its results as JSON."""
    begun, file = {"table": table.name, "jobs": jobs, **header()}, folder / f"{table.name}.json"
    results: list[Result] = []
    for results in runs.make(table, seeds, folder, jobs):
        write_json(file, {**begun, "results": results})
    print(shown(table, {**begun, "results": results}))
    if table.plot:
        table.plot(folder / table.picture, results)
    return file


def publish(table: Table, file: Path) -> None:
    """Put the results of a whole table where they are committed."""
    file_of(table).parent.mkdir(exist_ok=True)
    shutil.copyfile(file, file_of(table))
    if table.plot:
        shutil.copyfile(file.with_name(table.picture), ROOT / "img" / table.picture)


def main(names: Sequence[str], seeds: Sequence[int], folder: Path, jobs: int, quick: bool) -> None:
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
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="folder of the runs")
    parser.add_argument("--quick", action="store_true", help="smoke sizes, one seed, one robot")
    parser.add_argument("--table", action="store_true", help="print what is committed")
    parser.add_argument("--write", action="store_true", help="with --table: into docs/fidelity.md and the README")
    args = parser.parse_args()
    names = args.tables or list(TABLES)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is stopped as well
    if args.table:
        print("\n\n".join(f"{name}\n\n{committed(TABLES[name])}" for name in names))
        if args.write:
            write([TABLES[name] for name in names])
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(names, args.seeds, args.keep or Path(scratch), args.jobs, args.quick)
