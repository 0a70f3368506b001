"""Control of the cart pole with learned models: returns, successes and planning times of `dynax plan`.

    python -m benchmarks.control [--keep DIR]
    python -m benchmarks.control --table [--write]

`dynax train` trains each model, and `dynax plan` controls the cart pole with it in 10 episodes of 5 s. A run in the
folder `--keep` is used again. The planning time is measured in a process on one core. The time of the core (CPU time)
does not depend on other programs. The results are in `benchmarks/results/control.json`, and `--write` copies their
table into docs/control.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import run_dynax
from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import ROOT, committed_table, filled
from dynax import control
from dynax.data import native
from dynax.runs.files import write_json
from dynax.runs.summary import read_summary

FILE, DOCUMENT = RESULTS / "control.json", ROOT / "docs" / "control.md"
TASK, SECONDS = "swing_up", 5.0
TRAININGS = {"lagrangian": (), "mlp": ("training.num_epochs=12",)}  # options besides the robot and the model
COMPARED = {"lagrangian": "[mujoco,random]", "mlp": "[]"}  # MuJoCo and random actions do not depend on the model
LABELS = {"mujoco": "C MuJoCo", "random": "random actions"}
TIMED_PLANS = 300


def measure(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield one result per predictor."""
    for model, options in TRAININGS.items():
        run = _trained(folder, model, options)
        words = f"task={TASK}", f"plan.seconds={SECONDS}", f"plan.compare={COMPARED[model]}"
        [path] = run_dynax(folder, "plan", f"run={run}", *words)
        summary = read_summary(Path(path))
        assert summary is not None
        for name, result in summary["results"].items():
            figures = {
                "predictor": model if name == "model" else LABELS[name],
                "episodes": summary["episodes"],
                **result,
            }
            yield figures | (_timed_alone(run, name) if name != "random" else {})


def _trained(folder: Path, model: str, options: Sequence[str]) -> str:
    """Return the run of a model, which is trained unless the folder contains it."""
    record = folder / f"{model}.path"
    if not record.exists():
        record.write_text(run_dynax(folder, "train", "env=cart_pole", f"model={model}", *options)[0])
    return record.read_text().strip()


def _timed_alone(run: str, predictor: str) -> dict[str, float]:
    """Return the planning times of a process on one core."""
    command = [sys.executable, "-m", "benchmarks.control", "--time", run, predictor]
    core = min(os.sched_getaffinity(0))
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )  # fmt: skip
    return json.loads(done.stdout)


def timed(run: str, predictor: str) -> dict[str, float]:
    """Return percentiles of the duration of a plan, s, by the clock and by the time of the core."""
    controller = control.make(run, TASK, predictor=predictor)
    env, repeat = controller.problem.env, controller.problem.repeat
    state = controller.problem.task.initial_states(env, np.random.default_rng(0), 1)
    wall, cpu = [], []
    with native.control_steps(env) as advance:
        for _ in range(TIMED_PLANS):
            starts = time.perf_counter(), time.process_time()
            action = controller(state[0])
            wall.append(time.perf_counter() - starts[0])
            cpu.append(time.process_time() - starts[1])
            state = advance(state, np.tile(action, (1, repeat, 1)))[:, -1]
    controller.close()
    times = {"wall": wall, "cpu": cpu}
    return {f"{key}_p{p}_s": float(np.percentile(values, p)) for key, values in times.items() for p in (50, 95)}


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the table, one row per predictor."""
    columns = ("plans with", "return", "success", "planning time, one core", "p95", "CPU time p95")
    rows = []
    for r in results:
        times = ("wall_p50_s", "wall_p95_s", "cpu_p95_s")
        milliseconds = [f"{1e3 * r[key]:.1f} ms" if key in r else "" for key in times]
        returned = f"{r['return_mean']:.0f} ± {r['return_std']:.0f}"
        rows.append([r["predictor"], returned, f"{r['successes']} of {r['episodes']}", *milliseconds])
    return markdown(columns, rows)


def committed() -> str:
    """Return the table of the committed results."""
    return committed_table(FILE, table)


def main(keep: Path | None) -> None:
    """Measure, write the results and print the table."""
    content = header()
    with tempfile.TemporaryDirectory() as scratch:
        write_json(FILE, {**content, "results": list(measure(keep or Path(scratch)))})
    print(committed())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the runs in this folder, and use them again")
    parser.add_argument(
        "--time", nargs=2, metavar=("RUN", "PREDICTOR"), help="print the planning times of this process"
    )
    parser.add_argument("--table", action="store_true", help="print the table of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write the table into docs/control.md")
    args = parser.parse_args()
    if args.time:
        print(json.dumps(timed(*args.time)))
    elif args.table:
        print(committed())
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {"control": committed()}))
    else:
        main(args.keep)
