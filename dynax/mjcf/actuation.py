"""The forces that springs, dampers and actuators put on the joints, in the form MuJoCo gives them.

    tau_spring   = -k (q - q_spring)
    tau_actuator = B clip(gain u + bias_0 + bias_1 B^T q + bias_2 B^T v)

B (nv, nu) is how the length of each actuator's transmission grows with the joints (MuJoCo documentation, Computation:
Actuation model, Passive forces). A model that knows mechanics takes the form from here, with its numbers as a start.
Axes: nv degrees of freedom, nu actuators.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import mujoco
import numpy as np

from dynax.errors import UserError
from dynax.mjcf.joints import AT_JOINTS, HINGE, SLIDE

TRN, BIAS, INTEGRATOR, DISABLE = mujoco.mjtTrn, mujoco.mjtBias, mujoco.mjtIntegrator, mujoco.mjtDisableBit
TENDON = int(TRN.mjTRN_TENDON)
BIASES = tuple(map(int, (BIAS.mjBIAS_NONE, BIAS.mjBIAS_AFFINE)))
EULER, FAST = int(INTEGRATOR.mjINT_EULER), int(INTEGRATOR.mjINT_IMPLICITFAST)
FLAGS = {  # of the MJCF's <flag>, those that take forces away or make them explicit
    "actuation": DISABLE.mjDSBL_ACTUATION,
    "spring": DISABLE.mjDSBL_SPRING,
    "damper": DISABLE.mjDSBL_DAMPER,
    "eulerdamp": DISABLE.mjDSBL_EULERDAMP,
}


@dataclass(frozen=True, eq=False)
class Actuation:
    """What drives and holds the joints of a robot, as its MJCF has it."""

    moment: np.ndarray  # (nv, nu) B, constant
    gain: np.ndarray  # (nu,)
    bias: np.ndarray  # (nu, 3)
    lowest: np.ndarray  # (nu,) N or N m
    highest: np.ndarray  # (nu,)
    stiffness: np.ndarray  # (nv,) N/m or N m/rad
    rest: np.ndarray  # (nv,) m or rad
    damping: np.ndarray  # (nv,) of the joints, N s/m or N m s/rad
    implicit: bool  # whether the integrator treats the actuators' damping implicitly too; that of joints it always does

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Actuation":
        data = mujoco.MjData(model)
        mujoco.mj_fwdPosition(model, data)
        moment = np.zeros((model.nu, model.nv))
        mujoco.mju_sparse2dense(
            moment, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind
        )
        affine = model.actuator_biastype == mujoco.mjtBias.mjBIAS_AFFINE
        limited = model.actuator_forcelimited.astype(bool)
        rest = np.zeros(model.nv)
        single = np.isin(model.jnt_type, (HINGE, SLIDE))
        rest[model.jnt_dofadr[single]] = model.qpos_spring[model.jnt_qposadr[single]]
        return cls(
            moment=moment.T,
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
    def servo(self) -> np.ndarray:
        """(nu,) bool: actuators whose force depends on where their joint is, or how fast."""
        return (self.bias != 0).any(axis=1)


def refuse(architecture: str, robot: str, reasons: Iterable[str]) -> None:
    """Raise `UserError` with the first of the `reasons` why an architecture cannot know all that moves a robot."""
    for reason in reasons:
        raise UserError(
            f"model.architecture={architecture} does not know all that moves {robot}: {reason}; "
            "use a generic network, such as model=mlp"
        )


def unsupported_forces(model: mujoco.MjModel) -> Iterator[str]:
    """What acts on the joints of `model` otherwise than as `Actuation` has it, each named."""
    if model.opt.integrator not in (EULER, FAST):
        name = INTEGRATOR(model.opt.integrator).name.removeprefix("mjINT_")
        yield f"the integrator {name} is not Euler or implicitfast"
    for flag, bit in FLAGS.items():
        if model.opt.disableflags & bit:
            yield f"the flag {flag} is disabled"
    if model.opt.disableactuator:
        yield "a group of actuators is disabled"
    yield from _actuators(model)
    yield from _passive(model)
    if model.neq:
        yield f"equality `{model.eq(0).name or 0}` is a constraint of another kind"


def _actuators(model: mujoco.MjModel) -> Iterator[str]:
    single = np.isin(model.jnt_type, (HINGE, SLIDE))
    for i in range(model.nu):
        name = f"actuator `{model.actuator(i).name or i}`"
        kind, target = model.actuator_trntype[i], model.actuator_trnid[i, 0]
        affine = model.actuator_biastype[i] == BIAS.mjBIAS_AFFINE
        if kind not in (*AT_JOINTS, TENDON) or (kind == TENDON and _bends(model, target)):
            yield f"{name} drives no joint, nor a tendon along joints"
        elif kind != TENDON and not single[target]:
            yield f"{name} drives a ball or free joint"
        elif model.actuator_gaintype[i] != mujoco.mjtGain.mjGAIN_FIXED:
            yield f"{name} has a gain that is not constant"
        elif model.actuator_dyntype[i] != mujoco.mjtDyn.mjDYN_NONE:
            yield f"{name} has an activation"
        elif model.actuator_biastype[i] not in BIASES:
            yield f"{name} has a bias that is not affine"
        elif kind == TENDON and affine and model.actuator_biasprm[i, 2] and model.opt.integrator == FAST:
            yield f"{name} damps several joints, which the integrator implicitfast couples"
        if model.actuator_armature[i] or model.actuator_damping[i] or model.actuator_dampingpoly[i].any():
            yield f"{name} has armature or damping of its own"
    for j in np.flatnonzero(model.jnt_actfrclimited):
        yield f"joint `{model.joint(j).name or j}` limits the force of its actuators (actuatorfrcrange)"


def _passive(model: mujoco.MjModel) -> Iterator[str]:
    """What of springs, dampers and all else that acts by itself is not as `Actuation` has it."""
    several = ~np.isin(model.jnt_type, (HINGE, SLIDE))
    for j in np.flatnonzero(several & (model.jnt_stiffness != 0)):
        yield f"joint `{model.joint(j).name or j}` is a ball or free joint with a spring"
    own = (
        model.tendon_stiffness, model.tendon_damping, model.tendon_frictionloss, model.tendon_limited,
        model.tendon_armature, model.tendon_actfrclimited,
    )  # fmt: skip
    for t in range(model.ntendon):
        if any(some[t] for some in own) or model.tendon_stiffnesspoly[t].any() or model.tendon_dampingpoly[t].any():
            yield f"tendon `{model.tendon(t).name or t}` has a spring, a damper, friction, armature or a limit"
    if model.body_gravcomp.any():
        yield "a body has gravity compensation"
    if model.opt.density or model.opt.viscosity:
        yield "it moves in a fluid"
    if model.jnt_stiffnesspoly.any() or model.dof_dampingpoly.any():
        yield "a joint has a spring or damper that is not linear"


def saturating(model: mujoco.MjModel) -> Iterator[str]:
    """The actuators whose force is clipped, for models in which it is linear."""
    for i in np.flatnonzero(model.actuator_forcelimited):
        yield f"actuator `{model.actuator(i).name or i}` has a forcerange, which is not linear"


def _bends(model: mujoco.MjModel, tendon: int) -> bool:
    """Whether a tendon runs along anything but joints."""
    first = model.tendon_adr[tendon]
    return bool((model.wrap_type[first : first + model.tendon_num[tendon]] != mujoco.mjtWrap.mjWRAP_JOINT).any())
