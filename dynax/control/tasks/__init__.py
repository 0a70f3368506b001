"""Tasks: a reward in JAX, a criterion of success, and initial states. Each file contains one task.

Axes of arrays: n episodes, T control steps of an episode, T1 = T + 1 states, S coordinates of a state, A entries of an
action, nq positions, nv degrees of freedom.
"""

from collections.abc import Mapping
from typing import Any

import jax
from jaxtyping import Array, Float

from dynax.config.options import build
from dynax.config.registries import TASKS
from dynax.control.tasks.task import Task
from dynax.envs import Env

__all__ = ["Task", "make", "rewards"]


def make(group: Mapping[str, Any]) -> Task:
    """Return the task of a config group `task`.

    Raises:
        UserError: if the name or an option is unknown, or a value is invalid.
    """
    return build(TASKS, group)


def rewards(
    task: Task, env: Env, states: Float[Array, "*batch T1 S"], actions: Float[Array, "*batch T A"]
) -> Float[Array, "*batch T"]:
    """Return the rewards of trajectories: each depends on an action, and on the state after its control step."""

    def reward(state: jax.Array, action: jax.Array) -> jax.Array:
        return task.reward(env, env.space.qpos(state), env.space.qvel(state), action)

    following = states[..., 1:, :]
    flat = jax.vmap(reward)(following.reshape(-1, states.shape[-1]), actions.reshape(-1, actions.shape[-1]))
    return flat.reshape(following.shape[:-1])
