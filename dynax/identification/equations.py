"""The equations of motion as a linear system for the constants, without the rows in which a constraint may act."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
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
    """Equations `A x = b` for constants x (P,), by the R factor of a QR decomposition of [A, b].

    b is zero for one evaluation in a control step, except for rounding.
    """

    triangle: Float[np.ndarray, "r P1"]  # R factor; the last column belongs to b
    count: int  # number of equations
    sum_of_squares: float  # of all entries of A

    @property
    def matrix(self) -> Float[np.ndarray, "r P"]:
        """The columns of the R factor that belong to A."""
        return self.triangle[:, :-1]

    @property
    def right(self) -> Float[np.ndarray, " r"]:
        """The column of the R factor that belongs to b."""
        return self.triangle[:, -1]


def constants_of(model: RigidDynamicsModel) -> tuple[Float[Array, " P"], Constants]:
    """Return a zero vector of all constants, and the function that maps such a vector to constants by name."""
    return ravel_pytree({name: jnp.zeros(len(labels)) for name, labels in model.labels.items()})


class TransitionEquations:
    """The equations of random transitions; `jax.enable_x64` must be on during each call.

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
        """Return the equations for better constants than the given ones, by Gauss-Newton.

        Without constants, they are the equations of motion at interpolated states. Those are exact for one evaluation
        in a control step.
        """
        given = None if constants is None else jnp.asarray(constants)
        triangle, count, squares = np.zeros((0, self._size + 1)), 0, 0.0
        for chunk in self._chunks():
            matrix = np.asarray(self._rows(given, *(jnp.asarray(x, jnp.float64) for x in chunk)))
            count += int(matrix[:, :-1].any(axis=1).sum())
            squares += float((matrix[:, :-1] ** 2).sum())
            triangle = np.asarray(np.linalg.qr(np.vstack([triangle, matrix]), mode="r"))
        return Equations(triangle, count, squares)

    def _chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield states, actions and next states of random transitions, in chunks of equal size."""
        states, actions = self._data.states, self._data.actions
        n, steps = actions.shape[:2]
        chosen = np.random.default_rng(self._seed).permutation(n * steps)[: MAX_EVALUATIONS // self._evaluations]
        size = min(max(1, CHUNK_SIZE // self._evaluations), len(chosen))
        for start in range(0, len(chosen) - size + 1, size):
            i, t = np.unravel_index(chosen[start : start + size], (n, steps))
            yield states[i, t], actions[i, t], states[i, t + 1]


def _rows(model: RigidDynamicsModel) -> Callable[..., jax.Array]:
    """Return a compiled function from constants, states, actions and next states of a chunk to its rows (R, P + 1)."""
    first, linearized = _first_rows(model), _linearized_rows(model)

    @jax.jit
    def rows(constants: Any, states: jax.Array, actions: jax.Array, following: jax.Array) -> jax.Array:
        transition = first if constants is None else partial(linearized, constants)
        every = jax.vmap(transition)(states, actions, following)
        return every.reshape(-1, every.shape[-1])

    return rows


def _first_rows(model: RigidDynamicsModel) -> Callable[..., jax.Array]:
    """Return a function from a state, an action and the next state to rows (nv, P + 1), without known constants.

    The states between both ends are interpolated, and the acceleration is constant.
    """
    zero, unravel = constants_of(model)
    space, step, constrained = model.env.space, model.control_step, jax.vmap(_constrained_dofs(model))

    def rows(state: jax.Array, action: jax.Array, after: jax.Array) -> jax.Array:
        acceleration = (space.qvel(after) - space.qvel(state)) / space.dt
        states = space.add(state, step.times[:, None] * space.difference(state, after))

        def mean_force(x: jax.Array) -> jax.Array:
            return jnp.asarray(step.weights) @ jax.vmap(
                lambda at: model.equation(unravel(x), at, action, acceleration)
            )(states)

        matrix = jnp.pad(jax.jacfwd(mean_force)(zero), ((0, 0), (0, 1)))
        return jnp.where(constrained(states).any(axis=0)[:, None], 0.0, matrix)

    return rows


def _linearized_rows(model: RigidDynamicsModel) -> Callable[..., jax.Array]:
    """Return a function from constants, a state, an action and the next state to rows (nv, P + 1).

    The rows are the error of the predicted change of velocity, linearized at the constants and multiplied by the mass
    matrix, as in the equations of motion.
    """
    _, unravel = constants_of(model)
    space, step, constrained = model.env.space, model.control_step, jax.vmap(_constrained_dofs(model))
    normalization = model.identity_normalization()
    layer = {name: jnp.zeros(shape) for name, shape in model.layer.factor_shapes.items()} if model.layer else {}

    def rows(constants: jax.Array, state: jax.Array, action: jax.Array, after: jax.Array) -> jax.Array:
        def predicted(x: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
            params = {"network": unravel(x), "layer": layer}
            change, found = step.evaluated(
                lambda at: model.velocity_change(params, normalization, at, action[None]), state
            )
            velocity = change[space.nv : 2 * space.nv]
            return velocity, (velocity, found.states)

        jacobian, (velocity, states) = jax.jacfwd(predicted, has_aux=True)(constants)
        weight = model.mass_matrix(unravel(constants), state) / space.dt
        error = space.qvel(after) - space.qvel(state) - velocity
        matrix = weight @ jnp.column_stack([jacobian, jacobian @ constants + error])
        return jnp.where(constrained(states).any(axis=0)[:, None], 0.0, matrix)

    return rows


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
