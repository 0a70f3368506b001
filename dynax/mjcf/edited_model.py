"""Values that MuJoCo's compiler rejects, but that a program can write into a compiled MjModel.

MuJoCo simulates such a model without an error. A negative size or a rotation axis of another length then changes the
physics silently.
"""

from collections.abc import Iterator

import mujoco
import numpy as np

LENGTH_TOLERANCE = 1e-6  # of axes and quaternions, which the compiler normalizes
AT_LEAST_ZERO = (
    "body_mass",
    "body_inertia",
    "geom_size",
    "site_size",
    "geom_friction",
    "dof_armature",
    "dof_frictionloss",
    "tendon_frictionloss",
    "tendon_armature",
)
UNIT_VECTORS = ("jnt_axis", "body_quat", "body_iquat", "geom_quat", "site_quat")
ENUMERATIONS = {
    "jnt_type": mujoco.mjtJoint,
    "geom_type": mujoco.mjtGeom,
    "eq_type": mujoco.mjtEq,
    "actuator_trntype": mujoco.mjtTrn,
    "actuator_gaintype": mujoco.mjtGain,
    "actuator_biastype": mujoco.mjtBias,
    "actuator_dyntype": mujoco.mjtDyn,
    "opt.integrator": mujoco.mjtIntegrator,
    "opt.cone": mujoco.mjtCone,
    "opt.solver": mujoco.mjtSolver,
    "opt.jacobian": mujoco.mjtJacobian,
}


def meaningless_value(model: mujoco.MjModel) -> str:
    """Return a sentence about the first value that the compiler would have rejected, or an empty string."""
    return next(_meaningless(model), "")


def _meaningless(model: mujoco.MjModel) -> Iterator[str]:
    for field, kind in ENUMERATIONS.items():
        owner = model.opt if field.startswith("opt.") else model
        values = np.atleast_1d(getattr(owner, field.removeprefix("opt.")))
        for value in values[~np.isin(values, [int(member) for member in kind.__members__.values()])]:
            yield f"{field} of the model contains {value}: write a member of {kind.__name__}"
    for field in AT_LEAST_ZERO:
        values = np.ravel(getattr(model, field))
        for value in values[values < 0]:
            yield f"{field} of the model contains {value:g}: write numbers of at least 0"
    for field in UNIT_VECTORS:
        lengths = np.linalg.norm(getattr(model, field), axis=-1)
        for i in np.flatnonzero(np.abs(lengths - 1) > LENGTH_TOLERANCE):
            yield f"{field}[{i}] of the model has the length {lengths[i]:g}: divide it by its length"
