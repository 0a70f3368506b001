"""Equations of motion from energies: all that these say of how a robot moves.

One sample a call; callers `vmap`. Axes: B bodies (nbody), nv degrees of freedom.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from dynax.envs.state_space import StateSpace
from dynax.math.vectors import cross
from dynax.mechanics.kinematics import Kinematics, Poses

# Kinetic less potential energy, of the places (B, 3) and rotations (B, 3, 3) of bodies and of qvel (nv,).
Lagrangian = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]


def forces(
    space: StateSpace, kinematics: Kinematics, lagrangian: Lagrangian, poses: Poses, v: jax.Array, idle: np.ndarray
) -> jax.Array:
    """The forces c (nv,) of M dv/dt = tau - c, where the kinetic energy is v^T M v / 2, at velocity `v` (nv,).

    `idle` (nv,) bool are degrees of freedom that change no energy, whatever `lagrangian` says. With the momentum
    p = dL/dv,

        c = dp/dq v - dL/dq + w x p

    where the derivative by an orientation is the one by a rotation about the axes of the body, and w x p stands for
    orientations alone: their velocities w are about these axes too, so that they are no derivatives of coordinates
    (Hamel's equations; Greenwood 2003, Advanced Dynamics, section 4.3). It is what MuJoCo calls `qfrc_bias`.
    """

    def moved(change: jax.Array, v: jax.Array) -> jax.Array:
        """The Lagrangian where every degree of freedom has moved a little: only its derivative counts."""
        linear, angular = kinematics.twists(poses, jnp.where(idle, 0.0, change))
        columns = jnp.swapaxes(poses.rotation, 1, 2)
        turned = jnp.swapaxes(columns + cross(angular[:, None], columns), 1, 2)
        return lagrangian(poses.position + linear, turned, v)

    still = jnp.zeros_like(v)
    p, rate = jax.jvp(lambda change: jax.grad(moved, 1)(change, v), (still,), (v,))
    force = rate - jax.grad(moved)(still, v)
    for _, dofs, turns in space.blocks:
        if turns:
            w = np.arange(dofs.start, dofs.stop)
            force = force.at[w].add(cross(v[w], p[w]))
    return force
