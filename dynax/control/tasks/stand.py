"""Hold a legged robot upright."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.task import Task
from dynax.control.tasks.tolerance import gaussian
from dynax.control.tasks.torso import Torso, torso_of
from dynax.envs import Env, StandingReset
from dynax.errors import check_range


@dataclass(frozen=True)
class Stand(Task):
    """Hold the torso of a legged robot high and upright.

    The reward is 3/4 for a high torso, and 1/4 for an upright one. Both decrease smoothly. Source: `walker-stand` of
    the DeepMind Control Suite (Tassa et al., arXiv:1801.00690, `walker.py`); there, `height` is 1.2 m of 1.3 m.
    """

    body: str | None = None  # name of the torso; None is the body with the floating base
    height: float = 0.9  # height of the torso with the full reward, as a share of its height in the standing pose
    tolerance: float = 0.5  # largest angle of the torso from upright in a successful episode, rad

    def __post_init__(self):
        super().__post_init__()
        check_range("height", self.height, 0, 1, open_low=True)
        check_range("tolerance", self.tolerance, 0, np.pi, open_low=True)

    def check(self, env: Env) -> None:
        """Raise UserError unless the robot has a floating base, legs, and a floor under the torso."""
        self.torso(env)

    def torso(self, env: Env) -> Torso:
        """Return the torso of a robot."""
        return torso_of(self, env, self.body)

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        torso = self.torso(env)
        height, upright = torso.posture(env.mj_model, qpos)
        goal = self.height * torso.height
        standing = gaussian(jnp.maximum(goal - height, 0.0), goal / 2)
        return (3 * standing + (1 + upright) / 2) / 4

    def success(self, env: Env, states: Float[np.ndarray, "T1 S"], rewards: Float[np.ndarray, " T"]) -> bool:
        """Return whether the torso is high and upright at the end of the episode."""
        torso, data = self.torso(env), mujoco.MjData(env.mj_model)
        for state in states[-self.hold_steps(env) :]:
            data.qpos[:] = env.space.qpos(state)
            mujoco.mj_kinematics(env.mj_model, data)
            high = data.xpos[torso.body, 2] - torso.floor >= self.height * torso.height
            if not (high and data.xmat[torso.body, 6:] @ torso.up >= np.cos(self.tolerance)):
                return False
        return True

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw states near the standing pose, on the floor.

        The noise is that of the robot's reset if the reset is `standing`, otherwise the default of `standing`.
        """
        reset = env.reset if isinstance(env.reset, StandingReset) else StandingReset()
        return replace(env, reset=replace(reset, wide_share=0.0)).sample_states(rng, n)

    def marker(self, env: Env) -> tuple[int, Float[np.ndarray, "3"]]:
        """Return the center of mass of the torso."""
        body = self.torso(env).body
        return body, env.mj_model.body_ipos[body].copy()
