"""The velocity at the start of a prediction, estimated from the last measurements.

Velocities in a log are estimated or noisy, and a prediction adds their error at each step. Measurements at short
intervals contain nearly the same information, so that a long history is read at larger intervals.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.envs.state_space import StateSpace

MAX_MEASUREMENTS = 9  # earlier measurements that are read


@dataclass(frozen=True, eq=False)
class VelocityObserver:
    """A correction of the last velocity: a linear function of the differences between the last measurements.

    Of the h - 1 measurements before the last, every n-th is read, with the smallest n for which they are at most nine.

    Attributes:
        space: the state space.
        history: number h of measurements.
        action_dim: number A of entries of an action.
    """

    space: StateSpace
    history: int
    action_dim: int

    @property
    def rows(self) -> np.ndarray:
        """The earlier measurements that are read, counted from the oldest of the history."""
        stride = max(1, -(-(self.history - 1) // MAX_MEASUREMENTS))
        return np.arange(self.history - 1, -1, -stride, dtype=np.int32)[:0:-1]

    def init(self) -> Float[np.ndarray, "nv n"]:
        """Return the initial weights, which correct nothing."""
        return np.zeros((self.space.nv, len(self.rows) * (2 * self.space.nv + self.action_dim)), np.float32)

    def __call__(
        self,
        weights: Float[Any, "nv n"],
        states: Float[Array, "h S"],
        actions: Float[Array, "h A"],
        unit: Float[Any, " nv"],
        action_unit: Float[Any, " A"],
    ) -> Float[Array, " S"]:
        """Return the last state with the corrected velocity.

        Args:
            weights: the weights.
            states: measured states, oldest first.
            actions: their actions.
            unit: unit of the velocities.
            action_unit: unit of the actions.
        """
        space, rows = self.space, self.rows
        difference = space.difference(states[-1], states[rows])
        positions = difference[:, : space.nv] / (unit * space.dt)
        velocities = difference[:, space.nv : 2 * space.nv] / unit
        inputs: Any = jnp.concatenate([positions, velocities, actions[rows] / action_unit], axis=1)
        correction = unit * (weights @ inputs.ravel())
        change = jnp.zeros(space.tangent_dim, correction.dtype)
        return space.add(states[-1], change.at[space.nv : 2 * space.nv].set(correction))
