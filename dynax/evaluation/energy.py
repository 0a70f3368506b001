"""Energy drift: the change of energy in predictions of a test that conserves energy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.evaluation.metrics import MAX_ERROR, nrmse
from dynax.evaluation.testset import TestSet

CHECKED_STEPS = 32  # per trajectory, at which the forces are checked
MIN_KINETIC_ENERGY = 1e-12  # J; a smaller mean kinetic energy is rounding error


@dataclass(frozen=True)
class Drift:
    """Energy drift of several predictors after some control steps.

    The drift of a trajectory is |E(t) - E(0)| divided by the mean kinetic energy of the true states, at most
    `MAX_ERROR`. The drift of a predictor is the root mean square over trajectories. E is MuJoCo's energy: kinetic
    energy, and potential energy of gravity and springs. The unit is a kinetic energy because the zero of the potential
    energy is arbitrary.
    """

    unit: float  # mean kinetic energy, J
    steps: Sequence[int]  # the H control steps
    values: Mapping[str, Float[np.ndarray, " H"]]  # drift of each predictor

    def summary(self) -> dict[str, dict[str, float]]:
        """Return the drift by predictor and step, as in `summary.json`."""
        return {name: dict(zip(map(str, self.steps), map(float, x), strict=True)) for name, x in self.values.items()}


def drift(
    model: mujoco.MjModel,
    test: TestSet,
    predictions: Mapping[str, Float[np.ndarray, "N steps S"]],
    steps: Sequence[int],
) -> Drift | None:
    """Return the energy drift of predictions after `steps` control steps.

    Returns:
        The drift, or None if the test set does not conserve energy or does not move.
    """
    energy = EnergyTest(model, steps)
    energy.add(test, {"simulator": test.truth, **predictions})
    result = energy.drift()
    return result and Drift(result.unit, steps, {name: result.values[name] for name in predictions})


class EnergyTest:
    """The collection of energies over portions of a test set.

    Args:
        model: the robot.
        steps: control steps after which the drift is computed.
    """

    def __init__(self, model: mujoco.MjModel, steps: Sequence[int]):
        self._model, self._steps = model, steps
        self._conserves = not model.nmocap
        self._energies: dict[str, list[Float[np.ndarray, "N H 2"]]] = {}

    def add(self, test: TestSet, paths: Mapping[str, Float[np.ndarray, "N steps S"]]) -> None:
        """Add the energies of a portion. `paths` has the states of every predictor and of the `simulator`."""
        self._conserves = self._conserves and conserves_energy(self._model, test)
        if not self._conserves:
            return  # energies are slow to compute, and have no meaning now
        for name, path in paths.items():
            self._energies.setdefault(name, []).append(energies(self._model, path[:, [0, *self._steps]]))

    def drift(self) -> Drift | None:
        """Return the energy drift, or None if a portion does not conserve energy or nothing moves."""
        if not self._conserves:
            return None
        collected = {name: np.concatenate(parts) for name, parts in self._energies.items()}
        unit = float(collected["simulator"][..., 1].mean())
        if unit < MIN_KINETIC_ENERGY:
            return None
        return Drift(unit, self._steps, {name: _drift(energy, unit) for name, energy in collected.items()})


def conserves_energy(model: mujoco.MjModel, test: TestSet) -> bool:
    """Return whether only inertia, gravity and springs act on the robot in a test set.

    The forces are evaluated at `CHECKED_STEPS` steps of every trajectory. A joint limit that is never reached therefore
    does not count.
    """
    data, steps = mujoco.MjData(model), np.linspace(0, test.actions.shape[1] - 1, CHECKED_STEPS).astype(int)
    for state, action in zip(_rows(test.truth[:, steps]), _rows(test.actions[:, steps]), strict=True):
        data.qpos[:], data.qvel[:], data.act[:] = np.split(state, [model.nq, model.nq + model.nv])
        data.ctrl[:] = action[: model.nu]
        mujoco.mj_forward(model, data)
        if data.qfrc_actuator.any() or data.qfrc_constraint.any() or (data.qfrc_passive != data.qfrc_spring).any():
            return False
    return True


def energies(model: mujoco.MjModel, states: Float[np.ndarray, "*batch S"]) -> Float[np.ndarray, "*batch 2"]:
    """Return potential and kinetic energy of states, J; NaN if a state is not finite."""
    data, result = mujoco.MjData(model), np.full((*states.shape[:-1], 2), np.nan)
    for state, energy in zip(_rows(states), _rows(result), strict=True):
        if np.isfinite(state).all():
            data.qpos[:], data.qvel[:] = state[: model.nq], state[model.nq : model.nq + model.nv]
            mujoco.mj_fwdPosition(model, data)
            mujoco.mj_energyPos(model, data)
            mujoco.mj_energyVel(model, data)
            energy[:] = data.energy
    return result


def _drift(energies: Float[np.ndarray, "N steps 2"], unit: float) -> Float[np.ndarray, " H"]:
    """Return the drift of energies; the first state of each trajectory is the initial state."""
    energy = energies.sum(axis=-1)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(energy[:, 1:] - energy[:, :1]) / unit
    return nrmse(np.where(np.isfinite(error), np.minimum(error, MAX_ERROR), MAX_ERROR))


def _rows(array: np.ndarray) -> np.ndarray:
    """Return a view of the array with one leading axis."""
    return array.reshape(int(np.prod(array.shape[:-1])), array.shape[-1])
