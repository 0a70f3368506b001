"""Eight processes that need the same dataset at the same time: one of them collects it, and all of them use it."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import markdown
from dynax.data.dataset import Dataset

NAME, DEFAULT_ROUNDS, PROCESSES = "one_dataset", 3, 8

CODE = """if True:
    import logging, pathlib, sys, time
    from dynax.config.schema import CollectConfig
    from dynax.data.collection import collect
    from dynax.envs import PendulumEnv
    from dynax.excitations.mixed import Mixed

    logging.basicConfig(level="INFO", format="%(message)s", force=True)
    folder, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    print("ready", flush=True)
    sys.stdin.readline()
    config = CollectConfig(num_rollouts=200, rollout_length=500, seed=seed, backend="native")
    print(collect(PendulumEnv(), Mixed(), config, folder).path)
"""


def measure(rounds: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each round: how many processes collected, and whether all agree."""
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            yield {"round": number, **_round(Path(folder), seed + number)}


def _round(folder: Path, seed: int) -> dict[str, Any]:
    """Start all processes, let them begin at once, and compare their results."""
    command = [sys.executable, "-c", CODE, str(folder), str(seed)]
    processes = [subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True) for _ in range(PROCESSES)]
    for process in processes:
        assert process.stdout
        process.stdout.readline()  # it has imported everything
    results = []
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        results.append((*process.communicate(), process.returncode))
    paths, codes = {out for out, _, _ in results}, {code for *_, code in results}
    collected = sum("collected " in errors for _, errors, _ in results)
    left = sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))
    Dataset.open(paths.copy().pop().strip()).verify()
    passed = len(paths) == len(left) == collected == 1 and codes == {0}
    return {"processes": PROCESSES, "collected": collected, "paths": len(paths), "left": left, "passed": passed}


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return how many processes collected in each round."""
    rows = [[str(r["round"] + 1), str(r["processes"]), str(r["collected"]), str(r["paths"])] for r in results]
    return markdown(["round", "processes", "collections", "datasets"], rows)
