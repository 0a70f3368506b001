"""The observed coordinates of a state: the coordinates that a model has as inputs, and that an evaluation compares."""

from collections.abc import Sequence

import mujoco
import numpy as np
from jaxtyping import Bool

from dynax.errors import UserError, did_you_mean
from dynax.mjcf.names import joint_names


def observed_coordinates(model: mujoco.MjModel, observe: Sequence[str]) -> Bool[np.ndarray, " t"]:
    """Return a mask of the observed coordinates, for differences between states (2 nv + na).

    Args:
        model: the MuJoCo model.
        observe: `all`, `qpos`, or names of joints.

    Raises:
        UserError: if the robot has no joint with one of the names.
    """
    if tuple(observe) == ("all",):
        return np.ones(2 * model.nv + model.na, bool)
    if tuple(observe) == ("qpos",):
        return np.arange(2 * model.nv + model.na) < model.nv
    names = joint_names(model)
    allowed = f"it must be all, qpos, or some of {', '.join(names)}"
    if not observe:
        raise UserError(f"observe=[] is empty: {allowed}", "observe")
    for name in observe:
        if name not in names:
            suggestion = did_you_mean(name, names)
            raise UserError(f"observe={list(observe)}: no joint is called {name}{suggestion}; {allowed}", "observe")
    dofs = np.isin([names[j] for j in model.dof_jntid], list(observe))
    return np.concatenate([dofs, dofs, np.zeros(model.na, bool)])
