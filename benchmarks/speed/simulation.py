"""Collecting a dataset compared with a bare `mujoco.rollout`.

The dataset has the default size. The time of a collection includes the initial states, the actions, the warm-start
check and the files. The bare rollout gets the same initial states and actions as arrays, and uses the same number of
threads. Both run alternately, and the ratio is the median over the rounds.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import mujoco
import numpy as np
from mujoco import rollout

from benchmarks.common import markdown, seconds
from dynax import envs
from dynax.config.schema import CollectConfig
from dynax.data.collection import collect
from dynax.data.source import TrajectorySource
from dynax.envs.env import Env
from dynax.evaluation import warmstart
from dynax.excitations.mixed import Mixed

ROBOTS = ("cart_pole", "hopper", "cheetah", "quadruped", "arm")


def collection_time(env: Env, config: CollectConfig) -> float:
    """Return the duration of a collection into an empty folder, s."""
    with tempfile.TemporaryDirectory() as root:
        return seconds(lambda: collect(env, Mixed(), config, root, inspect=warmstart.check))


def bare(env: Env, states: np.ndarray, actions: np.ndarray, threads: int) -> Callable[[], Any]:
    """Return a function that simulates the trajectories from `states` (n, s) with MuJoCo's own rollout."""
    model, full = env.mj_model, mujoco.mjtState.mjSTATE_FULLPHYSICS.value
    data = [mujoco.MjData(model) for _ in range(threads)]
    start = np.zeros((len(states), mujoco.mj_stateSize(model, full)))
    start[:, 1 : 1 + env.state_dim] = states

    def run() -> None:
        with rollout.Rollout(nthread=threads) as pool:
            pool.rollout(model, data, start, actions)

    return run


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield one result per robot. Each robot has its own process, as every command has."""
    config, threads = CollectConfig(backend="native"), len(os.sched_getaffinity(0))
    task = partial(measure_robot, config=config, rounds=rounds, threads=threads)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        yield from processes.map(task, ROBOTS)


def measure_robot(name: str, config: CollectConfig, rounds: int, threads: int) -> dict[str, Any]:
    """Return the result of one robot."""
    env = envs.make({"name": name})
    states, actions = TrajectorySource(env, Mixed(), config.seed, config.rollout_length).draw(0, config.num_rollouts)
    simulate_only = bare(env, states, actions, threads)
    times = np.array([(collection_time(env, config), seconds(simulate_only)) for _ in range(rounds)])
    count = config.num_rollouts * config.rollout_length
    return {
        "robot": name,
        "ratio": float(np.median(times[:, 1] / times[:, 0])),
        "collected_per_s": float(count / np.median(times[:, 0])),
    }


def table(results: list[dict[str, Any]]) -> str:
    """Return the table, one row per robot."""
    columns = ["", "transitions per second", "speed relative to a bare rollout"]
    rows = [[r["robot"], f"{r['collected_per_s']:,.0f}", f"{r['ratio']:.2f}"] for r in results]
    return markdown(columns, rows)
