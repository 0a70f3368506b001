"""The equations of motion as a linear system for the constants, without the rows in which a constraint may act."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.data.trajectories import Trajectories
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.constraints import JointRows
from dynax.mechanics.constraints.active import active_constraints

MAX_TRANSITIONS = 40_000  # transitions whose equations are used
CHUNK_SIZE = 1_000  # transitions whose equations are in memory at once

Constants = Callable[[Any], dict[str, jax.Array]]  # from a vector (P,) to constants by name


@dataclass(frozen=True)
class Equations:
    """Homogeneous equations `A x = 0` for constants x (P,), by the R factor of a QR decomposition of A."""

    triangle: Float[np.ndarray, "r P"]  # R factor
    count: int  # number of equations
    sum_of_squares: float  # of all entries of A


def constants_of(model: RigidDynamicsModel) -> tuple[Float[Array, " P"], Constants]:
    """Return a zero vector of all constants, and the function that maps such a vector to constants by name."""
    return ravel_pytree({name: jnp.zeros(len(labels)) for name, labels in model.labels.items()})


def equations(model: RigidDynamicsModel, data: Trajectories, seed: int) -> Equations:
    """Return the equations of at most `MAX_TRANSITIONS` random transitions; `jax.enable_x64` must be on."""
    zero, _ = constants_of(model)
    rows = _rows(model)
    triangle, count, squares = np.zeros((0, len(zero))), 0, 0.0
    for chunk in _chunks(data, seed):
        matrix = np.asarray(rows(*(jnp.asarray(x, jnp.float64) for x in chunk)))
        count += int(matrix.any(axis=1).sum())
        squares += float((matrix**2).sum())
        triangle = np.asarray(np.linalg.qr(np.vstack([triangle, matrix]), mode="r"))
    return Equations(triangle, count, squares)


def _rows(model: RigidDynamicsModel) -> Callable[..., jax.Array]:
    """Return a compiled function from states, actions and next states of a chunk to its equations (R, P)."""
    zero, unravel = constants_of(model)
    space, constrained = model.env.space, _constrained_dofs(model)

    @jax.jit
    def rows(states: jax.Array, actions: jax.Array, following: jax.Array) -> jax.Array:
        def transition(state: jax.Array, action: jax.Array, after: jax.Array) -> jax.Array:
            acceleration = (space.qvel(after) - space.qvel(state)) / space.dt
            matrix = jax.jacfwd(lambda x: model.equation(unravel(x), state, action, acceleration))(zero)
            return jnp.where(constrained(state)[:, None], 0.0, matrix)

        return jax.vmap(transition)(states, actions, following).reshape(-1, len(zero))

    return rows


def _chunks(data: Trajectories, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield states, actions and next states of random transitions, in chunks of equal size."""
    n, steps = data.actions.shape[:2]
    chosen = np.random.default_rng(seed).permutation(n * steps)[:MAX_TRANSITIONS]
    size = min(CHUNK_SIZE, len(chosen))
    for start in range(0, len(chosen) - size + 1, size):
        i, t = np.unravel_index(chosen[start : start + size], (n, steps))
        yield data.states[i, t], data.actions[i, t], data.states[i, t + 1]


def _constrained_dofs(model: RigidDynamicsModel) -> Callable[[Float[Array, " S"]], Bool[Array, " nv"]]:
    """Return a function from a state to the degrees of freedom on which a constraint may act.

    These have dry friction, are at a joint limit, or move a body that is in contact.
    """
    rows, contacts = JointRows.of(model.env.mj_model), Contacts.of(model.env.mj_model)
    friction, limits = jnp.asarray(rows.dof_mask[~rows.joint_limit].any(axis=0)), rows.dof_mask[rows.joint_limit]
    active = active_constraints(model.env.mj_model, model.env.space, contacts)

    def constrained(state: jax.Array) -> jax.Array:
        active_limits, active_contacts = active(state)
        dofs = friction | (active_limits[:, None] & limits).any(axis=0)
        if contacts is None:
            return dofs
        moved = contacts.kinematics.dof_mask[contacts.body1] | contacts.kinematics.dof_mask[contacts.body2]
        return dofs | (active_contacts[:, None] & moved).any(axis=0)

    return constrained
