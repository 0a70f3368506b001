"""Tasks of poles on a cart or on a pivot: the pose of the poles, and the reward that these tasks share."""

from dataclasses import dataclass

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.task import Task
from dynax.control.tasks.tolerance import gaussian, quadratic
from dynax.envs import Env
from dynax.errors import check_range
from dynax.math.arrays import AnyArray
from dynax.mjcf.joints import HINGE, SLIDE

CART_MARGIN, RATE_MARGIN = 2.0, 5.0  # m, rad/s; as in the DeepMind Control Suite
NOISE = 0.01  # standard deviation of positions and velocities in an initial state, rad or m


@dataclass(frozen=True)
class Poles:
    """A chain of poles: which coordinate is the cart, and which angle is upright."""

    carts: int  # 1 if the first joint is the slide of a cart, otherwise 0
    count: int  # poles
    upright_angle: float  # angle of the first pole at which all poles are upright if the others are straight, rad

    def angles(self, qpos: Float[AnyArray, "*batch nq"]) -> Float[AnyArray, "*batch poles"]:
        """Return the angle of each pole from the upright pose, rad; not wrapped."""
        return qpos[..., self.carts :].cumsum(axis=-1) - self.upright_angle


def poles_of(task: Task, env: Env) -> Poles:
    """Return the poles of a robot.

    Raises:
        UserError: if the robot is no chain of poles in a vertical plane, with or without a cart.
    """
    model = env.mj_model
    carts = int(model.njnt > 0 and model.jnt_type[0] == SLIDE)
    hinges = model.jnt_type[carts:] == HINGE
    if not hinges.size or not hinges.all():
        raise task.misfit(env, "its joints must be hinges of poles, after at most one slide of a cart")
    if not all(model.body_parentid[model.jnt_bodyid[1:]] == model.jnt_bodyid[:-1]):
        raise task.misfit(env, "its bodies must form one chain")
    if model.jnt_limited[carts:].any():
        raise task.misfit(env, "its hinges must have no limits")
    heights, axes = zip(*(_height_and_axes(model, carts, angle) for angle in (0.0, np.pi)), strict=True)
    if not np.allclose(axes[0], axes[0][0], atol=1e-6):
        raise task.misfit(env, "the axes of its hinges must be parallel")
    return Poles(carts, len(hinges), np.pi if heights[1] > heights[0] else 0.0)


def _height_and_axes(model: mujoco.MjModel, carts: int, angle: float) -> tuple[float, Float[np.ndarray, "poles 3"]]:
    """Return the height of the center of mass (m) and the axes of the hinges, at an angle of the first hinge."""
    data = mujoco.MjData(model)
    data.qpos[carts] = angle
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    return float(data.subtree_com[0, 2]), data.xaxis[carts:].copy()


@dataclass(frozen=True)
class PoleTask(Task):
    """Hold all poles upright, with the cart in the middle, with little force and at low rates.

    The reward is that of the cart pole in the DeepMind Control Suite (Tassa et al., arXiv:1801.00690, `cartpole.py`).
    It is the product of four factors: an upright pose (0 to 1), a centered cart (1/2 to 1), small controls (4/5 to 1)
    and small rates (1/2 to 1).
    """

    tolerance: float = 0.2  # largest angle from the upright pose in a successful episode, rad

    def __post_init__(self):
        super().__post_init__()
        check_range("tolerance", self.tolerance, 0, np.pi, open_low=True)

    def check(self, env: Env) -> None:
        """Raise UserError unless the robot is a chain of poles without limits."""
        poles_of(self, env)

    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        poles, (low, high) = poles_of(self, env), env.action_bounds
        upright = (1 + jnp.cos(poles.angles(qpos)).mean()) / 2
        centered = (1 + gaussian(qpos[: poles.carts], CART_MARGIN).prod()) / 2
        small_control = (4 + quadratic(2 * (ctrl - (low + high) / 2) / (high - low), 1.0).mean()) / 5
        small_rates = (1 + gaussian(qvel[poles.carts :], RATE_MARGIN).min()) / 2
        return upright * centered * small_control * small_rates

    def success(self, env: Env, states: Float[np.ndarray, "T1 S"], rewards: Float[np.ndarray, " T"]) -> bool:
        """Return whether all poles are upright at the end of the episode."""
        angles = poles_of(self, env).angles(env.space.qpos(states[-self.hold_steps(env) :]))
        return bool((np.cos(angles) >= np.cos(self.tolerance)).all())

    def marker(self, env: Env) -> tuple[int, Float[np.ndarray, "3"]]:
        """Return the tip of the last pole, which is twice as far from its hinge as the center of mass."""
        return env.mj_model.nbody - 1, 2 * env.mj_model.body_ipos[-1]

    def poses(self, env: Env, rng: np.random.Generator, n: int, from_upright: float) -> Float[np.ndarray, "n S"]:
        """Draw states near a pose with straight poles, which are turned by `from_upright` (rad)."""
        poles = poles_of(self, env)
        states = np.zeros((n, env.state_dim))
        states[:, poles.carts] = poles.upright_angle + from_upright
        states[:, : 2 * env.space.nv] += rng.normal(0, NOISE, (n, 2 * env.space.nv))
        return states
