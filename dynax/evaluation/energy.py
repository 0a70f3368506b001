"""Energy: whether a test set conserves it, and how far a prediction of it does.

Axes: N trajectories, T + 1 states, H of them, S = [qpos, qvel, act], A actions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from dynax.evaluation.metrics import MAX_ERROR, nrmse
from dynax.evaluation.testset import TestSet

MOMENTS = 32  # of each trajectory, at which its forces are looked at
STILL = 1e-12  # J; less kinetic energy is that of rounding


@dataclass(frozen=True)
class Drift:
    """How far the energy of predictions is from where it began, after some steps.

    The drift is |E(t) - E(0)| over the mean kinetic energy of the truth, each at most `MAX_ERROR`, root mean square
    over trajectories. E is MuJoCo's: kinetic, and potential of gravity and springs. Kinetic energy is the measure
    because that of the potential depends on where it is called zero, and a test may start all its trajectories with one
    energy.
    """

    unit: float  # J, the mean kinetic energy
    steps: Sequence[int]  # (H,)
    values: Mapping[str, np.ndarray]  # (H,) by predictor

    def figures(self) -> dict[str, dict[str, float]]:
        """The drift by predictor and step, as `summary.json` has it."""
        return {name: dict(zip(map(str, self.steps), map(float, x), strict=True)) for name, x in self.values.items()}


def drift(
    model: mujoco.MjModel, test: TestSet, predictions: Mapping[str, np.ndarray], steps: Sequence[int]
) -> Drift | None:
    """The drift of predictions (N, T + 1, S) after `steps` (H,).

    None where the test set does not conserve energy, or stands still.
    """
    if model.nmocap or not conserved(model, test):
        return None
    unit = float(energies(model, test.truth[:, [0, *steps]])[..., 1].mean())
    if unit < STILL:
        return None
    return Drift(unit, steps, {name: _drift(model, path[:, [0, *steps]], unit) for name, path in predictions.items()})


def conserved(model: mujoco.MjModel, test: TestSet) -> bool:
    """Whether inertia, gravity and springs alone move the robot: no damper, fluid, friction, stop, contact or motor.

    The forces decide, at `MOMENTS` of every trajectory: a stop that is never reached takes nothing.
    """
    data, moments = mujoco.MjData(model), np.linspace(0, test.actions.shape[1] - 1, MOMENTS).astype(int)
    for state, action in zip(_rows(test.truth[:, moments]), _rows(test.actions[:, moments]), strict=True):
        data.qpos[:], data.qvel[:], data.act[:] = np.split(state, [model.nq, model.nq + model.nv])
        data.ctrl[:] = action[: model.nu]
        mujoco.mj_forward(model, data)
        if data.qfrc_actuator.any() or data.qfrc_constraint.any() or (data.qfrc_passive != data.qfrc_spring).any():
            return False
    return True


def energies(model: mujoco.MjModel, states: np.ndarray) -> np.ndarray:
    """Potential and kinetic energy (..., 2) of states (..., S), J; NaN where a state is not finite."""
    data, result = mujoco.MjData(model), []
    for state in _rows(states):
        if np.isfinite(state).all():
            data.qpos[:], data.qvel[:] = state[: model.nq], state[model.nq : model.nq + model.nv]
            mujoco.mj_fwdPosition(model, data)
            mujoco.mj_energyPos(model, data)
            mujoco.mj_energyVel(model, data)
            result.append(data.energy.copy())
        else:
            result.append(np.full(2, np.nan))
    return np.reshape(result, (*states.shape[:-1], 2))


def _drift(model: mujoco.MjModel, states: np.ndarray, unit: float) -> np.ndarray:
    """The drift (H,) of states (N, 1 + H, S), the first of them at time zero."""
    energy = energies(model, states).sum(axis=-1)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(energy[:, 1:] - energy[:, :1]) / unit
    return nrmse(np.where(np.isfinite(error), np.minimum(error, MAX_ERROR), MAX_ERROR))


def _rows(array: np.ndarray) -> np.ndarray:
    """The last axis of an array, one after the other."""
    return array.reshape(int(np.prod(array.shape[:-1])), array.shape[-1])
