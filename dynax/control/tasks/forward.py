"""Walk or run forward on legs."""

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.stand import Stand
from dynax.control.tasks.tolerance import share
from dynax.envs import Env
from dynax.errors import check_range
from dynax.mechanics.center_of_mass import center_velocity

SUCCESSFUL_SHARE = 0.8  # share of the speed that a successful episode reaches


@dataclass(frozen=True)
class Forward(Stand):
    """Move the center of mass of a legged robot with a speed, and hold the torso high and upright.

    The reward of `stand` is multiplied by a factor between 1/6 and 1, which grows with the speed up to `speed`. Source:
    `walker-walk` of the DeepMind Control Suite (Tassa et al., arXiv:1801.00690, `walker.py`).
    """

    speed: float = 1.0  # speed with the full reward, m/s
    direction: float = 0.0  # direction of the motion in the world, angle from the x axis, rad

    def __post_init__(self):
        super().__post_init__()
        check_range("speed", self.speed, 0, 1e3, open_low=True)

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        velocity = center_velocity(env.mj_model, qpos, qvel, self.torso(env).root)
        forward = velocity[0] * np.cos(self.direction) + velocity[1] * np.sin(self.direction)
        return super().reward(env, qpos, qvel, ctrl) * (5 * share(forward, self.speed) + 1) / 6

    def success(self, env: Env, states: Float[np.ndarray, "T1 S"], rewards: Float[np.ndarray, " T"]) -> bool:
        """Return whether the torso is high and upright at the end of the episode, and the speed is at least 80 %."""
        if not super().success(env, states, rewards):
            return False
        steps, root = min(self.hold_steps(env), len(states) - 1), self.torso(env).root
        start, end = (_center(env, env.space.qpos(states[i]), root) for i in (-1 - steps, -1))
        moved = (end - start)[:2] @ [np.cos(self.direction), np.sin(self.direction)]
        return bool(moved >= SUCCESSFUL_SHARE * self.speed * steps * env.dt)


def _center(env: Env, qpos: Float[np.ndarray, " nq"], body: int) -> Float[np.ndarray, " 3"]:
    """Return the center of mass of a body and its descendants, m."""
    data = mujoco.MjData(env.mj_model)
    data.qpos[:] = qpos
    mujoco.mj_kinematics(env.mj_model, data)
    mujoco.mj_comPos(env.mj_model, data)
    return data.subtree_com[body].copy()
