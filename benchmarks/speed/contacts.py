"""Finding every contact of a predicted state next to a step of MJX and one of C MuJoCo, all on one core.

Contacts are found as a model does it, from kinematics alone, in compiled batches of 512 states; a step of MJX is of as
many at once, as it simulates them for a dataset; a step of C MuJoCo is a single thread's of `mujoco.rollout`. All from
the same states. They take turns in a process of its own, and each figure is the median of its turns.
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
from dynax.data.simulate import simulate
from dynax.data.source import Source
from dynax.envs.env import Env
from dynax.excitations.mixed import Mixed
from dynax.mechanics.collision.contacts import Contacts

ROBOTS = ("hopper", "cheetah", "quadruped", "arm")
BATCH, STEPS, MJX_STEPS, REPEATS = 512, 250, 10, 50


def finding(env: Env, contacts: Contacts, states: np.ndarray) -> Callable[[], None]:
    """All contacts of `states` (n, s), over and over."""
    one = lambda state: contacts.detect(contacts.kinematics(env.space.qpos(state)))  # noqa: E731
    program, some = jax.jit(jax.vmap(one)), jnp.asarray(states, jnp.float32)

    def run() -> None:
        for _ in range(REPEATS):
            jax.block_until_ready(program(some))

    run()  # compiles
    return run


def stepping(env: Env, states: np.ndarray, actions: np.ndarray) -> Callable[[], None]:
    """Some steps of MJX."""

    def run() -> None:
        simulate(env, states, actions, "mjx", batch=len(states))

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
    mjx = stepping(env, states, actions[:, :MJX_STEPS])
    turns = np.array(
        [(seconds(find) / REPEATS, seconds(step) / STEPS, seconds(mjx) / MJX_STEPS) for _ in range(rounds)]
    )
    found, stepped, by_mjx = 1e6 * np.median(turns, axis=0) / BATCH
    ratio, of_mjx = np.median(turns[:, :1] / turns[:, 1:], axis=0)
    return {
        "robot": name, "slots": len(contacts), "found_us": found,
        "step_us": stepped, "ratio": ratio, "mjx_us": by_mjx, "of_mjx": of_mjx,
    }  # fmt: skip


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
    columns = ["", "possible contacts", "finding them", "of a step of MJX", "of a step of C MuJoCo"]
    lines = [
        [
            r["robot"],
            str(r["slots"]),
            f"{r['found_us']:.1f} µs",
            f"{r['of_mjx']:.3f} ({r['mjx_us']:,.0f} µs)",
            f"{r['ratio']:.2f} ({r['step_us']:.1f} µs)",
        ]
        for r in results
    ]
    return markdown(columns, lines)
