"""Compare several trainings as one program with single trainings, which follow each other, on all cores.

Each case is a process of its own. The epochs of both kinds alternate, and the ratios are medians over the rounds.

    python -m benchmarks.speed.groups NUMBER ROUNDS    the result of one case
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.common import markdown, seconds
from dynax.cli.jobs import libraries

COUNT = 8  # trainings, which differ in the seed and in the learning rate
TRANSITIONS = 120_000
SMALL = {"architecture": "mlp", "hidden_dims": [64, 64]}
CASES = (  # robot, options of the model, optimizer
    ("cart_pole", SMALL, "adam"),
    ("cart_pole", SMALL, "soap"),
    ("cart_pole", {"architecture": "mlp"}, "soap"),
    ("cart_pole", {"architecture": "transformer"}, "soap"),
    ("hopper", {"architecture": "mlp"}, "soap"),
)


def result(robot: str, options: dict[str, Any], optimizer: str, rounds: int) -> dict[str, Any]:
    """Return the time of an epoch of a single training and of a group, s."""
    from dataclasses import replace

    from dynax import TrainingConfig, architectures, envs
    from dynax.training import Training, TrainingGroup, TrainingSet
    from dynax.utils import collect_and_prepare_data

    env = envs.make({"name": robot})
    model = architectures.make(env, options)
    data, val = collect_and_prepare_data(env, 2 + TRANSITIONS // 500, 500, 0, val_fraction=0.02)
    train = TrainingSet.of(model, data)
    config = replace(TrainingConfig.recipe(model), optimizer=optimizer, num_epochs=10_000, val_rollouts=1)
    config = replace(config, finetune="none", unroll_epochs=0, patience=None)
    rates = np.linspace(0.5, 1, COUNT) * config.learning_rate
    settings = [replace(config, seed=i, learning_rate=float(rate)) for i, rate in enumerate(rates)]
    single = Training(model, train, val, settings[0], 0)
    group = TrainingGroup([Training(model, train, val, each, each.seed) for each in settings])

    def epoch_of_group() -> None:
        while not group.advance():
            pass

    single.step()  # compiles, as the next line does
    epoch_of_group()
    times = [(seconds(single.step), seconds(epoch_of_group)) for _ in range(rounds)]
    return {
        "robot": robot,
        "model": options["architecture"] + (f" {options['hidden_dims']}" if "hidden_dims" in options else ""),
        "optimizer": optimizer,
        "trainings": COUNT,
        "single_s": float(np.median([one for one, _ in times])),
        "group_s": float(np.median([several for _, several in times])),
        "ratio": float(np.median([several / one for one, several in times])),
    }


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each case."""
    for number in range(len(CASES)):
        command = [sys.executable, "-m", "benchmarks.speed.groups", str(number), str(rounds)]
        yield json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])


def table(results: list[dict[str, Any]]) -> str:
    """Return the results as a table."""
    columns = ["robot", "model", "optimizer", "an epoch, single", "an epoch of 8 trainings", "trainings / single"]
    rows = [
        [r["robot"], r["model"], r["optimizer"], f"{r['single_s']:.2f} s", f"{r['group_s']:.2f} s", f"{r['ratio']:.1f}"]
        for r in results
    ]
    return markdown(columns, rows)


if __name__ == "__main__":
    libraries.set_defaults()
    libraries.start_devices()
    print(json.dumps(result(*CASES[int(sys.argv[1])], rounds=int(sys.argv[2]))))
