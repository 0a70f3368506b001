"""Harnesses that provoke faults: the tables of docs/faults.md.

    python -m benchmarks.faults HARNESS ... [--rounds N] [--seed 0]
    python -m benchmarks.faults [HARNESS ...] --table [--write]

The results are written to `benchmarks/results/faults_<harness>.json`. `--table` prints the tables of the committed
results, and `--write` copies them into docs/faults.md. The exit code is 1 if a round fails.
"""

import argparse
import importlib
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, header
from benchmarks.document import ROOT, committed_table, filled
from dynax.runs.files import write_json

HARNESSES = ("mutations", "full_disk", "one_dataset", "kills", "signals", "epochs", "commands", "hostile")
DOCUMENT = ROOT / "docs" / "faults.md"


def harness(name: str) -> Any:
    """Return the module of a harness: `DEFAULT_ROUNDS`, `measure(rounds, seed)` and `table(results)`."""
    return importlib.import_module(f"benchmarks.faults.{name}")


def file_of(name: str) -> Path:
    """Return the file of the committed results of a harness."""
    return RESULTS / f"faults_{name}.json"


def committed(name: str) -> str:
    """Return a table from its committed results, or a note that there are none."""
    return committed_table(file_of(name), harness(name).table, "{rounds:,} rounds", "seed {seed}")


def measure(name: str, rounds: int | None, seed: int) -> int:
    """Run a harness, write its results, print its table, and return the exit code."""
    number = rounds or harness(name).DEFAULT_ROUNDS
    content, results = {**header(), "rounds": number, "seed": seed}, []
    for result in harness(name).measure(number, seed):
        results.append(result)
        if not result.get("passed", True):
            print(json.dumps(result), file=sys.stderr)
    write_json(file_of(name), {**content, "results": results})
    print(committed(name))
    return int(not all(result.get("passed", True) for result in results))


def measure_each(names: Sequence[str], options: Sequence[str]) -> int:
    """Run each harness in a process of its own, because a process with threads must not fork; return the exit code."""
    command = [sys.executable, "-m", "benchmarks.faults"]
    codes = [subprocess.run([*command, name, *options], check=False).returncode for name in names]
    return int(any(codes))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("harnesses", nargs="*", choices=[[], *HARNESSES], metavar="HARNESS", help=", ".join(HARNESSES))
    parser.add_argument("--rounds", type=int, help="number of rounds; by default that of the harness")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random times")
    parser.add_argument("--table", action="store_true", help="print the tables of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write the tables into docs/faults.md")
    args = parser.parse_args()
    chosen = args.harnesses or list(HARNESSES)
    if args.table:
        print("\n\n".join(committed(name) for name in chosen))
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {name: committed(name) for name in chosen}))
    elif len(chosen) == 1:
        sys.exit(measure(chosen[0], args.rounds, args.seed))
    else:
        rounds = [f"--rounds={args.rounds}"] if args.rounds else []
        sys.exit(measure_each(chosen, [*rounds, f"--seed={args.seed}"]))
