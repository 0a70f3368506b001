"""All XML files of the packages: whether they are models, and whether training and evaluation run with each of them.

Many files are parts of models. MuJoCo compiles each file first, in a process of its own. The training has one epoch of
a small dataset, and the evaluation two short trajectories. Adam compiles faster than the default optimizer,
and XLA compiles without most optimizations, because neither accuracy nor speed is measured.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import committed_table
from benchmarks.foreign.measure import run
from dynax.config.cores import usable_cores
from dynax.runs.files import write_json

FILE = RESULTS / "foreign_all.json"
TRAINING = (
    "collect.num_rollouts=8", "collect.rollout_length=60", "training.num_epochs=1", "training.val_rollouts=1",
    "training.optimizer=adam",
)  # fmt: skip
EVALUATION = ("eval.num_trajectories=2", "eval.seconds=0.5")
PART, NO_JOINTS, RUNS, ERROR = "part of a model", "no joints", "runs", "error"
COMPILE = "import sys, mujoco; print(mujoco.MjModel.from_xml_path(sys.argv[1]).nv)"


def run_all(models: Mapping[str, Path]) -> None:
    """Run all models without a result, one on each core, and write the results after each of them."""
    found = json.loads(FILE.read_text())["results"] if FILE.exists() else {}
    missing = [name for name in models if name not in found]
    with ThreadPoolExecutor(usable_cores()) as pool:
        for name, result in zip(missing, pool.map(outcome, map(models.__getitem__, missing)), strict=True):
            found[name] = result
            write_json(FILE, {**header(), "files": len(models), "results": found})
            print(name, result, flush=True)


def outcome(path: Path) -> str:
    """Return the kind of the file `path`, or the error of `dynax train` or `dynax eval`."""
    compiled = subprocess.run([sys.executable, "-c", COMPILE, path], capture_output=True, text=True, check=False)
    if compiled.returncode:
        return PART
    if int(compiled.stdout) == 0:
        return NO_JOINTS
    with tempfile.TemporaryDirectory() as folder:
        words = ["train", "env=mjcf", f"env.xml={path}", *TRAINING]
        code, output, lines, _ = run(words, Path(folder), JAX_DISABLE_MOST_OPTIMIZATIONS="1")
        if code == 0:
            words = ["eval", f"run={output.strip()}", *EVALUATION]
            code, _, lines, _ = run(words, Path(folder), JAX_DISABLE_MOST_OPTIMIZATIONS="1")
        return lines[-1][1] if code else RUNS


def table() -> str:
    """Return the table of the committed results."""
    return committed_table(FILE, _table, "of {files} files")


def _table(results: Mapping[str, str]) -> str:
    """Return a row for each package, and the errors."""
    kinds = [PART, NO_JOINTS, RUNS, ERROR]
    counts: dict[str, Counter[str]] = {}
    for name, result in results.items():
        counts.setdefault(name.partition("/")[0], Counter())[result if result in kinds else ERROR] += 1
    rows: list[list[Any]] = [[name, *(str(count[kind]) for kind in kinds)] for name, count in sorted(counts.items())]
    errors = sorted({f"- `{name}`: {text}" for name, text in results.items() if text not in kinds})
    return "\n\n".join([markdown(["package", *kinds], rows), *(["\n".join(errors)] if errors else [])])
