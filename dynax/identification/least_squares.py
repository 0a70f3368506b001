"""Linear least squares for models whose constants enter the equations of motion linearly, with standard errors.

The equations of a degree of freedom are used where no constraint acts on it (`equations`). They are homogeneous, so the
scale of every kinematic tree must be known (`scale`).
"""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.data.trajectories import Trajectories
from dynax.errors import RunError, UserError
from dynax.identification.equations import Equations, TransitionEquations, constants_of
from dynax.identification.scale import KnownScale, known_scale
from dynax.math.fixed_point import fixed_point

log = logging.getLogger(__name__)

RCOND = 1e-9  # singular values below this share of the largest count as zero
MIN_COLUMN_NORM = 1e-12  # columns below this share of the largest norm are numerical noise
MIN_EIGENVALUE_RATIO = 1e-12  # of the smallest to the largest eigenvalue of a valid mass matrix
MAX_NULL_SHARE = 1e-3  # share of an identifiable constant that lies in the null space


@dataclass(frozen=True)
class Identified:
    """The identified constants."""

    names: tuple[str, ...]  # names of the constants
    values: Float[np.ndarray, " P"]  # SI units
    errors: Float[np.ndarray, " P"]  # standard errors, SI units
    identifiable: Bool[np.ndarray, " P"]  # whether the data determine the constant on its own

    def table(self) -> list[dict[str, Any]]:
        """Return the content of `identified.json`."""
        columns = (self.values.tolist(), self.errors.tolist(), self.identifiable.tolist())
        return [
            {"name": name, "value": value, "standard_error": error if ok else None, "identifiable": ok}
            for name, value, error, ok in zip(self.names, *columns, strict=True)
        ]


def identify(model: RigidDynamicsModel, data: Trajectories, seed: int = 0) -> Identified:
    """Return the constants of `model` that explain the data best, and their standard errors.

    If the data do not determine all constants, the solution has the smallest norm. With several evaluations in a
    control step, the states between depend on the constants. The problem is then solved repeatedly, each time with the
    states of the solution before, until the identifiable constants no longer change.

    Args:
        model: the model.
        data: trajectories of the model's robot.
        seed: selects at most 40,000 transitions, divided by the evaluations in a control step.

    Raises:
        UserError: for a model with friction, whose equations are not linear in all constants.
        RunError: if there are too few equations without constraints, or if the data do not determine the inertia.
    """
    if model.friction:
        raise UserError("friction=True has constants that enter nonlinearly: use fit_simulations", "friction")
    solve = partial(_identify, model, TransitionEquations(model, data, seed), known_scale(model))
    found = solve(None)
    _check_inertia(model, found.values)
    if model.env.semi_implicit:
        return found

    def measured(constants: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        again = solve(constants)
        return again.values, again.identifiable

    last = fixed_point(measured, found.values)
    level = logging.INFO if last.converged else logging.WARNING
    text = "after %d least-squares problems, the last relative change of an identifiable constant is %.1e"
    log.log(level, text, len(last.changes), last.changes[-1])
    found = solve(last.point)
    _check_inertia(model, found.values)
    return found


def _identify(
    model: RigidDynamicsModel, transitions: TransitionEquations, scale: KnownScale, before: np.ndarray | None
) -> Identified:
    """Solve the least-squares problem with the intermediate states that follow from the constants `before`."""
    with jax.enable_x64(True):
        system = transitions.at(before)
    size = system.triangle.shape[1]
    if system.count < 2 * size:
        raise RunError(
            f"only {system.count} equations of {model.env.name} are free of contacts and joint limits, for {size} "
            "unknown constants: collect more data, or data with longer flight phases"
        )
    values, errors, null_share = _solve(system, scale)
    names = tuple(name for key in sorted(model.labels) for name in model.labels[key])
    return Identified(names, values, errors, null_share < MAX_NULL_SHARE)


def _solve(system: Equations, scale: KnownScale) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solve by a singular value decomposition with normalized columns.

    Returns:
        values: constants, (P,).
        errors: their standard errors, (P,).
        null_share: norm of each constant's axis in the null space of the system, (P,).
    """
    weight = np.abs(system.triangle).max()  # known constants are exact, so they weigh as much as any equation
    matrix = np.vstack([system.triangle, weight * scale.rows])
    right = np.concatenate([np.zeros(len(system.triangle)), weight * scale.values])
    norm = np.linalg.norm(matrix, axis=0)
    nonzero = norm > MIN_COLUMN_NORM * norm.max()
    matrix, norm = np.where(nonzero, matrix, 0.0), np.where(nonzero, norm, 1.0)
    u, s, vt = np.linalg.svd(matrix / norm, full_matrices=False)
    rank = s > RCOND * s[0]
    values = vt[rank].T @ ((u[:, rank].T @ right) / s[rank]) / norm
    residual = float(np.sum((system.triangle @ values) ** 2))
    rounding = np.finfo(float).eps ** 2 * system.sum_of_squares
    variance = max(residual, rounding) / (system.count - rank.sum())
    errors = np.sqrt(variance * np.sum((vt[rank] / s[rank, None]) ** 2, axis=0)) / norm
    return values, errors, np.sqrt(np.sum(vt[~rank] ** 2, axis=0))


def _check_inertia(model: RigidDynamicsModel, values: Float[np.ndarray, " P"]) -> None:
    """Raise `RunError` unless the constants give a positive definite mass matrix."""
    with jax.enable_x64(True):
        _, unravel = constants_of(model)
        mass_matrix = jax.jit(model.mass_matrix)(unravel(jnp.asarray(values)), model.env.space.default_state)
    eigenvalues, vectors = np.linalg.eigh(np.asarray(mass_matrix))
    if not eigenvalues[0] > MIN_EIGENVALUE_RATIO * eigenvalues[-1]:
        name = model.env.space.names[int(np.abs(vectors[:, 0]).argmax())]
        raise RunError(
            f"the inertia of `{name}` of {model.env.name} cannot be identified from these data: "
            "collect data in which actuators move every joint"
        )
