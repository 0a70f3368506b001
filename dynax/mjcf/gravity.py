"""The gravitational acceleration of a model."""

import mujoco
import numpy as np
from jaxtyping import Float


def gravity(model: mujoco.MjModel) -> Float[np.ndarray, "3"]:
    """Return the gravitational acceleration in the world frame, m/s^2. It is zero if the MJCF disables gravity."""
    disabled = model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_GRAVITY
    return np.zeros(3) if disabled else model.opt.gravity.copy()
