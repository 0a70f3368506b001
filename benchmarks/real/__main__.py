"""Logs of real machines: import, training and errors by the protocol of each machine. The table of docs/logs.md.

    python -m benchmarks.real --data DIR [MACHINE ...] [--models MODEL ...] [--seeds 0 1 2] [--keep DIR]
    python -m benchmarks.real --table [--write]

Each machine is imported with its mapping and trained with `training=log`, which `dynax train` chooses for logs. The
machines are in `benchmarks.real.machines`. Machines without data are listed. The results of the selected machines and
models replace those in `benchmarks/results/real.json`, so that they can be measured separately.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import ROOT, filled, measured_by
from benchmarks.real.machines import MACHINES, Machine
from dynax import load
from dynax.config.schema import EvalConfig
from dynax.data.dataset import Dataset
from dynax.evaluation.log_evaluation import LogEvaluation, evaluate_log
from dynax.runs.files import write_json

FILE, DOCUMENT = RESULTS / "real.json", ROOT / "docs" / "logs.md"
WINDOWS = EvalConfig(window_seconds=1.0, window_stride=0.5)
HORIZONS = (0.1, 0.25, 0.5)  # s
MODELS = {"mlp": False, "lagrangian": True, "rigid": True}  # whether the architecture needs an MJCF


def dynax(folder: Path, *words: str) -> str:
    """Run a command in a folder and return its result."""
    command = [sys.executable, "-m", "dynax", *words]
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def measure(
    name: str, machine: Machine, models: list[str], data: Path, seeds: list[int], work: Path
) -> Iterator[dict[str, Any]]:
    """Yield the errors of each architecture and seed."""
    for architecture in models:
        if (has_mechanics := MODELS[architecture]) and machine.mjcf is None:
            continue
        folder = work / f"{name}-{architecture}"
        (folder / "logs").mkdir(parents=True)
        machine.files(data / machine.folder, folder / "logs")
        mapping, words = machine.mapping, ["env=data"]
        if has_mechanics and machine.mjcf:
            (folder / "robot.xml").write_text(machine.mjcf)
            mapping, words = f"{mapping}mjcf: robot.xml\n", ["env=mjcf", "env.xml=robot.xml"]
        (folder / "map.yaml").write_text(mapping)
        dataset = dynax(folder, "import", "source=logs", "mapping=map.yaml")
        for seed in seeds:
            start = time.monotonic()
            model = [*words, f"model={architecture}", f"training.seed={seed}"]
            run = dynax(folder, "train", f"dataset={dataset}", *model)
            facts = {"machine": name, "model": architecture, "seed": seed, "train_s": time.monotonic() - start}
            yield {**facts, **errors(evaluate_log(load(run), Dataset.open(dataset), WINDOWS))}


def errors(result: LogEvaluation) -> dict[str, Any]:
    """Return the errors of the positions: of whole simulations, and of windows by horizon."""
    count = result.trained.env.space.nv
    steps = [round(seconds / result.trained.env.dt) for seconds in HORIZONS]
    windows = [[result.horizon("model", c, step) for c in range(count)] for step in steps]
    return {
        "whole_rmse": [result.simulation("model", c)[0].tolist() for c in range(count)],
        "window_rmse": [[rmse for rmse, _ in cells] for cells in windows],
        "window_median": [[middle for _, middle in cells] for cells in windows],
    }


def table(results: list[dict[str, Any]]) -> str:
    """Return the medians over seeds."""
    rows = []
    for name, architecture in dict.fromkeys((r["machine"], r["model"]) for r in results):
        own = [r for r in results if (r["machine"], r["model"]) == (name, architecture)]
        middle = {
            key: np.median([r[key] for r in own], axis=0) for key in ("whole_rmse", "window_rmse", "window_median")
        }
        whole = ", ".join(f"{x:.3g}" for x in middle["whole_rmse"].mean(axis=1))
        if name == "silverbox":
            whole = ", ".join(f"{x:.3g}" for x in middle["whole_rmse"][0])
        pairs = zip(middle["window_rmse"], middle["window_median"], strict=True)
        windows = [f"{_numbers(rmse)} ({_numbers(half)})" for rmse, half in pairs]
        minutes = f"{median(r['train_s'] for r in own) / 60:.1f} min"
        rows.append([name, architecture, whole, *windows, str(len(own)), minutes])
    columns = ["machine", "model", "whole simulation", *(f"{t:g} s" for t in HORIZONS), "seeds", "training"]
    return markdown(columns, rows)


def _numbers(values: Any) -> str:
    return " ".join(f"{x:.2g}" for x in values)


def committed() -> str:
    """Return the table of the committed results, with its line."""
    content = json.loads(FILE.read_text())
    commits = list(dict.fromkeys(result["commit"] for result in content["results"]))
    return f"{table(content['results'])}\n\n{measured_by(content, commits)}"


def main(args: argparse.Namespace) -> None:
    """Measure the selected machines, and write the results after each training."""
    chosen, facts = args.machines or list(MACHINES), header()
    others = json.loads(FILE.read_text())["results"] if FILE.exists() else []
    results: list[dict[str, Any]] = [r for r in others if not (r["machine"] in chosen and r["model"] in args.models)]
    with tempfile.TemporaryDirectory() as temporary:
        for name in chosen:
            machine = MACHINES[name]
            if not (args.data / machine.folder).is_dir():
                print(f"{args.data / machine.folder} does not exist: {name} is left out")
                continue
            for result in measure(name, machine, args.models, args.data, args.seeds, args.keep or Path(temporary)):
                results.append({**result, "commit": facts["commit"]})
                results.sort(
                    key=lambda r: (list(MACHINES).index(r["machine"]), list(MODELS).index(r["model"]), r["seed"])
                )
                print(result, flush=True)
                write_json(FILE, {**facts, "results": results})
    print(committed())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("machines", nargs="*", choices=[[], *MACHINES], metavar="MACHINE", help=", ".join(MACHINES))
    parser.add_argument("--data", type=Path, help="folder with a folder of logs per machine")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS), help="architectures")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="seeds of the trainings")
    parser.add_argument("--keep", type=Path, help="new folder for datasets and runs")
    parser.add_argument("--table", action="store_true", help="print the table of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write the table into docs/logs.md")
    args = parser.parse_args()
    if args.table:
        print(committed())
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {"real": committed()}))
    elif args.data is None:
        parser.error("--data DIR is missing: the folder with the logs of the machines")
    else:
        main(args)
