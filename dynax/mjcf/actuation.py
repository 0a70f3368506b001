"""The forces of springs, dampers and actuators on the joints, in MuJoCo's form.

    tau_spring   = -k (q - q_spring)
    tau_actuator = B clip(gain u + bias_0 + bias_1 B^T q + bias_2 B^T v)

B (nv, nu) is the derivative of the length of each actuator's transmission with respect to the joint positions
(MuJoCo documentation, Computation: Actuation model, Passive forces). `mechanical` and `rigid` have this form, and
start from these numbers. `unsupported_forces` lists the forces that do not have this form.
"""

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from dynax.mjcf.joints import HINGE, SLIDE

FAST = int(mujoco.mjtIntegrator.mjINT_IMPLICITFAST)


@dataclass(frozen=True, eq=False)
class Actuation:
    """The springs, dampers and actuators of a robot, with the numbers of its MJCF."""

    moment: Float[np.ndarray, "nv nu"]  # moment arms B, constant
    gain: Float[np.ndarray, " nu"]  # actuator gain
    bias: Float[np.ndarray, "nu 3"]  # actuator bias: constant, per length, per velocity
    lowest: Float[np.ndarray, " nu"]  # lowest actuator force, N or N m
    highest: Float[np.ndarray, " nu"]  # highest actuator force, N or N m
    stiffness: Float[np.ndarray, " nv"]  # joint stiffness, N/m or N m/rad
    rest: Float[np.ndarray, " nv"]  # rest position of the joint spring, m or rad
    damping: Float[np.ndarray, " nv"]  # joint damping, N s/m or N m s/rad
    implicit: bool  # whether the integrator treats actuator damping implicitly; joint damping is always implicit

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Actuation":
        """Return the actuation of a model without unsupported forces."""
        affine = model.actuator_biastype == mujoco.mjtBias.mjBIAS_AFFINE
        limited = model.actuator_forcelimited.astype(bool)
        rest = np.zeros(model.nv)
        single = np.isin(model.jnt_type, (HINGE, SLIDE))
        rest[model.jnt_dofadr[single]] = model.qpos_spring[model.jnt_qposadr[single]]
        return cls(
            moment=_moment_arms(model),
            gain=model.actuator_gainprm[:, 0],
            bias=model.actuator_biasprm[:, :3] * affine[:, None],
            lowest=np.where(limited, model.actuator_forcerange[:, 0], -np.inf),
            highest=np.where(limited, model.actuator_forcerange[:, 1], np.inf),
            stiffness=model.jnt_stiffness[model.dof_jntid] * single[model.dof_jntid],
            rest=rest,
            damping=model.dof_damping,
            implicit=int(model.opt.integrator) == FAST,
        )

    @property
    def servo(self) -> Bool[np.ndarray, " nu"]:
        """Mask of the actuators whose force depends on the position or the velocity of a joint."""
        return (self.bias != 0).any(axis=1)


def _moment_arms(model: mujoco.MjModel) -> Float[np.ndarray, "nv nu"]:
    data = mujoco.MjData(model)
    mujoco.mj_fwdPosition(model, data)
    moment = np.zeros((model.nu, model.nv))
    mujoco.mju_sparse2dense(moment, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind)
    return moment.T
