"""Known constants that fix the scale of the homogeneous equations of motion, one for each kinematic tree.

These constants are prior knowledge. A tree with a floating base needs its mass. A tree with a fixed base needs the gain
of its strongest actuator. A tree without actuators needs the trace of its mass matrix in the default pose, because
motion without actuators does not depend on the scale of the inertia.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Float

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.identification.equations import constants_of
from dynax.mechanics import rigid_body
from dynax.mechanics.trees import trees


class KnownScale(NamedTuple):
    """Linear equations `rows @ constants = values`."""

    rows: Float[np.ndarray, "K P"]
    values: Float[np.ndarray, " K"]


def known_scale(model: RigidDynamicsModel) -> KnownScale:
    """Return the equations that fix the scale of every tree, from the MJCF."""
    mj_model, moment, moving = model.env.mj_model, model.actuation.moment, model.moving
    gains, mass_matrix = mj_model.actuator_gainprm[:, 0], default_mass_matrix(mj_model)
    masses, gain, diagonal = _jacobians(model)
    rows, values = [], []
    for number, tree in enumerate(trees(mj_model)):
        actuators = np.flatnonzero((moment[tree.dofs] != 0).any(axis=0))
        bodies = np.flatnonzero(mj_model.body_treeid[moving] == number)
        if tree.floating_base:
            rows.append(masses[bodies].sum(axis=0))
            values.append(mj_model.body_mass[moving[bodies]].sum())
        elif len(actuators):
            strongest = actuators[np.argmax(np.abs(gains[actuators]))]
            rows.append(gain[strongest])
            values.append(gains[strongest])
        if not len(actuators):
            rows.append(diagonal[tree.dofs].sum(axis=0))
            values.append(np.diag(mass_matrix)[tree.dofs].sum())
    return KnownScale(np.array(rows), np.array(values))


def default_mass_matrix(mj_model: mujoco.MjModel) -> Float[np.ndarray, "nv nv"]:
    """Return the mass matrix in the default pose."""
    data, mass_matrix = mujoco.MjData(mj_model), np.zeros((mj_model.nv, mj_model.nv))
    mujoco.mj_forward(mj_model, data)
    mujoco.mj_fullM(mj_model, data, mass_matrix)
    return mass_matrix


def _jacobians(model: RigidDynamicsModel) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return derivatives with respect to the constants: of body masses, gains, and the mass matrix's diagonal."""
    zero, unravel = constants_of(model)
    default_state = model.env.space.default_state

    def functions(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        constants = unravel(x)
        masses = constants["bodies"].reshape(-1, len(rigid_body.PARAMETER_NAMES))[:, 0]
        return masses, constants.get("gain", zero[:0]), jnp.diag(model.mass_matrix(constants, default_state))

    return jax.jit(jax.jacfwd(functions))(zero)  # one program, because each compilation takes longer than the rest
