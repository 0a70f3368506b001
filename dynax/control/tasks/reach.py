"""Move a point of a robot, such as its hand, to a target."""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.task import Task
from dynax.control.tasks.tolerance import long_tail
from dynax.envs import Env, StandingReset
from dynax.errors import UserError, check_range, did_you_mean
from dynax.mechanics.kinematics import Kinematics
from dynax.mjcf.names import body_names

MARGIN, SPEED_MARGIN = 0.3, 1.0  # distance, m, and speed, m/s, with a tolerance of 0.1


@dataclass(frozen=True)
class Reach(Task):
    """Hold a point of a body near a target. The initial states are near the home pose if the robot's reset has one.

    The reward is the product of a tolerance of the distance and a factor between 3/4 and 1 for a low speed. Source: the
    reward of `reacher` in the DeepMind Control Suite, with a long tail instead of zero outside of the target.
    """

    seconds: float = 4.0  # length of an episode, s
    hold: float = 0.5  # length of the end of an episode in which the point must be near the target, s
    body: str = "hand"  # name of the body
    point: tuple[float, ...] = (0.0, 0.0, 0.09)  # point in the frame of the body, m
    target: tuple[float, ...] = (0.45, 0.25, 0.35)  # target in the world, m
    tolerance: float = 0.05  # largest distance from the target in a successful episode, m

    def __post_init__(self):
        super().__post_init__()
        check_range("tolerance", self.tolerance, 0, open_low=True)
        for argument in ("point", "target"):
            if len(getattr(self, argument)) != 3:
                raise UserError(f"{argument}={list(getattr(self, argument))} must have 3 numbers", argument)

    def check(self, env: Env) -> None:
        """Raise UserError unless the robot has the body."""
        names = _names(env)
        if self.body not in names:
            known = f"its bodies are {', '.join(names)}"
            raise self.misfit(env, f"it has no body `{self.body}`{did_you_mean(self.body, names)}; {known}")

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        kinematics, (body, point) = Kinematics.of(env.mj_model), self.marker(env)
        poses = kinematics(qpos)
        position = poses.position[body] + poses.rotation[body] @ point
        speed = jnp.linalg.norm(kinematics.velocity(poses, qvel, np.array([body]), position[None])[0])
        distance = jnp.linalg.norm(position - jnp.asarray(self.target))
        return long_tail(distance, MARGIN) * (3 + long_tail(speed, SPEED_MARGIN)) / 4

    def success(self, env: Env, states: Float[np.ndarray, "T1 S"], rewards: Float[np.ndarray, " T"]) -> bool:
        """Return whether the point is near the target at the end of the episode."""
        data, (body, point) = mujoco.MjData(env.mj_model), self.marker(env)
        for state in states[-self.hold_steps(env) :]:
            data.qpos[:] = env.space.qpos(state)
            mujoco.mj_kinematics(env.mj_model, data)
            position = data.xpos[body] + data.xmat[body].reshape(3, 3) @ point
            if not np.linalg.norm(position - self.target) <= self.tolerance:
                return False
        return True

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw states near the home pose if the robot's reset has one, otherwise those of the reset."""
        if isinstance(env.reset, StandingReset):
            env = replace(env, reset=replace(env.reset, wide_share=0.0))
        return env.sample_states(rng, n)

    def marker(self, env: Env) -> tuple[int, Float[np.ndarray, "3"]]:
        """Return the point that is moved to the target."""
        return _names(env).index(self.body) + 1, np.array(self.point)


def _names(env: Env) -> list[str]:
    """Return the names of the bodies, without the world."""
    return list(body_names(env.mj_model, np.arange(1, env.mj_model.nbody)))
