"""The entries of an action: controls of the actuators, then positions and quaternions of the mocap bodies."""

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.errors import UserError, did_you_mean
from dynax.mjcf.names import actuator_names, body_names, unique

MOCAP_REACH = 0.1  # half-width of the positions of a mocap body, m
MOCAP_TURN = 0.3  # largest rotation of a mocap body, about, rad
CLAMP = mujoco.mjtDisableBit.mjDSBL_CLAMPCTRL


def names(model: mujoco.MjModel) -> tuple[str, ...]:
    """Return the names of the entries of an action."""
    mocap = body_names(model, _mocap_bodies(model))
    controls = actuator_names(model)
    poses = [*(f"{body} {axis}" for body in mocap for axis in "xyz")]
    poses += [f"{body} q{axis}" for body in mocap for axis in "wxyz"]
    return (*controls, *unique(poses, controls))


def default(model: mujoco.MjModel, keyframe: int | None) -> Float[np.ndarray, " A"]:
    """Return the controls and the poses of the mocap bodies in a keyframe.

    If `keyframe` is None or the robot has no keyframe, the controls are zero, and the mocap bodies have their poses in
    the MJCF. A keyframe without `mpos`, `mquat` or `ctrl` contains the same values.
    """
    if keyframe is not None and model.nkey:
        poses = model.key_mpos[keyframe], _unit(model.key_mquat[keyframe].reshape(-1, 4)).ravel()
        return np.concatenate([model.key_ctrl[keyframe], *poses])
    bodies = _mocap_bodies(model)
    return np.concatenate([np.zeros(model.nu), model.body_pos[bodies].ravel(), model.body_quat[bodies].ravel()])


def bounds(
    model: mujoco.MjModel, ranges: Mapping[str, tuple[float, ...]], center: Float[np.ndarray, " A"]
) -> tuple[Float[np.ndarray, " A"], Float[np.ndarray, " A"]]:
    """Return the lowest and the highest action.

    The bounds of a control are its entry in `ranges`, otherwise the `ctrlrange` of the MJCF, otherwise a distance of 1
    from the default action `center`. A mocap body moves within `MOCAP_REACH` and `MOCAP_TURN` of the default action.
    """
    limited, nu = model.actuator_ctrllimited.astype(bool), model.nu
    low, high = np.where(limited, model.actuator_ctrlrange.T, np.add(center[:nu], [[-1.0], [1.0]]))
    width = np.repeat([MOCAP_REACH, MOCAP_TURN / 2], [3 * model.nmocap, 4 * model.nmocap])
    low, high = np.concatenate([low, center[nu:] - width]), np.concatenate([high, center[nu:] + width])
    for name, limits in ranges.items():
        entry = names(model).index(name)
        low[entry], high[entry] = limits
    return low, high


def check_ranges(model: mujoco.MjModel, entries: Sequence[str], ranges: Mapping[str, tuple[float, ...]]) -> None:
    """Raise UserError if an entry of `action_range` has an unknown name, is no interval, or exceeds the ctrlrange."""
    clamped = model.actuator_ctrllimited.astype(bool) & (not model.opt.disableflags & CLAMP)
    for name, limits in ranges.items():
        argument = f"action_range.{name}"
        if name not in entries:
            known = ", ".join(entries) or "no actuators"
            raise UserError(
                f"{argument}: no actuator has this name{did_you_mean(name, entries)}; the robot has {known}", argument
            )
        if len(limits) != 2 or limits[0] >= limits[1]:
            raise UserError(f"{argument}={list(limits)} must be [lowest, highest]", argument)
        actuator = entries.index(name)
        if actuator < model.nu and clamped[actuator]:
            low, high = model.actuator_ctrlrange[actuator]
            if limits[0] < low or limits[1] > high:
                raise UserError(
                    f"{argument}={list(limits)} must lie within [{low:g}, {high:g}], because MuJoCo clamps the control "
                    "to the ctrlrange of the MJCF",
                    argument,
                )


def _unit(quaternions: Float[np.ndarray, "n 4"]) -> Float[np.ndarray, "n 4"]:
    return quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)


def _mocap_bodies(model: mujoco.MjModel) -> np.ndarray:
    """Return the mocap bodies, in the order of their poses in `MjData`."""
    bodies = np.flatnonzero(model.body_mocapid >= 0)
    return bodies[np.argsort(model.body_mocapid[bodies])]
