"""The README's table: every robot with the default settings, from nothing, three seeds.

    python -m benchmarks.defaults --table
    python -m benchmarks.defaults [--seeds 0 1 2] [--only cart_pole-mlp ...] [--keep DIR]

Each row is `dynax train env=... model=...` in an empty folder, so that collection and compilation count, then
`dynax eval`. Results go to `benchmarks/results/defaults.json` with the commit, the date and the machine; the table is
printed as Markdown. `--keep DIR` leaves the runs there; `--table` prints what was measured last.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dynax.files import write_json
from dynax.provenance import provenance
from dynax.report import duration

ROWS = ("pendulum-mlp", "cart_pole-mlp", "cart_pole-transformer", "double_cart_pole-mlp")
RESULTS = Path(__file__).parent / "results" / "defaults.json"


def dynax(folder: Path, *words: str) -> tuple[str, float, float]:
    """Run a command in `folder`: the path it prints, its wall time (s) and its peak memory (GB)."""
    begun = time.monotonic()
    # a compilation cache of its own: the table counts what a newcomer waits for
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(folder / "cache")}
    process = subprocess.Popen(
        [sys.executable, "-m", "dynax", *words], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    output = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"dynax {' '.join(words)} failed")
    return output, time.monotonic() - begun, usage.ru_maxrss / 1e6


def measure(row: str, seed: int, folder: Path) -> dict[str, Any]:
    """One training from nothing and its evaluation."""
    env, _, model = row.partition("-")
    print(f"{row}, seed {seed}", flush=True)
    run, wall, memory = dynax(folder, "train", f"env={env}", f"model={model}", f"training.seed={seed}")
    judged, _, _ = dynax(folder, "eval", f"run={run}")
    scores = json.loads((Path(judged) / "summary.json").read_text())["scores"]
    return {
        "row": row,
        "seed": seed,
        "wall_s": wall,
        "peak_memory_gb": memory,
        "vpt": scores["model"]["vpt"],
        "ceiling": scores["ceiling"]["vpt"],
    }


def table(results: list[dict[str, Any]]) -> str:
    """Medians over seeds, as Markdown."""
    lines = ["| | wall time | peak memory | VPT(0.1) | VPT(0.4) | ceiling |", "|---|---|---|---|---|---|"]
    for row in dict.fromkeys(r["row"] for r in results):
        mine = [r for r in results if r["row"] == row]
        middle = lambda pick, mine=mine: statistics.median(pick(r) for r in mine)  # noqa: E731
        wall, memory = duration(middle(lambda r: r["wall_s"])), middle(lambda r: r["peak_memory_gb"])
        figures = [_seconds(mine, who, x) for who, x in (("vpt", "0.1"), ("vpt", "0.4"), ("ceiling", "0.1"))]
        name = ", ".join(row.split("-"))
        lines.append(f"| {name} | {wall} | {memory:.1f} GB | {' | '.join(figures)} |")
    return "\n".join(lines)


def _seconds(results: list[dict[str, Any]], who: str, threshold: str) -> str:
    capped = sum(r[who][threshold]["capped"] for r in results) * 2 > len(results)
    return f"{'> ' if capped else ''}{statistics.median(r[who][threshold]['median_s'] for r in results):.1f} s"


def main(seeds: list[int], only: list[str], keep: Path | None) -> None:
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    cores = len(os.sched_getaffinity(0))
    RESULTS.parent.mkdir(exist_ok=True)
    results = []
    for seed in seeds:
        for row in only:
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) if keep is None else keep.absolute() / f"{row}-{seed}"
                folder.mkdir(parents=True, exist_ok=keep is None)  # an old folder would lend its data and its cache
                results.append(measure(row, seed, folder))
                write_json(RESULTS, {"date": date, "cores": cores, **provenance(), "results": results})
    print(table(results))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    if args.table:
        print(table(json.loads(RESULTS.read_text())["results"]))
    else:
        main(args.seeds, args.only, args.keep)
