"""The task `acrobot-swingup`."""

from dataclasses import dataclass

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.suite.initial import random_joints
from dynax.control.tasks.task import Task
from dynax.control.tasks.tolerance import gaussian
from dynax.envs import Env
from dynax.mechanics.kinematics import Kinematics
from dynax.mjcf.joints import HINGE

MARGIN = 1.0  # distance from the target at which the reward is 0.1, m


@dataclass(frozen=True)
class AcrobotSwingup(Task):
    """Swing the site `tip` of `acrobot.xml` to the site `target`. The reward is 1 within the target.

    The initial angles are uniform. Source: `acrobot.py` of the suite.
    """

    def check(self, env: Env) -> None:
        """Raise UserError unless the robot has hinges, a site `tip`, and a site `target` of the world."""
        model, target = env.mj_model, _site(env, "target")
        if min(_site(env, "tip"), target) < 0 or model.site_bodyid[target] != 0:
            raise self.misfit(env, "it has no site `tip`, or no site `target` of the world")
        if (model.jnt_type != HINGE).any():
            raise self.misfit(env, "its joints must be hinges")

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        model, (body, point) = env.mj_model, self.marker(env)
        poses = Kinematics.of(model)(qpos)
        target = _site(env, "target")  # of the world body
        distance = jnp.linalg.norm(poses.position[body] + poses.rotation[body] @ point - model.site_pos[target])
        return gaussian(jnp.maximum(distance - model.site_size[target, 0], 0.0), MARGIN)

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw states at rest with uniform angles."""
        return random_joints(env, rng, n)

    def marker(self, env: Env) -> tuple[int, Float[np.ndarray, "3"]]:
        """Return the site `tip`."""
        tip = _site(env, "tip")
        return int(env.mj_model.site_bodyid[tip]), env.mj_model.site_pos[tip].copy()


def _site(env: Env, name: str) -> int:
    return mujoco.mj_name2id(env.mj_model, mujoco.mjtObj.mjOBJ_SITE, name)
