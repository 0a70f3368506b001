"""Bias forces of a mechanical system from its Lagrangian, by automatic differentiation."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from dynax.envs.state_space import StateSpace
from dynax.math.arrays import AnyArray
from dynax.math.vectors import cross
from dynax.mechanics.kinematics import Kinematics, Poses

Lagrangian = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]
"""Kinetic minus potential energy as a function of body positions (B, 3), body rotations (B, 3, 3) and qvel (nv,)."""


def bias_force(
    space: StateSpace,
    kinematics: Kinematics,
    lagrangian: Lagrangian,
    poses: Poses,
    v: Float[AnyArray, " nv"],
    invariant: Bool[np.ndarray, " nv"],
) -> Float[Array, " nv"]:
    """Return the generalized force c of the equations of motion M dv/dt = tau - c.

    MuJoCo calls c `qfrc_bias`. With the momentum p = dL/dv,

        c = dp/dq v - dL/dq + w x p

    The derivative by an orientation is the derivative by a rotation about the axes of the body. The velocities w of
    orientations refer to these axes too. They are no derivatives of coordinates, hence the term w x p, which exists for
    orientations only (Hamel's equations; Greenwood 2003, Advanced Dynamics, section 4.3).

    Args:
        space: layout of the state.
        kinematics: kinematics of the robot.
        lagrangian: Lagrangian with the kinetic energy v^T M v / 2.
        poses: poses of the bodies.
        v: generalized velocity.
        invariant: degrees of freedom that the Lagrangian does not depend on; their derivatives are set to zero.
    """

    def displaced(displacement: jax.Array, v: jax.Array) -> jax.Array:
        """Return the Lagrangian after an infinitesimal displacement (nv,) of the degrees of freedom."""
        linear, angular = kinematics.twists(poses, jnp.where(invariant, 0.0, displacement))
        columns = jnp.swapaxes(poses.rotation, 1, 2)
        rotation = jnp.swapaxes(columns + cross(angular[:, None], columns), 1, 2)
        return lagrangian(poses.position + linear, rotation, v)

    zero = jnp.zeros_like(v)
    p, momentum_rate = jax.jvp(lambda displacement: jax.grad(displaced, 1)(displacement, v), (zero,), (v,))
    force = momentum_rate - jax.grad(displaced)(zero, v)
    for _, dofs, is_orientation in space.blocks:
        if is_orientation:
            w = np.arange(dofs.start, dofs.stop)
            force = force.at[w].add(cross(v[w], p[w]))
    return force
