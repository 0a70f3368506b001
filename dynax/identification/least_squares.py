"""Linear least squares for models whose constants enter their equations linearly, with standard errors.

The equations of a degree of freedom are used where no constraint can act on it: where nothing that it moves touches
anything, and it is neither at a stop nor held by dry friction. They are homogeneous, so that of every tree something
must be told: its mass if it floats, the gain of its strongest actuator if it stands in the world; and if nothing drives
it the trace of its mass matrix in the default pose, for what flies on its own tells nothing of how hard it is to turn.

Axes: M transitions, P constants, nv degrees of freedom.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jax.flatten_util import ravel_pytree

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.data.trajectories import Trajectories
from dynax.errors import RunError
from dynax.mechanics import rigid_body
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.constraints import JointRows
from dynax.mechanics.constraints.active import active_constraints
from dynax.mechanics.trees import trees

SAMPLES = 40_000  # transitions at most
CHUNK = 1_000  # of them whose equations are held at once
RANK = 1e-9  # of the largest singular value; a direction with less is not seen in the data
HEAVY = 1e-12  # the smallest eigenvalue of a mass matrix is above this share of the largest
FAINT = 1e-12  # of what the equations say most of any constant; what they say less of are rounding errors
SEEN = 1e-3  # the largest share of a constant in directions that are not seen, of one that counts as identified


@dataclass(frozen=True)
class Identified:
    """What least squares says of each constant."""

    names: tuple[str, ...]
    values: np.ndarray  # (P,) in SI units
    errors: np.ndarray  # (P,) standard errors
    seen: np.ndarray  # (P,) bool: the data tell this constant apart from others

    def table(self) -> list[dict[str, Any]]:
        """As it stands in `identified.json`."""
        rows = zip(self.names, self.values.tolist(), self.errors.tolist(), self.seen.tolist(), strict=True)
        return [
            {"name": name, "value": value, "standard_error": error if seen else None, "identifiable": seen}
            for name, value, error, seen in rows
        ]


def identify(model: RigidDynamicsModel, data: Trajectories, seed: int = 0) -> Identified:
    """The constants of `model` that explain at most `SAMPLES` transitions of `data` best.

    Where the data cannot tell constants apart it is the solution of least norm.

    Raises:
        RunError: where too few equations are free of constraints, or they do not tell how hard everything is to move.
    """
    key: Any = model  # a model is one, which flax does not tell a type checker
    return _identified(key, data, seed)


@lru_cache(maxsize=1)  # a training asks for the constants, and then for what is known of each
def _identified(model: RigidDynamicsModel, data: Trajectories, seed: int) -> Identified:
    with jax.enable_x64(True):
        triangle, count, squares = _triangle(model, data, seed)
    told, total = _told(model)
    size = triangle.shape[1]
    if count < 2 * size:
        raise RunError(
            f"only {count} equations of {model.env.name} are free of contacts and stops, for {size} constants: "
            "collect more data, or data that let it fly"
        )
    emphasis = np.abs(triangle).max()  # what is told is no measurement
    system, wanted = np.vstack([triangle, emphasis * told]), np.concatenate([np.zeros(len(triangle)), emphasis * total])
    norm = np.linalg.norm(system, axis=0)
    felt = norm > FAINT * norm.max()
    system, norm = np.where(felt, system, 0.0), np.where(felt, norm, 1.0)
    u, s, vt = np.linalg.svd(system / norm, full_matrices=False)
    kept = s > RANK * s[0]
    values = vt[kept].T @ ((u[:, kept].T @ wanted) / s[kept]) / norm
    _check_inertia(model, values)
    variance = max(float(np.sum((triangle @ values) ** 2)), np.finfo(float).eps ** 2 * squares) / (count - kept.sum())
    errors = np.sqrt(variance * np.sum((vt[kept] / s[kept, None]) ** 2, axis=0)) / norm
    unseen = np.sqrt(np.sum(vt[~kept] ** 2, axis=0)) if (~kept).any() else np.zeros(size)
    names = tuple(name for key in sorted(model.labels) for name in model.labels[key])
    return Identified(names, values, errors, unseen < SEEN)


def parameters(model: RigidDynamicsModel, found: Identified) -> dict[str, np.ndarray]:
    """The found constants as the parameters of the model's network, float32."""
    _, unravel = _constants(model)
    return {name: np.asarray(x, np.float32) for name, x in unravel(jnp.asarray(found.values)).items()}


def _check_inertia(model: RigidDynamicsModel, values: np.ndarray) -> None:
    """Raise `RunError` where constants (P,) make no mass matrix."""
    with jax.enable_x64(True):
        _, unravel = _constants(model)
        inertia = np.asarray(jax.jit(model.mass_matrix)(unravel(jnp.asarray(values)), model.env.space.home))
    size, ways = np.linalg.eigh(inertia)
    if not size[0] > HEAVY * size[-1]:
        name = model.env.space.names[int(np.abs(ways[:, 0]).argmax())]
        raise RunError(
            f"the data do not tell how hard it is to move `{name}` of {model.env.name}: "
            "collect some in which everything is driven and moves"
        )


def _constants(model: RigidDynamicsModel) -> tuple[jax.Array, Any]:
    return ravel_pytree({name: jnp.zeros(len(labels)) for name, labels in model.labels.items()})


def _triangle(model: RigidDynamicsModel, data: Trajectories, seed: int) -> tuple[np.ndarray, int, float]:
    """R of a QR decomposition of all equations (P, P), their number, and their sum of squares."""
    zero, unravel = _constants(model)
    space, touched = model.env.space, _touched(model)

    @jax.jit
    def rows(states: jax.Array, actions: jax.Array, following: jax.Array) -> jax.Array:
        """The equations (chunk nv, P), zero where a constraint may act."""

        def one(state: jax.Array, action: jax.Array, after: jax.Array) -> jax.Array:
            acceleration = (space.qvel(after) - space.qvel(state)) / space.dt
            matrix = jax.jacfwd(lambda x: model.equation(unravel(x), state, action, acceleration))(zero)
            return jnp.where(touched(state)[:, None], 0.0, matrix)

        return jax.vmap(one)(states, actions, following).reshape(-1, len(zero))

    triangle, count, squares = np.zeros((0, len(zero))), 0, 0.0
    for chunk in _chunks(data, seed):
        matrix = np.asarray(rows(*(jnp.asarray(x, jnp.float64) for x in chunk)))
        count += int(matrix.any(axis=1).sum())
        squares += float((matrix**2).sum())
        triangle = np.asarray(np.linalg.qr(np.vstack([triangle, matrix]), mode="r"))
    return triangle, count, squares


def _chunks(data: Trajectories, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    n, steps = data.actions.shape[:2]
    chosen = np.random.default_rng(seed).permutation(n * steps)[:SAMPLES]
    size = min(CHUNK, len(chosen))
    for start in range(0, len(chosen) - size + 1, size):
        i, t = np.unravel_index(chosen[start : start + size], (n, steps))
        yield data.states[i, t], data.actions[i, t], data.states[i, t + 1]


def _touched(model: RigidDynamicsModel) -> Any:
    """From a state to (nv,) bool: the degrees of freedom on which a constraint may act."""
    rows, contacts = JointRows.of(model.env.mj_model), Contacts.of(model.env.mj_model)
    rubbing, stopped = jnp.asarray(rows.dof_mask[~rows.joint_limit].any(axis=0)), rows.dof_mask[rows.joint_limit]
    found = active_constraints(model.env.mj_model, model.env.space, contacts)

    def touched(state: jax.Array) -> jax.Array:
        stops, near = found(state)
        there = rubbing | (stops[:, None] & stopped).any(axis=0)
        if contacts is None:
            return there
        felt = contacts.kinematics.dof_mask[contacts.body1] | contacts.kinematics.dof_mask[contacts.body2]
        return there | (near[:, None] & felt).any(axis=0)

    return touched


def _told(model: RigidDynamicsModel) -> tuple[np.ndarray, np.ndarray]:
    """Equations (trees, P) of what is told, and their right-hand sides (trees,)."""
    mj_model, moment, moving = model.env.mj_model, model.actuation.moment, model.moving
    gains, (zero, unravel) = mj_model.actuator_gainprm[:, 0], _constants(model)
    data, inertia = mujoco.MjData(mj_model), np.zeros((mj_model.nv, mj_model.nv))
    mujoco.mj_forward(mj_model, data)
    mujoco.mj_fullM(mj_model, data, inertia)
    masses = jax.jacfwd(lambda x: unravel(x)["bodies"].reshape(-1, len(rigid_body.PARAMETER_NAMES))[:, 0])(zero)
    gain = jax.jacfwd(lambda x: unravel(x).get("gain", zero[:0]))(zero)
    home = jax.jit(jax.jacfwd(lambda x: jnp.diag(model.mass_matrix(unravel(x), model.env.space.home))))(zero)
    rows, wanted = [], []
    for number, tree in enumerate(trees(mj_model)):
        drives = np.flatnonzero((moment[tree.dofs] != 0).any(axis=0))
        bodies = np.flatnonzero(mj_model.body_treeid[moving] == number)
        if tree.floating_base:
            rows.append(masses[bodies].sum(axis=0))
            wanted.append(mj_model.body_mass[moving[bodies]].sum())
        elif len(drives):
            strongest = drives[np.argmax(np.abs(gains[drives]))]
            rows.append(gain[strongest])
            wanted.append(gains[strongest])
        if not len(drives):
            rows.append(home[tree.dofs].sum(axis=0))
            wanted.append(np.diag(inertia)[tree.dofs].sum())
    return np.array(rows), np.array(wanted)
