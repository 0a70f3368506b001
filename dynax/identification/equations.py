"""The equations of motion as a linear system for the constants, without the rows in which a constraint may act."""

import math
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

MAX_EVALUATIONS = 40_000  # evaluations of the equations of motion; a control step may need several
CHUNK_SIZE = 1_000  # evaluations whose equations are in memory at once

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


class TransitionEquations:
    """The equations of random transitions; `jax.enable_x64` must be on during each call.

    In a control step of several evaluations, the states and accelerations between both ends follow from given
    constants. Their difference from the measured change of velocity is a constant acceleration, which is added.

    Args:
        model: the model.
        data: trajectories of the model's robot.
        seed: selects the transitions.
    """

    def __init__(self, model: RigidDynamicsModel, data: Trajectories, seed: int):
        self._data, self._seed = data, seed
        self._evaluations = len(model.control_step.weights)
        self._size = len(constants_of(model)[0])
        self._rows = _rows(model)

    def at(self, constants: Float[np.ndarray, " P"] | None) -> Equations:
        """Return the equations with the states and accelerations that follow from constants.

        Without constants, the states are interpolated, and the acceleration is constant in a control step. This is
        exact for one evaluation.
        """
        given = None if constants is None else jnp.asarray(constants)
        triangle, count, squares = np.zeros((0, self._size)), 0, 0.0
        for chunk in self._chunks():
            matrix = np.asarray(self._rows(given, *(jnp.asarray(x, jnp.float64) for x in chunk)))
            count += int(matrix.any(axis=1).sum())
            squares += float((matrix**2).sum())
            triangle = np.asarray(np.linalg.qr(np.vstack([triangle, matrix]), mode="r"))
        return Equations(triangle, count, squares)

    def _chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield states, actions and next states of random transitions, in chunks of equal size.

        Fewer transitions than chunks are left out.
        """
        states, actions = self._data.states, self._data.actions
        n, steps = actions.shape[:2]
        chosen = np.random.default_rng(self._seed).permutation(n * steps)[: MAX_EVALUATIONS // self._evaluations]
        largest = max(1, CHUNK_SIZE // self._evaluations)
        size = len(chosen) // -(-len(chosen) // largest)  # the number of chunks is rounded up
        for start in range(0, len(chosen) - size + 1, size):
            i, t = np.unravel_index(chosen[start : start + size], (n, steps))
            yield states[i, t], actions[i, t], states[i, t + 1]


def _rows(model: RigidDynamicsModel) -> Callable[..., jax.Array]:
    """Return a compiled function from constants, states, actions and next states of a chunk to its equations (R, P)."""
    zero, unravel = constants_of(model)
    evaluated, constrained = _evaluated(model), jax.vmap(_constrained_dofs(model))

    @jax.jit
    def rows(constants: Any, states: jax.Array, actions: jax.Array, following: jax.Array) -> jax.Array:
        def transition(state: jax.Array, action: jax.Array, after: jax.Array) -> jax.Array:
            at, accelerations = evaluated(constants, state, action, after)

            def mean_force(x: jax.Array) -> jax.Array:
                force = jax.vmap(lambda s, a: model.equation(unravel(x), s, action, a))
                return jnp.asarray(model.control_step.weights) @ force(at, accelerations)

            return jnp.where(constrained(at).any(axis=0)[:, None], 0.0, jax.jacfwd(mean_force)(zero))

        return jax.vmap(transition)(states, actions, following).reshape(-1, len(zero))

    return rows


def _evaluated(model: RigidDynamicsModel) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """Return a function to the states (E, S) and accelerations (E, nv) of the evaluations in a control step.

    Its arguments are constants or None, a state, an action and the next state. The mean of the accelerations is the
    measured change of velocity divided by the duration.
    """
    space, step = model.env.space, model.control_step
    _, unravel = constants_of(model)
    normalization = model.identity_normalization()

    def evaluated(constants: Any, state: jax.Array, action: jax.Array, after: jax.Array) -> tuple[jax.Array, jax.Array]:
        measured = (space.qvel(after) - space.qvel(state)) / space.dt
        if constants is None:
            states = space.add(state, step.times[:, None] * space.difference(state, after))
            return states, jnp.broadcast_to(measured, (len(states), space.nv))
        factors = {} if model.layer is None else model.layer.factor_shapes
        params = {
            "network": unravel(constants),
            "layer": {name: jnp.full(shape, _initial_factor(model, name)) for name, shape in factors.items()},
        }
        change = model.member.velocity_change
        _, found = step.evaluated(lambda at: change(params, normalization, at, action[None]), state)
        accelerations = found.changes / step.timestep
        return found.states, accelerations + measured - jnp.asarray(step.weights) @ accelerations

    return evaluated


def _initial_factor(model: RigidDynamicsModel, name: str) -> float:
    """Return the logarithm of the initial factor of a parameter of the constraint layer."""
    return math.log(model.contact_init_scale) if name.startswith("contact_") else 0.0


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
