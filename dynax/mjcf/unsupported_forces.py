"""Forces on the joints that `Actuation` does not represent."""

from collections.abc import Iterable, Iterator

import mujoco
import numpy as np

from dynax.errors import UserError
from dynax.mjcf.joints import AT_JOINTS, HINGE, SLIDE
from dynax.mjcf.position_forces import is_fixed_tendon

TRN, BIAS, INTEGRATOR, DISABLE = mujoco.mjtTrn, mujoco.mjtBias, mujoco.mjtIntegrator, mujoco.mjtDisableBit
TENDON = int(TRN.mjTRN_TENDON)
BIASES = tuple(map(int, (BIAS.mjBIAS_NONE, BIAS.mjBIAS_AFFINE)))
EULER, RK4, FAST = map(int, (INTEGRATOR.mjINT_EULER, INTEGRATOR.mjINT_RK4, INTEGRATOR.mjINT_IMPLICITFAST))
FLAGS = {  # entries of <flag> in the MJCF that, if disabled, remove forces or make damping explicit
    "actuation": DISABLE.mjDSBL_ACTUATION,
    "spring": DISABLE.mjDSBL_SPRING,
    "damper": DISABLE.mjDSBL_DAMPER,
    "eulerdamp": DISABLE.mjDSBL_EULERDAMP,
}


def check_supported(architecture: str, robot: str, reasons: Iterable[str]) -> None:
    """Raise UserError with the first of the `reasons` why an architecture does not support a robot, if there are any.

    Args:
        architecture: name of the architecture.
        robot: name of the robot.
        reasons: the features of the robot that the architecture does not support, as clauses.
    """
    for reason in reasons:
        raise UserError(
            f"model={architecture} does not support {robot}: {reason}; use a generic network, such as model=mlp"
        )


def unsupported_forces(model: mujoco.MjModel) -> Iterator[str]:
    """Yield a clause for each force on the joints that does not have the form of `Actuation`."""
    if model.opt.integrator not in (EULER, RK4, FAST):
        name = INTEGRATOR(model.opt.integrator).name.removeprefix("mjINT_")
        yield f"the integrator {name} is not Euler, RK4 or implicitfast"
    for flag, bit in FLAGS.items():
        if model.opt.disableflags & bit:
            yield f"the flag {flag} is disabled"
    if model.opt.disableactuator:
        yield "a group of actuators is disabled"
    for i in range(model.nu):
        yield from _actuator(model, i)
    for j in np.flatnonzero(model.jnt_actfrclimited):
        yield f"joint `{model.joint(j).name or j}` limits the force of its actuators (actuatorfrcrange)"
    yield from _passive_forces(model)
    if model.neq:
        yield f"`{model.eq(0).name or 0}` is an equality constraint"


def nonlinear_actuators(model: mujoco.MjModel) -> Iterator[str]:
    """Yield a clause for each actuator whose force is clipped and therefore not linear in its input."""
    for i in np.flatnonzero(model.actuator_forcelimited):
        yield f"actuator `{model.actuator(i).name or i}` has a forcerange, which makes its force nonlinear"


def _actuator(model: mujoco.MjModel, i: int) -> Iterator[str]:
    """Yield a clause for each unsupported property of actuator `i`."""
    name = f"actuator `{model.actuator(i).name or i}`"
    kind, target = int(model.actuator_trntype[i]), int(model.actuator_trnid[i, 0])
    affine = model.actuator_biastype[i] == BIAS.mjBIAS_AFFINE
    if kind not in (*AT_JOINTS, TENDON) or (kind == TENDON and not is_fixed_tendon(model, target)):
        yield f"{name} drives neither a joint nor a fixed tendon"
    elif kind != TENDON and model.jnt_type[target] not in (HINGE, SLIDE):
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
        yield f"{name} has its own armature or damping"


def _passive_forces(model: mujoco.MjModel) -> Iterator[str]:
    """Yield a clause for each unsupported spring, damper, tendon or fluid."""
    multiple = ~np.isin(model.jnt_type, (HINGE, SLIDE))
    for j in np.flatnonzero(multiple & (model.jnt_stiffness != 0)):
        yield f"joint `{model.joint(j).name or j}` is a ball or free joint with a spring"
    for t in range(model.ntendon):
        if _tendon_acts(model, t):
            yield f"tendon `{model.tendon(t).name or t}` has a spring, a damper, friction, armature or a limit"
    if model.body_gravcomp.any():
        yield "a body has gravity compensation"
    if model.opt.density or model.opt.viscosity:
        yield "the robot moves in a fluid"
    if model.jnt_stiffnesspoly.any() or model.dof_dampingpoly.any():
        yield "a joint has a spring or damper that is not linear"


def _tendon_acts(model: mujoco.MjModel, tendon: int) -> bool:
    """Return whether a tendon exerts a force by itself."""
    properties = (
        model.tendon_stiffness, model.tendon_damping, model.tendon_frictionloss, model.tendon_limited,
        model.tendon_armature, model.tendon_actfrclimited,
    )  # fmt: skip
    polynomials = model.tendon_stiffnesspoly[tendon], model.tendon_dampingpoly[tendon]
    return any(values[tendon] for values in properties) or any(values.any() for values in polynomials)
