"""The task `cheetah-run`."""

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.suite.elements import center, check_joints, index
from dynax.control.tasks.suite.initial import random_joints
from dynax.control.tasks.task import Task
from dynax.control.tasks.tolerance import share
from dynax.envs import Env
from dynax.mechanics.center_of_mass import center_velocity

SPEED = 10.0  # speed with the full reward, m/s
SETTLING_STEPS = 200  # physics steps without controls before an episode


@dataclass(frozen=True)
class CheetahRun(Task):
    """Run with the body `torso` of `cheetah.xml` along the x axis. The reward is proportional to the speed.

    Source: `cheetah.py` of the suite.
    """

    def check(self, env: Env) -> None:
        """Raise UserError unless the robot has hinges and slides, and a body `torso`."""
        index(self, env, "body", "torso")
        check_joints(self, env)

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        torso = index(self, env, "body", "torso")
        return share(center_velocity(env.mj_model, qpos, qvel, torso)[0], SPEED)

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw states with uniform positions of the joints with limits, and simulate 200 physics steps from them."""
        states = random_joints(env, rng, n, limited_only=True)
        model, data = env.sim_model, mujoco.MjData(env.sim_model)
        for state in states:
            mujoco.mj_resetData(model, data)
            data.qpos[:] = env.space.qpos(state)
            mujoco.mj_step(model, data, SETTLING_STEPS)
            state[:] = np.concatenate([data.qpos, data.qvel, data.act])
        return states

    def marker(self, env: Env) -> tuple[int, Float[np.ndarray, "3"]]:
        """Return the center of mass of the torso."""
        return center(self, env, "torso")
