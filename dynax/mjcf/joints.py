"""Joints of an MjModel: types and transmissions as plain integers, and joints that their dampers lock."""

import mujoco
import numpy as np
from jaxtyping import Bool

JOINT = mujoco.mjtJoint
FREE, BALL, SLIDE, HINGE = map(int, (JOINT.mjJNT_FREE, JOINT.mjJNT_BALL, JOINT.mjJNT_SLIDE, JOINT.mjJNT_HINGE))
AT_JOINTS = tuple(map(int, (mujoco.mjtTrn.mjTRN_JOINT, mujoco.mjtTrn.mjTRN_JOINTINPARENT)))
PARALLEL = 1e-9  # two directions count as parallel (perpendicular) below this sine (cosine) of their angle
LOCKING = 100.0  # ratio of the damping of a step to the inertia, above which a damper locks its joint


def locked_dofs(model: mujoco.MjModel) -> Bool[np.ndarray, " nv"]:
    """Return the degrees of freedom whose dampers stop any motion within one step.

    Some MJCFs lock a joint in this way, for example the base of a robot.
    """
    return model.dof_damping * model.opt.timestep > LOCKING * model.dof_M0
