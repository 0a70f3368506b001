"""Finding every contact of a predicted state next to a step of C MuJoCo, both on one core.

Contacts are found as a model does it, from kinematics alone, in compiled batches of 512 states; the step is a single
thread's of `mujoco.rollout`, from the same states. The two take turns in a process of its own, and each figure is the
median of its turns.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.common import markdown, seconds
from benchmarks.speed.simulation import bare
from dynax import envs
from dynax.data.source import Source
from dynax.envs.env import Env
from dynax.excitations.mixed import Mixed
from dynax.geometry.contacts import Contacts

ROBOTS = ("hopper", "cheetah", "quadruped", "arm")
BATCH, STEPS, REPEATS = 512, 250, 50


def finding(env: Env, contacts: Contacts, states: np.ndarray) -> Callable[[], None]:
    """All contacts of `states` (n, s), over and over."""
    one = lambda state: contacts.detect(contacts.kinematics(env.space.qpos(state)))  # noqa: E731
    program, some = jax.jit(jax.vmap(one)), jnp.asarray(states, jnp.float32)

    def run() -> None:
        for _ in range(REPEATS):
            jax.block_until_ready(program(some))

    run()  # compiles
    return run


def measured(name: str, rounds: int) -> dict[str, Any]:
    """One robot, on the one core of this process."""
    env = envs.make({"name": name})
    contacts = Contacts.of(env.mj_model)
    if contacts is None:
        raise ValueError(f"nothing of {name} can touch")
    states, actions = Source(env, Mixed(), 0, STEPS).draw(0, BATCH)
    find, step = finding(env, contacts, states), bare(env, states, actions, 1)
    turns = np.array([(seconds(find) / REPEATS, seconds(step) / STEPS) for _ in range(rounds)])
    found, stepped = 1e6 * np.median(turns, axis=0) / BATCH
    ratio = np.median(turns[:, 0] / turns[:, 1])
    return {"robot": name, "slots": len(contacts), "found_us": found, "step_us": stepped, "ratio": ratio}


def on_one_core() -> None:
    """Leave this process one core, before JAX looks how many there are."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["PJRT_NPROC"] = "1"


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """A result a robot."""
    for name in ROBOTS:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), on_one_core) as child:
            yield child.submit(measured, name, rounds).result()


def table(results: list[dict[str, Any]]) -> str:
    """A line a robot."""
    columns = ["", "possible contacts", "finding them", "a step of C MuJoCo", "of a step"]
    lines = [
        [r["robot"], str(r["slots"]), f"{r['found_us']:.1f} µs", f"{r['step_us']:.1f} µs", f"{r['ratio']:.2f}"]
        for r in results
    ]
    return markdown(columns, lines)
