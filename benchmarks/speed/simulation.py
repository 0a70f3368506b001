"""Collecting a dataset next to a bare `mujoco.rollout`.

The dataset is of the default size. Collection counts everything between the command and the finished dataset: initial
states, actions, the check for hidden states, the files. The bare rollout is of the same states and actions, which it is
given, on as many threads. They take turns, and the ratio is the median of those of the turns.
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
from dynax.data.source import Source
from dynax.envs.env import Env
from dynax.evaluation import warmstart
from dynax.excitations.mixed import Mixed

ROBOTS = ("cart_pole", "hopper", "cheetah", "quadruped", "arm")


def collected(env: Env, config: CollectConfig) -> float:
    """Seconds that a collection of Dynax takes, from nothing."""
    with tempfile.TemporaryDirectory() as root:
        return seconds(lambda: collect(env, Mixed(), config, root, inspect=warmstart.check))


def bare(env: Env, states: np.ndarray, actions: np.ndarray, threads: int) -> Callable[[], Any]:
    """The same trajectories by MuJoCo's own rollout."""
    model, full = env.mj_model, mujoco.mjtState.mjSTATE_FULLPHYSICS.value
    data = [mujoco.MjData(model) for _ in range(threads)]
    start = np.zeros((len(states), mujoco.mj_stateSize(model, full)))
    start[:, 1 : 1 + env.state_dim] = states

    def run() -> None:
        with rollout.Rollout(nthread=threads) as pool:
            pool.rollout(model, data, start, actions)

    return run


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """A result a robot, each in a process of its own, as every command is one."""
    config, threads = CollectConfig(backend="native"), len(os.sched_getaffinity(0))
    task = partial(of, config=config, rounds=rounds, threads=threads)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as alone:
        yield from alone.map(task, ROBOTS)


def of(name: str, config: CollectConfig, rounds: int, threads: int) -> dict[str, Any]:
    """One robot."""
    env = envs.make({"name": name})
    states, actions = Source(env, Mixed(), config.seed, config.rollout_length).draw(0, config.num_rollouts)
    theirs = bare(env, states, actions, threads)
    pairs = np.array([(collected(env, config), seconds(theirs)) for _ in range(rounds)])
    count = config.num_rollouts * config.rollout_length
    return {
        "robot": name,
        "ratio": float(np.median(pairs[:, 1] / pairs[:, 0])),
        "collected_per_s": float(count / np.median(pairs[:, 0])),
    }


def table(results: list[dict[str, Any]]) -> str:
    """A line a robot."""
    columns = ["", "collected a second", "against a bare rollout"]
    lines = [[r["robot"], f"{r['collected_per_s']:,.0f}", f"{r['ratio']:.2f}"] for r in results]
    return markdown(columns, lines)
