"""The task `hopper-hop`."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.suite.elements import center, check_joints
from dynax.control.tasks.suite.initial import random_joints
from dynax.control.tasks.task import Task
from dynax.control.tasks.tolerance import share
from dynax.envs import Env
from dynax.mechanics.center_of_mass import center_velocity
from dynax.mechanics.kinematics import Kinematics

STANDING = 0.6, 2.0  # lowest and highest height of the torso above the foot with a reward, m
SPEED = 2.0  # speed with the full reward, m/s


@dataclass(frozen=True)
class HopperHop(Task):
    """Hop with the robot of `hopper.xml` along the x axis. Unless the torso is above the foot, the reward is 0.

    Source: `hopper.py` of the suite.
    """

    seconds: float = 20.0  # length of an episode, s

    def check(self, env: Env) -> None:
        """Raise UserError unless the robot has hinges and slides, and the bodies `torso` and `foot`."""
        center(self, env, "torso")
        center(self, env, "foot")
        check_joints(self, env)

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        poses = Kinematics.of(env.mj_model)(qpos)
        (torso, at_torso), (foot, at_foot) = (center(self, env, name) for name in ("torso", "foot"))
        top, bottom = (
            (poses.position[body] + poses.rotation[body] @ jnp.asarray(point, qpos.dtype))[2]
            for body, point in ((torso, at_torso), (foot, at_foot))
        )
        height = top - bottom
        standing = (STANDING[0] <= height) & (height <= STANDING[1])
        return standing * share(center_velocity(env.mj_model, qpos, qvel, torso)[0], SPEED)

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw states at rest with uniform angles. As in the suite, the robot may overlap the floor."""
        return random_joints(env, rng, n)

    def marker(self, env: Env) -> tuple[int, Float[np.ndarray, "3"]]:
        """Return the center of mass of the torso."""
        return center(self, env, "torso")
