"""From a simulation to a machine: five ways to a model, by the length of the log. The table of docs/logs.md.

    python -m benchmarks.sim_to_real [--robots arm quadruped] [--seconds 10 100 1000] [--seeds N] [--methods ...]
    python -m benchmarks.sim_to_real --table [--write]

The machine is the shipped robot with other masses and damping, dry friction, a delay, a backlash and sensor noise.
Cells that `benchmarks/results/sim_to_real.json` contains are not measured again.
"""

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import ROOT, filled, measured_by
from benchmarks.sim_to_real.measure import HORIZONS, THRESHOLD, WINDOW, Bench
from benchmarks.sim_to_real.methods import METHODS, UNTRAINED
from benchmarks.sim_to_real.robots import ROBOTS
from dynax.runs.files import write_json

FILE, DOCUMENT = RESULTS / "sim_to_real.json", ROOT / "docs" / "logs.md"
KEYS = ("robot", "seconds", "method", "seed")


def table(results: list[dict[str, Any]]) -> str:
    """Return the medians over seeds."""
    rows = []
    for cell in dict.fromkeys((r["robot"], r["seconds"], r["method"]) for r in sorted(results, key=_order)):
        own = [r for r in results if (r["robot"], r["seconds"], r["method"]) == cell]
        robot, seconds, method = cell
        errors = [f"{median(r['nrmse'][i] for r in own):.3g}" for i in range(len(HORIZONS))]
        capped = sum(r["vpt_capped"] for r in own) * 2 > len(own)
        valid = f"{'≥ ' * capped}{median(r['vpt_s'] for r in own):.2g} s"
        minutes = "" if seconds is None else f"{median(r['cpu_s'] for r in own) / 60:.1f} min"
        log = "none" if seconds is None else f"{seconds:g} s"
        rows.append([robot, log, method, *errors, valid, minutes, str(len(own))])
    names = [f"nRMSE at {seconds:g} s" for seconds in HORIZONS]
    return markdown(["robot", "log", "model", *names, f"VPT({THRESHOLD:g})", "processor time", "seeds"], rows)


def _order(result: dict[str, Any]) -> tuple[Any, ...]:
    """Return the place of a cell in the table."""
    methods = [*UNTRAINED, *METHODS]
    return list(ROBOTS).index(result["robot"]), result["seconds"] or 0, methods.index(result["method"]), result["seed"]


def committed() -> str:
    """Return the table of the committed results, with its line."""
    if not FILE.exists():
        return "*Not measured yet.*"
    content = json.loads(FILE.read_text())
    commits = list(dict.fromkeys(result["commit"] for result in content["results"]))
    return f"{table(content['results'])}\n\n{measured_by(content, commits, f'predictions of {WINDOW:g} s')}"


def main(args: argparse.Namespace) -> None:
    """Measure the missing cells, and write the results after each of them."""
    facts = header()
    results: list[dict[str, Any]] = json.loads(FILE.read_text())["results"] if FILE.exists() else []
    known = {tuple(r[key] for key in KEYS) for r in results}
    for robot, seconds, seed in [(r, t, s) for t in args.seconds for r in args.robots for s in range(args.seeds)]:
        bench = Bench(robot, seed, args.keep.absolute())
        for method in [*UNTRAINED, *args.methods]:
            length = None if method in UNTRAINED else seconds
            if (robot, length, method, seed) in known:
                continue
            cell = bench.untrained(method) if length is None else bench.cell(method, seconds)
            known.add((robot, length, method, seed))
            results.append({**cell, "commit": facts["commit"]})
            results.sort(key=_order)
            print(cell, flush=True)
            write_json(FILE, {**facts, "results": results})
    print(committed())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", nargs="+", choices=list(ROBOTS), default=list(ROBOTS), help="robots")
    parser.add_argument("--seconds", type=float, nargs="+", default=[10.0, 100.0, 1000.0], help="lengths of the log, s")
    parser.add_argument("--seeds", type=int, default=1, help="number of logs and trainings")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS), help="ways to a model")
    parser.add_argument("--keep", type=Path, default=Path("outputs/sim_to_real"), help="folder of logs and runs")
    parser.add_argument("--table", action="store_true", help="print the table of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write the table into docs/logs.md")
    args = parser.parse_args()
    if args.table:
        print(committed())
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {"sim_to_real": committed()}))
    else:
        main(args)
