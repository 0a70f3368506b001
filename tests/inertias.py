"""True inertial parameters of a model, for comparison with identified ones."""

import mujoco
import numpy as np


def inertias(model: mujoco.MjModel) -> np.ndarray:
    """Return mass, first moment and inertia about the origin of each body's frame, (nbody, 10); see `rigid_body`."""
    result = np.zeros((model.nbody, 10))
    for body in range(model.nbody):
        mass, center, axes = model.body_mass[body], model.body_ipos[body], np.zeros(9)
        mujoco.mju_quat2Mat(axes, model.body_iquat[body])
        axes = axes.reshape(3, 3)
        inertia = axes @ np.diag(model.body_inertia[body]) @ axes.T
        inertia += mass * (center @ center * np.eye(3) - np.outer(center, center))
        result[body] = [mass, *(mass * center), *inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]]
    return result
