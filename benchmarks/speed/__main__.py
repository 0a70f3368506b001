"""The run time of Dynax compared with hand-written code: the tables of docs/speed.md.

    python -m benchmarks.speed [TABLE ...] [--rounds 5]
    python -m benchmarks.speed [TABLE ...] --table [--write]

The results are written to `benchmarks/results/speed_<table>.json`. `--table` prints the tables of the committed
results, and `--write` copies them into docs/speed.md. No other program should run at the same time.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, header
from benchmarks.document import ROOT, committed_table, filled
from benchmarks.speed import commands, contacts, cores, groups, pareto, predictions, simulation, training
from dynax.runs.files import write_json

TABLES: dict[str, Any] = {
    "simulation": simulation,
    "contacts": contacts,
    "training": training,
    "cores": cores,
    "groups": groups,
    "commands": commands,
    "pareto": pareto,
    "predictions": predictions,
}
DOCUMENT = ROOT / "docs" / "speed.md"


def file_of(name: str) -> Path:
    """Return the file of the committed results of a table."""
    return RESULTS / f"speed_{name}.json"


def committed(name: str) -> str:
    """Return a table from its committed results, or a note that there are none."""
    return committed_table(file_of(name), TABLES[name].table, "medians of {rounds} rounds")


def measure(names: Sequence[str], rounds: int) -> None:
    """Measure the named tables, and write and print each of them."""
    for name in names:
        content = {**header(), "rounds": rounds}
        write_json(file_of(name), {**content, "results": list(TABLES[name].measure(rounds))})
        print(committed(name))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES], metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--rounds", type=int, default=5, help="number of measurements of each task")
    parser.add_argument("--table", action="store_true", help="print the tables of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write the tables into docs/speed.md")
    args = parser.parse_args()
    names = args.tables or list(TABLES)
    if args.table:
        print("\n\n".join(committed(name) for name in names))
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {name: committed(name) for name in names}))
    else:
        measure(names, args.rounds)
