"""Collecting a dataset next to a bare `mujoco.rollout`, and finding contacts next to a step of MuJoCo.

The dataset is of the default size. Collection counts everything between the command and the finished dataset: initial
states, actions, the check for hidden states, the files. The bare rollout is of the same states and actions, which it is
given, on as many threads. They take turns, and the ratio is the median of those of the turns. Contacts are found in
compiled batches of 512 states, by a process that has one core; the step is C MuJoCo's within the bare rollout.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from mujoco import rollout

from benchmarks.common import markdown, seconds
from dynax import envs
from dynax.config import CollectConfig
from dynax.data.collection import collect
from dynax.data.source import Source
from dynax.envs.env import Env
from dynax.excitations.mixed import Mixed
from dynax.geometry.contacts import Contacts

ROBOTS = ("cart_pole", "hopper", "cheetah", "quadruped", "arm")
BATCH, REPEATS = 512, 50


def collected(env: Env, config: CollectConfig) -> Callable[[], Any]:
    """A collection of Dynax, from nothing."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as root:
            collect(env, Mixed(), config, root)

    return run


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


def finding(name: str) -> float | None:
    """Microseconds to find every contact in one state, of many; None where there can be none."""
    env = envs.make({"name": name})
    contacts = Contacts.of(env.mj_model)
    if contacts is None:
        return None
    one = lambda state: contacts.detect(contacts.kinematics(env.space.qpos(state)))  # noqa: E731
    program = jax.jit(jax.vmap(one))
    states = Source(env, Mixed(), 0, 1).draw(0, BATCH)[0]
    some = jnp.asarray(states, jnp.float32)
    jax.block_until_ready(program(some))
    taken = seconds(lambda: [jax.block_until_ready(program(some)) for _ in range(REPEATS)])
    return 1e6 * taken / (REPEATS * BATCH)


def on_one_core() -> None:
    """Leave this process one core, before JAX looks how many there are."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["PJRT_NPROC"] = "1"


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """A result a robot."""
    config, threads = CollectConfig(backend="native"), len(os.sched_getaffinity(0))
    for name in ROBOTS:
        yield of(name, config, rounds, threads)


def of(name: str, config: CollectConfig, rounds: int, threads: int) -> dict[str, Any]:
    """One robot."""
    env = envs.make({"name": name})
    states, actions = Source(env, Mixed(), config.seed, config.rollout_length).draw(0, config.num_rollouts)
    ours, theirs = collected(env, config), bare(env, states, actions, threads)
    pairs = np.array([(seconds(ours), seconds(theirs)) for _ in range(rounds)])
    count = config.num_rollouts * config.rollout_length
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), on_one_core) as child:
        contacts = child.submit(finding, name).result()
    return {
        "robot": name,
        "ratio": float(np.median(pairs[:, 1] / pairs[:, 0])),
        "collected_per_s": float(count / np.median(pairs[:, 0])),
        "step_us": float(1e6 * threads * np.median(pairs[:, 1]) / count),
        "contacts_us": contacts,
    }


def table(results: list[dict[str, Any]]) -> str:
    """A line a robot."""
    columns = [
        "",
        "collected a second",
        "against a bare rollout",
        "finding contacts, one core",
        "a step of C MuJoCo, one core",
    ]
    lines = [
        [
            r["robot"],
            f"{r['collected_per_s']:,.0f}",
            f"{r['ratio']:.2f}",
            f"{r['contacts_us']:.1f} µs" if r["contacts_us"] else "none",
            f"{r['step_us']:.1f} µs",
        ]
        for r in results
    ]
    return markdown(columns, lines)
