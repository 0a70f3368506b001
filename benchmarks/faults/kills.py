"""SIGKILL at a random time: every run is whole or recognizably unfinished, and continues to the same bytes.

A round runs a command, kills it at a time that is uniform over its duration, and checks the files. Then it runs the
command again with `training.resume=auto` and compares the result with that of an uninterrupted command.
"""

import hashlib
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import markdown
from benchmarks.faults import processes
from benchmarks.faults.processes import Child
from dynax.errors import UserError
from dynax.runs import checkpoint, sealed

NAME, DEFAULT_ROUNDS = "kills", 100
TRAIN = [
    "train", "env=pendulum", "training=smoke", "model=mlp", "model.hidden_dims=[8]", "training.num_epochs=12",
    "training.optimizer=adam", "training.finetune=levenberg_marquardt", "training.finetune_steps=6",
    "training.checkpoint_every=3", "training.checkpoint_seconds=0.2", "collect.backend=native", "training.resume=auto",
]  # fmt: skip
SWEEP = ["train", "-m", *TRAIN[1:], "training.seed=1,2"]
EVAL = ["eval", "eval=smoke"]
KINDS = {"train": 0.6, "sweep": 0.2, "eval": 0.2}  # share of the rounds
TIMES = ("time_s", "training_time_s", "wall_time_s", "speed")  # measured, and different in each repetition


def measure(rounds: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each round."""
    processes.import_everything()
    rng, references = random.Random(seed), {}
    with tempfile.TemporaryDirectory() as root:
        for number in range(rounds):
            kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
            if kind not in references:
                references[kind] = _reference(kind, Path(root))
            folder = Path(root, str(number))
            yield {"round": number, **_round(kind, rng.random(), references[kind], folder)}
            shutil.rmtree(folder)


def _reference(kind: str, root: Path) -> tuple[float, str, Path]:
    """Return the duration and the result of an uninterrupted command, and the folder that it starts from."""
    start, first, second = (root / f"{kind}-{name}" for name in ("start", "first", "second"))
    start.mkdir()
    if kind == "eval":
        _complete("train", start)
    shutil.copytree(start, first)
    shutil.copytree(start, second)
    result = _complete(kind, first)  # and fills the compilation cache
    begin = time.monotonic()
    code = Child(second, _words(kind, second)).wait()
    assert code == 0, (second / "err").read_text()
    return time.monotonic() - begin, result, start


def _complete(kind: str, folder: Path) -> str:
    """Run a command to its end and return a hash of all its results.

    Raises:
        RuntimeError: if the command fails.
    """
    command = "eval" if kind == "eval" else "train"
    code = Child(folder, _words(kind, folder), lambda: _digest(folder, command)).wait()
    if code != 0:
        raise RuntimeError(f"exit code {code}: {(folder / 'err').read_text()[-500:]}")
    return (folder / "result").read_text()


def _round(kind: str, share: float, reference: tuple[float, str, Path], folder: Path) -> dict[str, Any]:
    """Kill a command after a share of its duration, repeat it, and return the outcome."""
    seconds, expected, start = reference
    shutil.copytree(start, folder)
    child = Child(folder, _words(kind, folder))
    code = child.wait(share * seconds)
    phase = "finished" if code is not None else child.phase
    if code is None:
        child.kill()
        child.wait()
    result = {"kind": kind, "after_s": round(share * seconds, 3), "phase": phase}
    problem = _problem(kind, folder, expected)
    return {**result, "passed": problem is None, "problem": problem}


def _problem(kind: str, folder: Path, expected: str) -> str | None:
    """Return the fault after a kill, or None: damaged files, a failed repetition, or another result."""
    try:
        for run in _runs(folder, "train"):
            _verify(run)
        return None if _complete(kind, folder) == expected else "the repetition has another result"
    except (UserError, RuntimeError) as error:
        return str(error)


def _verify(run: Path) -> None:
    """Raise `UserError` unless each checkpoint is whole, and `RuntimeError` if a finished run has none."""
    paths = checkpoint.checkpoints(run)
    for path in paths:
        sealed.verify(path)
    if (run / "summary.json").exists() and not paths:
        raise RuntimeError(f"{run} has a summary and no checkpoint")


def _words(kind: str, folder: Path) -> list[str]:
    if kind == "eval":
        return [*EVAL, f"run={_runs(folder, 'train')[0]}"]
    return SWEEP if kind == "sweep" else TRAIN


def _runs(folder: Path, command: str) -> list[Path]:
    """Return the run directories of a command, the newest of each seed last."""
    files = folder.glob(f"outputs/{command}/**/.hydra/config.yaml")
    return sorted((file.parents[1] for file in files), key=lambda run: run.stat().st_mtime)


def _digest(folder: Path, command: str) -> str:
    """Return a hash of the results of all finished runs of a command."""
    import jax
    import numpy as np

    import dynax

    hashes = set()
    for run in _runs(folder, command):
        if not (run / "summary.json").exists():
            continue
        summary = json.loads((run / "summary.json").read_text())
        names = ("run", "run_id", "dataset", "trained_run", "commit", "summary_sha256", *TIMES)
        digest = hashlib.sha256(json.dumps({k: v for k, v in summary.items() if k not in names}).encode())
        if command == "train":
            for row in map(json.loads, (run / "metrics.jsonl").read_text().splitlines()):
                digest.update(json.dumps({k: v for k, v in row.items() if k not in TIMES}).encode())
            for leaf in jax.tree.leaves(dynax.load(run).params):
                digest.update(np.asarray(leaf).tobytes())
        hashes.add(digest.hexdigest())
    return " ".join(sorted(hashes))


def table(results: list[dict[str, Any]]) -> str:
    """Return the number of kills in each phase, and how many of them passed."""
    phases = Counter(r["phase"] for r in results)
    kinds = Counter((r["phase"], r["kind"]) for r in results)
    passed = Counter(r["phase"] for r in results if r["passed"])
    rows = [
        [phase, str(count), *(str(kinds[phase, kind]) for kind in KINDS), f"{passed[phase]} of {count}"]
        for phase, count in phases.most_common()
    ]
    total = sum(r["passed"] for r in results)
    rows.append(["all", str(len(results)), *("" for _ in KINDS), f"{total} of {len(results)}"])
    return markdown(["phase of the kill", "kills", *(f"in {kind}" for kind in KINDS), "passed"], rows)
