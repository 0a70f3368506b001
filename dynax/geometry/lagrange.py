"""Equations of motion from energies: all that a mass matrix and a potential say of how a robot moves.

One sample a call; callers `vmap`. Axes: B bodies (nbody), nv degrees of freedom.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from dynax.geometry.kinematics import Kinematics, Poses
from dynax.geometry.vectors import cross
from dynax.state_space import StateSpace

# Of the places (B, 3) and rotations (B, 3, 3) of bodies, a root G (r, nv) of the mass matrix G^T G, and the potential.
Energy = Callable[[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


def forces(
    space: StateSpace, kinematics: Kinematics, energy: Energy, poses: Poses, v: jax.Array, idle: np.ndarray
) -> tuple[jax.Array, jax.Array]:
    """The mass matrix M (nv, nv) and the forces c (nv,) with which M dv/dt = tau - c, at velocity `v` (nv,).

    `idle` (nv,) bool are degrees of freedom that change neither energy, whatever `energy` says.

    With the kinetic energy T = v^T M v / 2, the potential V and the momentum p = M v,

        c = (dM/dt) v - d(T - V)/dq + w x p

    where the derivative by an orientation is the one by a rotation about the axes of the body, and w x p stands for
    orientations alone: their velocities w are about these axes too, so that they are no derivatives of coordinates
    (Hamel's equations; Greenwood 2003, Advanced Dynamics, section 4.3). It is what MuJoCo calls `qfrc_bias`.
    """
    still = jnp.zeros_like(v)

    def moved(change: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The root and the potential where degrees of freedom have moved a little: only their derivatives count."""
        linear, angular = kinematics.twists(poses, jnp.where(idle, 0.0, change))
        columns = jnp.swapaxes(poses.rotation, 1, 2)
        turned = jnp.swapaxes(columns + cross(angular[:, None], columns), 1, 2)
        return energy(poses.position + linear, turned)

    def momentum(change: jax.Array) -> tuple[jax.Array, jax.Array]:
        root, _ = moved(change)
        return root.T @ (root @ v), root

    def surplus(change: jax.Array) -> jax.Array:
        root, potential = moved(change)
        return jnp.sum((root @ v) ** 2) / 2 - potential

    p, rate, root = jax.jvp(momentum, (still,), (v,), has_aux=True)
    force = rate - jax.grad(surplus)(still)
    for _, dofs, turns in space.blocks:
        if turns:
            w = np.arange(dofs.start, dofs.stop)
            force = force.at[w].add(cross(v[w], p[w]))
    return root.T @ root, force
