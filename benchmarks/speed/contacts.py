"""Contact detection compared with MJX's contact detection, and with whole steps of MJX and MuJoCo, on one core.

All four start from the same states. Dynax and MJX both compute kinematics and contacts in float32, in compiled batches
of 512 states. A step of MJX is simulated in the same batches. A step of MuJoCo is simulated by one thread of
`mujoco.rollout`. The four alternate in one process, and each figure is a median over the turns.

The contacts are not entirely the same. Dynax returns all possible contacts. For some pairs of shapes, MJX returns more
points, and it limits their number.
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
from dynax.data.source import TrajectorySource
from dynax.envs.env import Env
from dynax.excitations.mixed import Mixed
from dynax.mechanics.collision.contacts import Contacts

ROBOTS = ("hopper", "cheetah", "quadruped", "arm")
BATCH = 512  # states
STEPS, MJX_STEPS = 250, 10  # control steps of one turn, of MuJoCo and MJX
REPEATS, MJX_REPEATS = 50, 5  # detections of one turn, by Dynax and MJX


def repeated(program: Callable[[jax.Array], Any], batch: jax.Array, repeats: int) -> Callable[[], None]:
    """Return a task that evaluates a compiled program several times, after a first evaluation that compiles it."""

    def run() -> None:
        for _ in range(repeats):
            jax.block_until_ready(program(batch))

    jax.block_until_ready(program(batch))
    return run


def detection(env: Env, contacts: Contacts, states: np.ndarray) -> Callable[[], None]:
    """Return a task that detects all contacts of states (n, s) with Dynax."""
    detect = lambda state: contacts.detect(contacts.kinematics(env.space.qpos(state)))  # noqa: E731
    return repeated(jax.jit(jax.vmap(detect)), jnp.asarray(states, jnp.float32), REPEATS)


def mjx_detection(env: Env, states: np.ndarray) -> Callable[[], None]:
    """Return a task that detects all contacts of states (n, s) with `mjx.kinematics` and `mjx.collision`."""
    from mujoco import mjx

    model = mjx.put_model(env.mj_model)
    empty = mjx.make_data(model)

    def detect(qpos: jax.Array) -> Any:
        data = mjx.kinematics(model, empty.replace(qpos=qpos))
        return mjx.collision(model, data)._impl.contact

    return repeated(jax.jit(jax.vmap(detect)), jnp.asarray(env.space.qpos(states), jnp.float32), MJX_REPEATS)


def mjx_steps(env: Env, states: np.ndarray, actions: np.ndarray) -> Callable[[], None]:
    """Return a task that simulates trajectories with MJX, after a first simulation that compiles it."""

    def run() -> None:
        simulate(env, states, actions, "mjx", batch=len(states))

    run()
    return run


def measured(name: str, turns: int) -> dict[str, Any]:
    """Return the result of one robot, in µs per state, on the one core of this process."""
    env = envs.make({"name": name})
    contacts = Contacts.of(env.mj_model)
    if contacts is None:
        raise ValueError(f"{name} has no possible contacts")
    states, actions = TrajectorySource(env, Mixed(), 0, STEPS).draw(0, BATCH)
    tasks = [
        (detection(env, contacts, states), REPEATS),
        (mjx_detection(env, states), MJX_REPEATS),
        (bare(env, states, actions, 1), STEPS),
        (mjx_steps(env, states, actions[:, :MJX_STEPS]), MJX_STEPS),
    ]
    times = np.array([[seconds(task) / count for task, count in tasks] for _ in range(turns)])
    found, mjx_found, step, mjx_step = 1e6 * np.median(times, axis=0) / BATCH
    of_mjx_found, ratio, of_mjx = np.median(times[:, :1] / times[:, 1:], axis=0)
    return {
        "robot": name, "slots": len(contacts), "found_us": found,
        "mjx_found_us": mjx_found, "of_mjx_found": of_mjx_found,
        "step_us": step, "ratio": ratio, "mjx_us": mjx_step, "of_mjx": of_mjx,
    }  # fmt: skip


def use_one_core() -> None:
    """Restrict this process to one core, before JAX counts the cores."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["PJRT_NPROC"] = "1"


def measure(turns: int) -> Iterator[dict[str, Any]]:
    """Yield the result of each robot, measured in a process of its own."""
    for name in ROBOTS:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), use_one_core) as child:
            yield child.submit(measured, name, turns).result()


def table(results: list[dict[str, Any]]) -> str:
    """Return one line for each robot; results of earlier versions have no contact detection of MJX."""
    measured_mjx = [r for r in results if "mjx_found_us" in r]
    mjx_found = [f"{r['of_mjx_found']:.3f} ({r['mjx_found_us']:,.0f} µs)" for r in measured_mjx]
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
    if len(mjx_found) == len(results):
        columns.insert(3, "of MJX's kinematics and collision")
        for line, cell in zip(lines, mjx_found, strict=True):
            line.insert(3, cell)
    return markdown(columns, lines)
