"""The check of data that enter a training: sizes, unit quaternions, and agreement of positions and velocities.

In one control step, a position changes by `dt` times the velocity. Data in other units, at another rate, or with
quaternions in another order violate this relation, and no model can learn them.
"""

import logging
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from dynax.base import BaseDynamicsModel
from dynax.data.trajectories import Trajectories
from dynax.envs.quaternions import check_unit_quaternions
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError

log = logging.getLogger(__name__)

MAX_CHECKED = 20_000  # transitions whose positions and velocities are compared
MAX_MISMATCH = 0.5  # root mean square of the difference, relative to the changes
MIN_CORRELATION = 0.9  # with which another unit or another rate is a likely cause
DEGREES = 180 / np.pi
ROUNDING = 1e-5  # a hundred times that of float32
TOLERANCE = 0.1  # of a scale, relative


def check_data(model: BaseDynamicsModel, data: Trajectories, name: str) -> None:
    """Check that data belong to the robot of a model. Log a warning if positions and velocities do not agree.

    Args:
        model: the model.
        data: the trajectories.
        name: the purpose of the data, training or validation, for messages.

    Raises:
        UserError: if the data are empty, have other sizes than the robot, or have quaternions of another length.
    """
    if not isinstance(data, Trajectories):
        raise UserError(f"the {name} data must be dynax.data.trajectories.Trajectories, not {type(data).__name__}")
    have, want = (data.states.shape[-1], data.actions.shape[-1]), (model.state_dim, model.action_dim)
    if have != want:
        raise UserError(f"data have state and action sizes {have}, but {model.env.name} expects {want}")
    if not data.num_transitions:
        raise UserError(f"the {name} data contain no transition: pass at least one trajectory of one step")
    check_unit_quaternions(model.env.space, data.states, f"the states of the {name} data")
    if cause := mismatch(model.env.space, data.states):
        log.warning("the positions of the %s data do not change by dt times the velocities: %s", name, cause)


@dataclass(frozen=True)
class _Changes:
    """Changes of the positions (M, nv) over one step, and dt times the velocities."""

    measured: Float[np.ndarray, "M nv"]
    expected: Float[np.ndarray, "M nv"]
    resolution: Float[np.ndarray, " nv"]  # rounding errors of the positions in float32, with a margin

    def moving(self) -> list[int]:
        """Return the degrees of freedom whose changes or velocities exceed the rounding errors of float32."""
        return np.flatnonzero(np.maximum(abs(self.measured), abs(self.expected)).max(axis=0) > self.resolution).tolist()

    def relative_difference(self, dofs: Bool[np.ndarray, " nv"]) -> float:
        """Return the root mean square of the difference of some degrees of freedom, relative to the changes."""
        a, b = self.measured[:, dofs], self.expected[:, dofs]
        scale = max(np.linalg.norm(a), np.linalg.norm(b))
        return float(np.linalg.norm(a - b) / scale) if scale else 0.0

    def factor(self, dofs: Bool[np.ndarray, " nv"]) -> float | None:
        """Return the factor between changes and velocities if both have nearly the same form, otherwise None."""
        a, b = self.measured[:, dofs].ravel(), self.expected[:, dofs].ravel()
        lengths = np.linalg.norm(a) * np.linalg.norm(b)
        return float(a @ b / (b @ b)) if lengths and a @ b / lengths > MIN_CORRELATION else None


def mismatch(space: StateSpace, states: Float[np.ndarray, "N steps S"]) -> str | None:
    """Return the likely cause if the positions do not change by dt times the velocities, or None if they do."""
    changes, every = _changes(space, states), np.ones(space.nv, bool)
    if all(changes.relative_difference(np.arange(space.nv) == i) <= MAX_MISMATCH for i in changes.moving()):
        return None
    for candidate in (changes, _changes(space, states, wrapped=False)):  # degrees are not wrapped at 2 pi
        factor = candidate.factor(every)
        if factor and candidate.relative_difference(every) > MAX_MISMATCH:
            return _cause_of_factor(space, factor)
    return _cause_of_orientations(space, states) or _cause_of_one(space, changes)


def _cause_of_factor(space: StateSpace, factor: float) -> str:
    """Return the likely cause of changes that are `factor` times as large as the velocities tell."""
    for scale, cause in ((DEGREES, "positions are in degrees"), (1 / DEGREES, "velocities are in degrees per s")):
        if abs(factor / scale - 1) < TOLERANCE:
            return f"the {cause}, but MuJoCo has radians"
    return (
        f"the changes are {factor:.3g} times as large, as with a time step of {factor * space.dt:.3g} s instead of "
        f"{space.dt:g} s; resample the data, or change timestep and decimation of the robot"
    )


def _cause_of_orientations(space: StateSpace, states: Float[np.ndarray, "N steps S"]) -> str | None:
    """Return the cause if other orders of the quaternions agree better with the velocities."""
    orientation = np.zeros(space.nv, bool)
    reordered = states.copy()
    for q, v, is_orientation in space.blocks:
        if is_orientation:
            orientation[v] = True
            reordered[..., q] = states[..., q][..., [3, 0, 1, 2]]
    if not orientation.any():
        return None
    now = _changes(space, states).relative_difference(orientation)
    if now > MAX_MISMATCH and _changes(space, reordered).relative_difference(orientation) < now / 2:
        return "the quaternions are in the order x, y, z, w, but MuJoCo has w, x, y, z"
    return None


def _cause_of_one(space: StateSpace, changes: _Changes) -> str | None:
    """Return a description of the degree of freedom that differs most."""
    worst = max(changes.moving(), key=lambda i: changes.relative_difference(np.arange(space.nv) == i))
    unit = changes.factor(np.arange(space.nv) == worst)
    scale = f", by a factor of {unit:.3g}" if unit else ""
    return (
        f"{space.names[worst]} differs most{scale}; check its unit, its sign, its order in the state, the frame of its "
        "velocity, and the sampling rate"
    )


def _changes(space: StateSpace, states: Float[np.ndarray, "N steps S"], *, wrapped: bool = True) -> _Changes:
    """Return the changes of evenly chosen transitions, next to the nearest of three estimates from the velocities.

    MuJoCo's semi-implicit integrators use the velocity after the step. Other integrators and measured data are near the
    velocity before the step or the mean of both.
    """
    stride = max(1, states.shape[0] * (states.shape[1] - 1) // MAX_CHECKED)
    rows, steps = np.divmod(np.arange(0, states.shape[0] * (states.shape[1] - 1), stride), states.shape[1] - 1)
    start, end = (np.asarray(x, np.float64) for x in (states[rows, steps], states[rows, steps + 1]))
    measured = space.difference(start, end)[:, : space.nv]
    if not wrapped:
        measured = np.where(space.wrapped, space.positions(end) - space.positions(start), measured)
    before, after = space.dt * space.qvel(start), space.dt * space.qvel(end)
    resolution = ROUNDING * (1 + np.abs(space.positions(start)).max(axis=0))
    estimates = [_Changes(measured, expected, resolution) for expected in (after, before, (before + after) / 2)]
    return min(estimates, key=lambda changes: float(np.linalg.norm(changes.measured - changes.expected)))
