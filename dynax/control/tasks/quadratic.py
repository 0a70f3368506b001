"""A quadratic cost, with a weight for each coordinate."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.task import Task
from dynax.envs import Env
from dynax.errors import UserError, check_range, did_you_mean
from dynax.math.arrays import AnyArray


@dataclass(frozen=True)
class Quadratic(Task):
    """Move coordinates to a target: the reward is minus the weighted sum of squared differences and controls.

    The coordinates are the joints, such as `hinge`, and their velocities, such as `hinge velocity`. The source of this
    reward is the linear-quadratic regulator. An episode is successful if the weighted error is small at its end.
    """

    weights: Mapping[str, float] = field(default_factory=dict)  # coordinate: weight of its squared difference
    target: Mapping[str, float] = field(default_factory=dict)  # coordinate: desired value; others are 0
    control_weight: float = 0.001  # weight of the squared difference of each control from the default action
    tolerance: float = 0.1  # largest root of the weighted squared error in a successful episode

    def __post_init__(self):
        super().__post_init__()
        check_range("control_weight", self.control_weight, 0)
        check_range("tolerance", self.tolerance, 0, open_low=True)
        for name, weight in self.weights.items():
            check_range(f"weights.{name}", weight, 0)
        if not self.weights:
            raise UserError("weights={} must contain a coordinate, such as weights={hinge: 1.0}", "weights")

    def check(self, env: Env) -> None:
        """Raise UserError unless the robot has the coordinates."""
        labels = env.space.labels
        for argument, mapping in (("weights", self.weights), ("target", self.target)):
            for name in mapping:
                if name not in labels:
                    known = f"the coordinates of {env.name} are {', '.join(labels)}"
                    message = f"{argument} has no coordinate `{name}`{did_you_mean(name, labels)}; {known}"
                    raise UserError(message, argument)

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        state = jnp.concatenate([qpos, qvel, jnp.zeros(env.space.na)])
        control = jnp.square(ctrl - env.default_action).sum()
        return -self._error(env, state) - self.control_weight * control

    def success(self, env: Env, states: Float[np.ndarray, "T1 S"], rewards: Float[np.ndarray, " T"]) -> bool:
        """Return whether the weighted error is small at the end of the episode."""
        error = self._error(env, states[-self.hold_steps(env) :])
        return bool((error <= self.tolerance**2).all())

    def _error(self, env: Env, states: Float[AnyArray, "*batch S"]) -> Float[AnyArray, "*batch"]:
        labels = env.space.labels
        weights, change = np.zeros(len(labels)), np.zeros(len(labels))
        for name, weight in self.weights.items():
            weights[labels.index(name)] = weight
        for name, value in self.target.items():
            change[labels.index(name)] = value
        target = env.space.add(_origin(env), change)
        array = states.__array_namespace__()
        return (array.square(env.space.difference(array.asarray(target, dtype=states.dtype), states)) * weights).sum(-1)


def _origin(env: Env) -> Float[np.ndarray, " S"]:
    """Return the state with all lengths, angles and velocities 0, and with the orientations of the default pose."""
    origin = np.zeros(env.state_dim)
    for q, _, is_orientation in env.space.blocks:
        if is_orientation:
            origin[q] = env.space.default_state[q]
    return origin
