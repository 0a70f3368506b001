"""Estimates of the memory and the disk that data need, before anything is allocated."""

from pathlib import Path

import mujoco

from dynax.config.bounds import check_memory
from dynax.config.schema import CollectConfig
from dynax.data import native
from dynax.data.simulate import BUFFER_BYTES, DTYPE
from dynax.data.source import BLOCK, PREFETCHED_BATCHES
from dynax.envs import Env
from dynax.errors import UserError
from dynax.runs.disk import size_of_disk

_COPIES = 4  # of trajectories in memory: parts of states, joined states, differences, float32 arrays of a training


def check_collection(env: Env, config: CollectConfig, backend: str) -> None:
    """Raise UserError if a batch of a dataset does not fit into memory."""
    steps = config.rollout_length
    width = mujoco.mj_stateSize(env.mj_model, native.FULL) + env.action_dim
    physics_steps = steps * (env.decimation if backend == "native" else 1)
    one_batch = BUFFER_BYTES[backend] + physics_steps * width * DTYPE[backend].itemsize  # at least one trajectory
    check_memory(
        f"collecting trajectories of {steps:,} steps of {env.name}",
        (1 + PREFETCHED_BATCHES) * (one_batch + _draw_bytes(env, steps)),
        "decrease collect.rollout_length or env.decimation",
    )


def check_description(env: Env, config: CollectConfig, root: Path, backend: str) -> None:
    """Raise UserError if a dataset is larger than the disk of `root`, or if its first actions do not fit into memory.

    The description of a dataset contains a hash of these actions.
    """
    n, steps = config.num_rollouts, config.rollout_length
    check_memory(
        f"drawing actions of {steps:,} steps for {env.name}",
        _draw_bytes(env, steps),
        "decrease collect.rollout_length",
    )
    needed, disk = n * trajectory_bytes(env, steps, DTYPE[backend].itemsize), size_of_disk(root)
    if needed > disk:
        raise UserError(
            f"a dataset of {n:,} trajectories of {steps:,} steps needs {needed / 1e9:,.3g} GB, but the disk of {root} "
            f"has {disk / 1e9:.3g} GB: decrease collect.num_rollouts or collect.rollout_length"
        )


def _draw_bytes(env: Env, steps: int) -> int:
    """Return the memory that the actions of a block of trajectories need while they are drawn."""
    return 2 * BLOCK * steps * env.action_dim * 8


def check_reading(env: Env, n: int, steps: int) -> None:
    """Raise UserError if `n` trajectories for a training do not fit into memory."""
    check_memory(
        f"a training on {n:,} trajectories of {steps:,} steps of {env.name}",
        _COPIES * n * trajectory_bytes(env, steps),
        "decrease collect.num_rollouts or collect.rollout_length",
    )


def trajectory_bytes(env: Env, steps: int, itemsize: int = 8) -> int:
    """Return the size of the states and the actions of one trajectory."""
    return itemsize * ((steps + 1) * env.state_dim + steps * env.action_dim)
