"""What Dynax costs next to doing the same by hand: the tables of docs/speed.md.

    python -m benchmarks.speed [TABLE ...] [--rounds 5]
    python -m benchmarks.speed [TABLE ...] --table [--write]

The results go to `benchmarks/results/speed_<table>.json`. `--table` prints the tables that are committed, and `--write`
puts them into docs/speed.md. Nothing else should run meanwhile.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, header
from benchmarks.document import ROOT, filled, measured_by
from benchmarks.speed import contacts, simulation, training
from dynax.runs.files import write_json

TABLES: dict[str, Any] = {"simulation": simulation, "contacts": contacts, "training": training}
DOCUMENT = ROOT / "docs" / "speed.md"


def file_of(name: str) -> Path:
    """The committed results of a table."""
    return RESULTS / f"speed_{name}.json"


def committed(name: str) -> str:
    """A table from its committed results, or that there are none yet."""
    if not file_of(name).exists():
        return "*Not measured yet.*"
    content = json.loads(file_of(name).read_text())
    rounds = f"medians of {content['rounds']} turns"
    return f"{TABLES[name].table(content['results'])}\n\n{measured_by(content, [content['commit']], rounds)}"


def measure(names: Sequence[str], rounds: int) -> None:
    for name in names:
        content = {**header(), "rounds": rounds}
        write_json(file_of(name), {**content, "results": list(TABLES[name].measure(rounds))})
        print(committed(name))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", choices=[[], *TABLES], metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--rounds", type=int, default=5, help="turns of each")
    parser.add_argument("--table", action="store_true", help="print what is committed")
    parser.add_argument("--write", action="store_true", help="with --table: into docs/speed.md")
    args = parser.parse_args()
    names = args.tables or list(TABLES)
    if args.table:
        print("\n\n".join(committed(name) for name in names))
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {name: committed(name) for name in names}))
    else:
        measure(names, args.rounds)
