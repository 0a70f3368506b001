"""The planning problem: a task, a planner and a robot, with the maps between candidates, actions and returns."""

from dataclasses import dataclass, replace
from functools import cached_property

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from dynax.control.planners import Planner
from dynax.control.tasks import Task, rewards
from dynax.envs import Env
from dynax.errors import UserError
from dynax.excitations.excitation import steps_of

DIVERGED_RETURN = -1e9  # return of a candidate whose prediction diverges


@dataclass(frozen=True, eq=False)
class Problem:
    """A task for a robot and a planner. The time between two plans is at least a control step.

    Raises:
        UserError: if the task does not fit the robot, or if the horizon is shorter than a control step.
    """

    env: Env
    task: Task
    planner: Planner

    def __post_init__(self):
        self.task.check(self.env)
        if self.planner.horizon < self.env.dt:
            raise UserError(
                f"planner.horizon={self.planner.horizon:g} is shorter than a control step of {self.env.name}, "
                f"{self.env.dt:g} s"
            )
        if self.planner.period < self.env.dt:
            object.__setattr__(self, "planner", replace(self.planner, period=self.env.dt))

    @property
    def repeat(self) -> int:
        """Number of control steps between two plans."""
        return steps_of(self.planner.period, self.env.dt)

    @cached_property
    def center(self) -> Float[np.ndarray, " A"]:
        """The default action, scaled to [-1, 1]."""
        low, high = self.env.action_bounds
        width = np.where(high > low, high - low, 1.0)
        return np.clip((2 * self.env.default_action - low - high) / width, -1, 1)

    def actions(self, candidates: Float[Array, "N K A"]) -> Float[Array, "N T A"]:
        """Return the actions of candidates at all control steps."""
        low, high = (jnp.asarray(bound, jnp.float32) for bound in self.env.action_bounds)
        scaled = jnp.clip(jnp.einsum("hk,nka->nha", self.planner.basis, candidates), -1, 1)
        return jnp.repeat((low + high) / 2 + scaled * (high - low) / 2, self.repeat, axis=1)

    def returns(self, states: Float[Array, "*E N T1 S"], actions: Float[Array, "N T A"]) -> Float[Array, " N"]:
        """Return the sum of the rewards of each candidate, averaged over the members of an ensemble.

        A prediction that diverges has the worst return.
        """
        actions = jnp.broadcast_to(actions, (*states.shape[:-3], *actions.shape))
        total = rewards(self.task, self.env, states, actions).sum(axis=-1)
        total = jnp.where(jnp.isfinite(total), jnp.maximum(total, DIVERGED_RETURN), DIVERGED_RETURN)
        return total.reshape(-1, total.shape[-1]).mean(axis=0)
