"""Which joint limits and contacts are active in a state."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import mujoco
from jaxtyping import Array, Bool, Float

from dynax.envs.state_space import StateSpace
from dynax.math.arrays import AnyArray
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.constraints.joint_rows import JointRows


def active_constraints(
    model: mujoco.MjModel, space: StateSpace, contacts: Contacts | None
) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """Return a function that maps a state to the active joint limits (L,) and contacts (C,), both bool.

    The joint limits are in the order of `JointRows`, the contacts in the order of their slots.
    """
    rows = JointRows.of(model)

    def active(state: Float[AnyArray, " S"]) -> tuple[Bool[Array, " L"], Bool[Array, " C"]]:
        qpos = space.qpos(state)
        limits = rows.distance_and_jacobian(qpos)[0][rows.joint_limit] < 0
        if contacts is None:
            return limits, jnp.zeros(0, bool)
        detected = contacts.detect(contacts.kinematics(qpos))
        return limits, detected.present & (detected.distance < contacts.parameters.margin)

    return active
