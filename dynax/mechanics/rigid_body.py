"""Rigid-body dynamics, linear in the inertial parameters of the bodies.

A body has ten: its mass m, its first moment h = m c and its inertia I about the origin of its frame, in the axes of
that frame. With the velocity v of the origin and the angular velocity w there,

    p = m v + w x h                              momentum
    L = h x v + I w                              angular momentum about the origin
    f = m a + alpha x h + w x (w x h)            force that gives the origin the acceleration a
    n = h x a + I alpha + w x (I w)              torque

and each degree of freedom feels the share of f and n along its Jacobian (Atkeson, An and Hollerbach 1986, Estimation of
Inertial Parameters of Manipulator Loads and Links). One sample a call; callers `vmap`.

Axes: B bodies (nbody), V degrees of freedom (nv), 10 parameters [m, h (3), I (xx, yy, zz, xy, xz, yz)].
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import struct

from dynax.envs.state_space import StateSpace
from dynax.math.vectors import turned
from dynax.mechanics.kinematics import Kinematics, Poses
from dynax.mjcf.gravity import gravity

NAMES = ("m", "hx", "hy", "hz", "Ixx", "Iyy", "Izz", "Ixy", "Ixz", "Iyz")
SYMMETRIC = np.array([[0, 3, 4], [3, 1, 5], [4, 5, 2]], np.int32)  # where the entries of I stand among its six


class Motion(struct.PyTreeNode):
    """How bodies move, in the axes of each body."""

    linear: jax.Array  # (B, 3, V) Jacobian of the origin's velocity
    angular: jax.Array  # (B, 3, V) of the angular velocity
    spin: jax.Array  # (B, 3) angular velocity, rad/s
    drift: jax.Array  # (B, 3) acceleration of the origin at constant qvel, less gravity, m/s^2
    swing: jax.Array  # (B, 3) angular acceleration at constant qvel, rad/s^2


@dataclass(frozen=True, eq=False)
class Mechanics:
    """The equations of motion of a tree of rigid bodies."""

    space: StateSpace
    kinematics: Kinematics
    gravity: np.ndarray  # (3,) m/s^2

    @classmethod
    def of(cls, model: mujoco.MjModel, space: StateSpace) -> "Mechanics":
        return cls(space, Kinematics.of(model), gravity(model))

    def motion(self, state: jax.Array) -> Motion:
        """How the bodies move at `state` (S,)."""
        space, velocity = self.space, self.space.qvel(state)
        rest = jnp.zeros(space.nv + space.na, state.dtype)

        def twists(time: jax.Array) -> tuple[Poses, tuple[jax.Array, jax.Array]]:
            """The poses after a while at constant qvel, and the twists of all bodies there."""
            moved = space.add(state, jnp.concatenate([time * velocity, rest]))
            poses = self.kinematics(space.qpos(moved))
            return poses, self.kinematics.twists(poses, velocity)

        now, tick = jnp.zeros((), state.dtype), jnp.ones((), state.dtype)
        (poses, (_, spin)), (_, (drift, swing)) = jax.jvp(twists, (now,), (tick,))
        bodies = np.arange(len(self.kinematics.body_node))
        linear, angular = self.kinematics.jacobian(poses, bodies, poses.position)
        own = jnp.swapaxes(poses.rotation, 1, 2)  # from the world to the body
        gravity = jnp.asarray(self.gravity, state.dtype)
        return Motion(own @ linear, own @ angular, *(turned(own, x) for x in (spin, drift - gravity, swing)))

    def inertia(self, motion: Motion, parameters: jax.Array) -> jax.Array:
        """The mass matrix (V, V) of bodies with `parameters` (B, 10)."""
        mass, moment, inertia = split(parameters)
        cross = _cross(moment)
        momentum = mass[:, None, None] * motion.linear - cross @ motion.angular
        spin = inertia @ motion.angular + cross @ motion.linear
        return jnp.einsum("biv,biw->vw", motion.linear, momentum) + jnp.einsum("biv,biw->vw", motion.angular, spin)

    def force(self, motion: Motion, parameters: jax.Array, acceleration: Any = None) -> jax.Array:
        """The generalized force (V,) that gives `acceleration` (V,), none by default, against gravity."""
        mass, moment, inertia = split(parameters)
        a, alpha, w = motion.drift, motion.swing, motion.spin
        if acceleration is not None:
            a, alpha = a + motion.linear @ acceleration, alpha + motion.angular @ acceleration
        force = mass[:, None] * a + jnp.cross(alpha, moment) + jnp.cross(w, jnp.cross(w, moment))
        torque = jnp.cross(moment, a) + turned(inertia, alpha) + jnp.cross(w, turned(inertia, w))
        return jnp.einsum("biv,bi->v", motion.linear, force) + jnp.einsum("biv,bi->v", motion.angular, torque)


def split(parameters: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Mass (B,), first moment (B, 3) and inertia (B, 3, 3) of `parameters` (B, 10)."""
    return parameters[:, 0], parameters[:, 1:4], parameters[:, 4:][:, SYMMETRIC]


def _cross(vector: jax.Array) -> jax.Array:
    """The matrices (B, 3, 3) of the cross product with `vector` (B, 3)."""
    x, y, z = vector.T
    zero = jnp.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)
