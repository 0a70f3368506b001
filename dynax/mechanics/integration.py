"""The integrators of MuJoCo: the change of a state over a control step.

A control step consists of physics steps of duration h with one action. With the acceleration a(q, v), a physics step is

    v' = v + h a,  q' = q + h v'                                   Euler and implicitfast
    x' = x + (k1 + 2 k2 + 2 k3 + k4) / 6,  k_i = h (v_i, a_i)      RK4

in which x + k turns an orientation by a rotation vector. RK4 evaluates a, with all constraint forces, at the states x,
x + k1 / 2, x + k2 / 2 and x + k3 (MuJoCo documentation, Computation: Numerical integration).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.envs.state_space import StateSpace

STAGE_SHARES = np.array([0.0, 0.5, 0.5, 1.0])  # of the previous slope, in the state of each evaluation of RK4
STAGE_WEIGHTS = np.array([1, 2, 2, 1]) / 6  # of the slopes of RK4, in the change of the state

VelocityChange = Callable[[Float[Array, " S"]], Float[Array, " nv"]]  # from a state to h a


class Evaluations(NamedTuple):
    """The evaluations of the acceleration in a control step, in the order of time."""

    states: jax.Array  # states at which it is evaluated, (E, S)
    changes: jax.Array  # h a at these states, (E, nv)


@dataclass(frozen=True, eq=False)
class ControlStep:
    """A control step of a robot without activations."""

    space: StateSpace
    timestep: float  # duration h of a physics step, s
    count: int  # physics steps
    runge_kutta: bool  # whether the integrator is RK4

    @property
    def weights(self) -> Float[np.ndarray, " E"]:
        """The weights of the evaluations in the mean acceleration of the control step."""
        return np.tile(STAGE_WEIGHTS if self.runge_kutta else np.ones(1), self.count) / self.count

    @property
    def times(self) -> Float[np.ndarray, " E"]:
        """The times of the evaluations, as shares of the control step."""
        shares = STAGE_SHARES if self.runge_kutta else np.zeros(1)
        return (np.arange(self.count)[:, None] + shares).ravel() / self.count

    def __call__(self, velocity_change: VelocityChange, state: Float[Array, " S"]) -> Float[Array, " dv"]:
        """Return the change of the state over the control step.

        Args:
            velocity_change: function from a state to h a. A semi-implicit integrator may be implicit in damping.
            state: the state before the step.
        """
        return self.evaluated(velocity_change, state)[0]

    def evaluated(
        self, velocity_change: VelocityChange, state: Float[Array, " S"]
    ) -> tuple[Float[Array, " dv"], Evaluations]:
        """Return the change of the state, and all evaluations of `velocity_change`; see `__call__`."""
        step = self._runge_kutta if self.runge_kutta else self._semi_implicit

        def body(change: jax.Array, _: None) -> tuple[jax.Array, Evaluations]:
            further, evaluations = step(velocity_change, self.space.add(state, change))
            return self.space.compose(change, further), evaluations

        change, every = jax.lax.scan(body, jnp.zeros(self.space.tangent_dim, state.dtype), None, self.count)
        return change, jax.tree.map(lambda x: x.reshape(-1, x.shape[-1]), every)

    def _semi_implicit(self, velocity_change: VelocityChange, state: jax.Array) -> tuple[jax.Array, Evaluations]:
        change = velocity_change(state)
        positions = self.timestep * (self.space.qvel(state) + change)
        return jnp.concatenate([positions, change]), Evaluations(state, change)

    def _runge_kutta(self, velocity_change: VelocityChange, state: jax.Array) -> tuple[jax.Array, Evaluations]:
        def stage(slope: jax.Array, share: jax.Array) -> tuple[jax.Array, tuple[jax.Array, Evaluations]]:
            at = self.space.add(state, share * slope)
            change = velocity_change(at)
            slope = jnp.concatenate([self.timestep * self.space.qvel(at), change])
            return slope, (slope, Evaluations(at, change))

        zero = jnp.zeros(self.space.tangent_dim, state.dtype)
        slopes, evaluations = jax.lax.scan(stage, zero, jnp.asarray(STAGE_SHARES, state.dtype))[1]
        return jnp.asarray(STAGE_WEIGHTS, state.dtype) @ slopes, evaluations
