"""Compare the training speed on one core with that on all cores, for the default models.

Each measurement is a process of its own, which may use one core or all of them. The third measurement has a core that
another process keeps busy. The three alternate, and the ratios are medians over the rounds.

    python -m benchmarks.speed.cores ROBOT MODEL    the time of an update on the cores that the process may use
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks.common import markdown, seconds
from dynax.cli.jobs import libraries

CASES = (("cart_pole", "mlp"), ("cart_pole", "transformer"), ("hopper", "mlp"), ("hopper", "mechanical"))
TRANSITIONS = 60_000


def update_ms(robot: str, architecture: str) -> dict[str, Any]:
    """Return the time of an update of the default training in ms, and the number of shards."""
    import jax

    from benchmarks.speed.training import dynax_epoch
    from dynax import TrainingConfig, architectures, envs
    from dynax.training import TrainingSet
    from dynax.training.epoch_size import epoch_size
    from dynax.training.shards import with_shards
    from dynax.utils import collect_and_prepare_data

    env = envs.make({"name": robot})
    model = architectures.make(env, {"architecture": architecture})
    data, _ = collect_and_prepare_data(env, 2 + TRANSITIONS // 500, 500, jax.random.PRNGKey(0), val_fraction=0.01)
    train, config = TrainingSet.of(model, data), with_shards(TrainingConfig.recipe(model))
    epoch = dynax_epoch(train, config)
    _, updates = epoch_size(model, config, len(train.window_ends()))
    epoch()  # compiles
    return {"ms": 1e3 * min(seconds(epoch) for _ in range(3)) / updates, "shards": config.shards}


def measured(case: Sequence[str], cores: Sequence[int]) -> dict[str, Any]:
    """Return `update_ms` of a process that may use `cores`."""
    command = [sys.executable, "-m", "benchmarks.speed.cores", *case]
    start = lambda: os.sched_setaffinity(0, cores)  # noqa: E731
    threads = {"PJRT_NPROC": str(len(cores))}  # XLA has as many threads as the machine has cores, otherwise
    output = subprocess.run(
        command, preexec_fn=start, env={**os.environ, **threads}, stdout=subprocess.PIPE, check=True
    ).stdout
    return json.loads(output.splitlines()[-1])


def measured_beside_another_process(case: Sequence[str], cores: Sequence[int]) -> dict[str, Any]:
    """Return `update_ms` of a process that may use `cores`, of which another process keeps the first one busy."""
    start = lambda: os.sched_setaffinity(0, cores[:1])  # noqa: E731
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=start)
    try:
        return measured(case, cores)
    finally:
        busy.kill()
        busy.wait()


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each case."""
    cores = sorted(os.sched_getaffinity(0))
    for case in CASES:
        results = [
            (measured(case, cores[:1]), measured(case, cores), measured_beside_another_process(case, cores))
            for _ in range(rounds)
        ]
        times = np.array([[result["ms"] for result in round_] for round_ in results])
        yield {
            "robot": case[0],
            "model": case[1],
            "cores": len(cores),
            "shards": results[0][1]["shards"],
            "one_core_ms": float(np.median(times[:, 0])),
            "all_cores_ms": float(np.median(times[:, 1])),
            "speedup": float(np.median(times[:, 0] / times[:, 1])),
            "speedup_beside_another_process": float(np.median(times[:, 0] / times[:, 2])),
        }


def table(results: list[dict[str, Any]]) -> str:
    """Return the results as a table."""
    cores = results[0]["cores"] if results else 2
    columns = ["robot", "model", "an update, one core", f"{cores} cores", "speedup", "speedup beside a busy process"]
    rows = [
        [
            r["robot"],
            r["model"],
            f"{r['one_core_ms']:.1f} ms",
            f"{r['all_cores_ms']:.1f} ms",
            f"{r['speedup']:.2f}",
            f"{r['speedup_beside_another_process']:.2f}",
        ]
        for r in results
    ]
    return markdown(columns, rows)


if __name__ == "__main__":
    libraries.set_defaults()
    libraries.start_devices()
    print(json.dumps(update_ms(*sys.argv[1:])))
