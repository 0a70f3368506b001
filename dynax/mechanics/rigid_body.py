"""Rigid-body dynamics, linear in the inertial parameters of the bodies.

A body has ten parameters: its mass m, its first moment h = m c, and its inertia I about the origin of its frame. Here
c is the center of mass. All parameters are expressed in the axes of the body. With the velocity v and angular
velocity w of the frame,

    p = m v + w x h                              momentum
    L = h x v + I w                              angular momentum about the origin
    f = m a + alpha x h + w x (w x h)            force for an acceleration a of the origin
    n = h x a + I alpha + w x (I w)              torque about the origin for an angular acceleration alpha

The generalized force is the sum over all bodies of J^T f + J_w^T n, with the linear and angular Jacobians J and J_w.
Source: Atkeson, An and Hollerbach 1986, Estimation of Inertial Parameters of Manipulator Loads and Links.

Inertial parameters (B, 10) are [m, h (3), Ixx, Iyy, Izz, Ixy, Ixz, Iyz] in kg, kg m and kg m^2.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.envs.state_space import StateSpace
from dynax.math.arrays import AnyArray, Leaf
from dynax.math.vectors import rotate
from dynax.mechanics.kinematics import Kinematics, Poses
from dynax.mjcf.gravity import gravity

PARAMETER_NAMES = ("m", "hx", "hy", "hz", "Ixx", "Iyy", "Izz", "Ixy", "Ixz", "Iyz")
SYMMETRIC = np.array([[0, 3, 4], [3, 1, 5], [4, 5, 2]], np.int32)  # positions of the six entries in the matrix I


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class BodyMotion:
    """Jacobians, velocities and bias accelerations of all bodies, in the axes of each body."""

    linear_jacobian: Leaf  # of the velocity of the origin, (B, 3, nv)
    angular_jacobian: Leaf  # of the angular velocity, (B, 3, nv)
    angular_velocity: Leaf  # (B, 3), rad/s
    linear_bias: Leaf  # acceleration of the origin at constant qvel, minus gravity, (B, 3), m/s^2
    angular_bias: Leaf  # angular acceleration at constant qvel, (B, 3), rad/s^2


@dataclass(frozen=True, eq=False)
class RigidBodyDynamics:
    """The equations of motion of trees of rigid bodies. Build it once per model with `RigidBodyDynamics.of`."""

    space: StateSpace
    kinematics: Kinematics
    gravity: Float[np.ndarray, " 3"]  # m/s^2

    @classmethod
    def of(cls, model: mujoco.MjModel, space: StateSpace) -> "RigidBodyDynamics":
        """Return the dynamics of a model."""
        return cls(space, Kinematics.of(model), gravity(model))

    def body_motion(self, state: Float[AnyArray, " S"]) -> BodyMotion:
        """Return the motion of all bodies; bias accelerations are time derivatives along a path of constant qvel."""
        space, velocity = self.space, self.space.qvel(state)
        zeros = jnp.zeros(space.nv + space.na, state.dtype)

        def twists(time: jax.Array) -> tuple[Poses, tuple[jax.Array, jax.Array]]:
            """Return the poses and twists of all bodies after `time` at constant qvel."""
            later = space.add(state, jnp.concatenate([time * velocity, zeros]))
            poses = self.kinematics(space.qpos(later))
            return poses, self.kinematics.twists(poses, velocity)

        now, unit = jnp.zeros((), state.dtype), jnp.ones((), state.dtype)
        (poses, (_, spin)), (_, (linear_bias, angular_bias)) = jax.jvp(twists, (now,), (unit,))
        bodies = np.arange(len(self.kinematics.body_node))
        linear, angular = self.kinematics.jacobian(poses, bodies, poses.position)
        to_body = jnp.swapaxes(poses.rotation, 1, 2)
        gravity = jnp.asarray(self.gravity, state.dtype)
        return BodyMotion(
            to_body @ linear, to_body @ angular,
            *(rotate(to_body, x) for x in (spin, linear_bias - gravity, angular_bias)),
        )  # fmt: skip

    def mass_matrix(self, motion: BodyMotion, parameters: Float[AnyArray, "B 10"]) -> Float[Array, "nv nv"]:
        """Return the mass matrix of bodies with the given inertial parameters."""
        mass, moment, inertia = split(parameters)
        moment_cross = _cross_matrix(moment)
        momentum = mass[:, None, None] * motion.linear_jacobian - moment_cross @ motion.angular_jacobian
        spin = inertia @ motion.angular_jacobian + moment_cross @ motion.linear_jacobian
        linear = jnp.einsum("biv,biw->vw", motion.linear_jacobian, momentum)
        return linear + jnp.einsum("biv,biw->vw", motion.angular_jacobian, spin)

    def inverse_dynamics(
        self,
        motion: BodyMotion,
        parameters: Float[AnyArray, "B 10"],
        acceleration: Float[AnyArray, " nv"] | None = None,
    ) -> Float[Array, " nv"]:
        """Return the generalized force for an acceleration (zero by default) against gravity."""
        mass, moment, inertia = split(parameters)
        a, alpha, w = motion.linear_bias, motion.angular_bias, motion.angular_velocity
        if acceleration is not None:
            a, alpha = a + motion.linear_jacobian @ acceleration, alpha + motion.angular_jacobian @ acceleration
        force = mass[:, None] * a + jnp.cross(alpha, moment) + jnp.cross(w, jnp.cross(w, moment))
        torque = jnp.cross(moment, a) + rotate(inertia, alpha) + jnp.cross(w, rotate(inertia, w))
        linear = jnp.einsum("biv,bi->v", motion.linear_jacobian, force)
        return linear + jnp.einsum("biv,bi->v", motion.angular_jacobian, torque)


def inertial_parameters(model: mujoco.MjModel) -> Float[np.ndarray, "B 10"]:
    """Return the inertial parameters of all bodies of an MJCF."""
    axes, center = np.zeros((model.nbody, 9)), model.body_ipos
    for body in range(model.nbody):
        mujoco.mju_quat2Mat(axes[body], model.body_iquat[body])
    turn, mass = axes.reshape(-1, 3, 3), model.body_mass[:, None]
    inertia = np.einsum("bij,bj,bkj->bik", turn, model.body_inertia, turn)
    square = np.sum(center**2, axis=1)[:, None, None] * np.eye(3) - center[:, :, None] * center[:, None]
    inertia += mass[:, None] * square
    return np.concatenate([mass, mass * center, inertia[:, [0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]], axis=1)


def split(
    parameters: Float[AnyArray, "B 10"],
) -> tuple[Float[Array, " B"], Float[Array, "B 3"], Float[Array, "B 3 3"]]:
    """Return the masses, first moments and inertia matrices of inertial parameters."""
    return parameters[:, 0], parameters[:, 1:4], parameters[:, 4:][:, SYMMETRIC]


def _cross_matrix(vector: jax.Array) -> jax.Array:
    """Return the matrices (B, 3, 3) of the cross product with `vector` (B, 3)."""
    x, y, z = vector.T
    zero = jnp.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)
