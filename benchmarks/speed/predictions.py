"""Compare the cost of a predicted step with that of C MuJoCo, on one core, and find where the time goes.

The parameters are random, because training does not change the cost of a prediction. Model and MuJoCo predict the same
number of trajectories from the same initial states and alternate in one process. MuJoCo uses float64 and one thread.
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import jax
import numpy as np

from benchmarks.common import markdown, seconds
from benchmarks.speed.contacts import use_one_core
from benchmarks.speed.simulation import bare
from benchmarks.speed.time_by_part import time_by_part
from dynax import architectures, envs
from dynax.data.source import TrajectorySource
from dynax.excitations.mixed import Mixed

CASES = (
    ("cart_pole", "lagrangian"),
    ("cart_pole", "mlp"),
    ("cart_pole", "transformer"),
    ("hopper", "mlp"),
    ("hopper", "mechanical"),
    ("quadruped", "mlp"),
    ("quadruped", "mechanical"),
)
BATCH = 1024  # trajectories
STEPS = 100  # control steps of a prediction
NUM_PARTS = 3  # parts that the table names


def measured(robot: str, architecture: str, rounds: int) -> dict[str, Any]:
    """Return the predicted steps per second, relative to MuJoCo too, and the share of each part of Dynax."""
    env = envs.make({"name": robot})
    model = architectures.make(env, {"architecture": architecture})
    states, actions = TrajectorySource(env, Mixed(), 0, model.history + STEPS).draw(0, BATCH)
    params = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    history = np.repeat(states[:, None].astype(np.float32), model.history, axis=1)
    inputs = history, actions[:, : model.history - 1 + STEPS].astype(np.float32)
    predict = lambda: jax.block_until_ready(model.rollout(*inputs, params))  # noqa: E731
    simulate = bare(env, states, actions[:, :STEPS], 1)
    predict()
    simulate()
    times = np.array([[seconds(predict), seconds(simulate)] for _ in range(rounds)])
    return {
        "robot": robot,
        "model": architecture,
        "per_s": BATCH * STEPS / float(np.median(times[:, 0])),
        "mujoco_per_s": BATCH * STEPS / float(np.median(times[:, 1])),
        "ratio": float(np.median(times[:, 1] / times[:, 0])),
        "parts": time_by_part(model.predict, params, history, inputs[1][:, : model.history]),
    }


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each case, measured in a process of its own on one core."""
    for case in CASES:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), use_one_core) as child:
            yield child.submit(measured, *case, rounds).result()


def table(results: list[dict[str, Any]]) -> str:
    """Return one line for each case."""
    columns = ["robot", "model", "predicted steps per second", "C MuJoCo", "ratio", "largest parts of the time"]
    rows = []
    for r in results:
        parts = ", ".join(f"{part} {share:.0%}" for part, share in list(r["parts"].items())[:NUM_PARTS])
        rows.append(
            [r["robot"], r["model"], f"{r['per_s']:,.0f}", f"{r['mujoco_per_s']:,.0f}", f"{r['ratio']:.2f}", parts]
        )
    return markdown(columns, rows)
