"""The README's table: every robot with the default settings, from nothing, three seeds.

    python -m benchmarks.defaults --table
    python -m benchmarks.defaults [--seeds 0 1 2] [--only cart_pole-mlp ...] [--keep DIR]

Each row is `dynax train env=... model=...` in an empty folder, so that collection and compilation count, then
`dynax eval`. Results go to `benchmarks/results/defaults.json` with the commit, the date and the machine; the table is
printed as Markdown. `--keep DIR` leaves the runs there; `--table` prints what was measured last.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, dynax, header, markdown, median, valid_time
from dynax.files import write_json
from dynax.report import duration

ROWS = ("pendulum-mlp", "cart_pole-mlp", "cart_pole-transformer", "double_cart_pole-mlp")
FILE = RESULTS / "defaults.json"


def measure(row: str, seed: int, folder: Path) -> dict[str, Any]:
    """One training from nothing and its evaluation."""
    env, _, model = row.partition("-")
    print(f"{row}, seed {seed}", flush=True)
    # a compilation cache of its own: the table counts what a newcomer waits for
    cache = {"JAX_COMPILATION_CACHE_DIR": str(folder / "cache")}
    trained = dynax(folder, "train", f"env={env}", f"model={model}", f"training.seed={seed}", environment=cache)
    judged = dynax(folder, "eval", f"run={trained.lines[0]}", environment=cache)
    scores = json.loads((Path(judged.lines[0]) / "summary.json").read_text())["scores"]
    return {
        "row": row,
        "seed": seed,
        "wall_s": trained.wall_s,
        "peak_memory_gb": trained.peak_memory_gb,
        "vpt": scores["model"]["vpt"],
        "ceiling": scores["ceiling"]["vpt"],
    }


def table(results: list[dict[str, Any]]) -> str:
    """Medians over seeds, as Markdown."""
    lines = []
    for row in dict.fromkeys(r["row"] for r in results):
        mine = [r for r in results if r["row"] == row]
        wall, memory = median(mine, lambda r: r["wall_s"]), median(mine, lambda r: r["peak_memory_gb"])
        figures = [valid_time(mine, who, x) for who, x in (("vpt", "0.1"), ("vpt", "0.4"), ("ceiling", "0.1"))]
        lines.append([", ".join(row.split("-")), duration(wall), f"{memory:.1f} GB", *figures])
    return markdown(["", "wall time", "peak memory", "VPT(0.1)", "VPT(0.4)", "ceiling"], lines)


def main(seeds: list[int], only: list[str], keep: Path | None) -> None:
    begun, results = header(), []
    for seed in seeds:
        for row in only:
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) if keep is None else keep.absolute() / f"{row}-{seed}"
                folder.mkdir(parents=True, exist_ok=keep is None)  # an old folder would lend its data and its cache
                results.append(measure(row, seed, folder))
                write_json(FILE, {**begun, "results": results})
    print(table(results))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    if args.table:
        print(table(json.loads(FILE.read_text())["results"]))
    else:
        main(args.seeds, args.only, args.keep)
