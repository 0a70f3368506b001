"""Which constraints act in a state.

Axes: S state, L stops, C slots of contacts.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import mujoco

from dynax.envs.state_space import StateSpace
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.constraints.joint_rows import JointRows


def acting(
    model: mujoco.MjModel, space: StateSpace, contacts: Contacts | None
) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """From a state (S,) to the stops (L,), as `JointRows` has them, and the contacts (C,) that act in it, bool."""
    rows = JointRows.of(model)

    def found(state: jax.Array) -> tuple[jax.Array, jax.Array]:
        qpos = space.qpos(state)
        stops = rows.geometry(qpos)[0][rows.stop] < 0
        if contacts is None:
            return stops, jnp.zeros(0, bool)
        detected = contacts.detect(contacts.kinematics(qpos))
        return stops, detected.present & (detected.distance < contacts.parameters.margin)

    return found
