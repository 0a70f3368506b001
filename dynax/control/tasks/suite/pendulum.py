"""The task `pendulum-swingup`."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.poles import poles_of
from dynax.control.tasks.suite.initial import random_joints
from dynax.control.tasks.task import Task
from dynax.envs import Env

WIDTH = np.deg2rad(8)  # largest angle from the upright pose with a reward


@dataclass(frozen=True)
class PendulumSwingup(Task):
    """Swing the pole of `pendulum.xml` up. The reward is 1 within 8 degrees of upright, and 0 elsewhere.

    The initial angle is uniform. Source: `pendulum.py` of the suite.
    """

    seconds: float = 20.0  # length of an episode, s

    def check(self, env: Env) -> None:
        """Raise UserError unless the robot is one pole on a pivot."""
        poles = poles_of(self, env)
        if (poles.carts, poles.count) != (0, 1):
            raise self.misfit(env, "it must be one pole on a pivot")

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        angles = poles_of(self, env).angles(qpos)
        return (jnp.cos(angles) >= np.cos(WIDTH)).all().astype(qpos.dtype)

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw states at rest with a uniform angle."""
        return random_joints(env, rng, n)
