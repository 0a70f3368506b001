"""The task `reacher-easy`."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.suite.elements import check_joints, index
from dynax.control.tasks.suite.initial import random_joints
from dynax.control.tasks.task import Task
from dynax.envs import Env
from dynax.errors import UserError, check_range
from dynax.mechanics.kinematics import Kinematics


@dataclass(frozen=True)
class ReacherEasy(Task):
    """Hold the geom `finger` of `reacher.xml` in a target. The reward is 1 if they overlap, and 0 elsewhere.

    A reward depends only on the state and the action. Therefore all episodes have the same target, an option. In the
    suite, the target of an episode is random, with a distance of 0.05 to 0.2 m from the shoulder. Source: `reacher.py`
    of the suite.
    """

    seconds: float = 20.0  # length of an episode, s
    target: tuple[float, ...] = (0.1, 0.1)  # x and y of the target, m
    size: float = 0.05  # radius of the target, m; that of `reacher-hard` is 0.015

    def __post_init__(self):
        super().__post_init__()
        check_range("size", self.size, 0, open_low=True)
        if len(self.target) != 2:
            raise UserError(f"target={list(self.target)} must have 2 numbers", "target")

    def check(self, env: Env) -> None:
        """Raise UserError unless the robot has hinges and slides, and a geom `finger`."""
        self._finger(env)
        check_joints(self, env)

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        poses, (body, point) = Kinematics.of(env.mj_model)(qpos), self.marker(env)
        position = poses.position[body] + poses.rotation[body] @ jnp.asarray(point, qpos.dtype)
        distance = jnp.linalg.norm(position[:2] - jnp.asarray(self.target, qpos.dtype))
        return (distance <= self.size + env.mj_model.geom_size[self._finger(env), 0]).astype(qpos.dtype)

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw states at rest with uniform angles."""
        return random_joints(env, rng, n)

    def marker(self, env: Env) -> tuple[int, Float[np.ndarray, "3"]]:
        """Return the center of the geom `finger`."""
        finger = self._finger(env)
        return int(env.mj_model.geom_bodyid[finger]), env.mj_model.geom_pos[finger].copy()

    def _finger(self, env: Env) -> int:
        return index(self, env, "geom", "finger")
