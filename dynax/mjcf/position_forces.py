"""Forces that depend on the position of a joint: springs, servos, tendons and equality constraints."""

import mujoco
import numpy as np

from dynax.mjcf.joints import AT_JOINTS, SLIDE


def has_spring(model: mujoco.MjModel, joint: int) -> bool:
    """Return whether a joint has a spring."""
    return bool(model.jnt_stiffness[joint] or model.jnt_stiffnesspoly[joint].any())


def has_position_dependent_force(model: mujoco.MjModel, joint: int) -> bool:
    """Return whether a spring, a servo, a tendon or an equality constraint depends on the position of a hinge or slide.

    Joint limits do not count, because a joint limit is a constraint of its own in every model.
    """
    return has_spring(model, joint) or _is_coupled(model, joint) or _has_servo(model, joint)


def moves_freely(model: mujoco.MjModel, joint: int) -> bool:
    """Return whether a slide has no position-dependent force, and only slides lie between the slide and the world.

    A hinge between the slide and the world would rotate the axis of the slide relative to gravity.
    """
    if has_position_dependent_force(model, joint):
        return False
    body = model.jnt_bodyid[joint]
    while body:
        first, count = model.body_jntadr[body], model.body_jntnum[body]
        if any(model.jnt_type[j] != SLIDE for j in range(first, first + count) if j <= joint):
            return False
        body = model.body_parentid[body]
    return True


def is_fixed_tendon(model: mujoco.MjModel, tendon: int) -> bool:
    """Return whether the length of a tendon is a weighted sum of joint positions."""
    first = model.tendon_adr[tendon]
    return bool((model.wrap_type[first : first + model.tendon_num[tendon]] == mujoco.mjtWrap.mjWRAP_JOINT).all())


def has_spatial_tendon(model: mujoco.MjModel) -> bool:
    """Return whether a tendon runs along sites or geoms, so that its length depends on poses of bodies."""
    return bool((model.wrap_type[: model.nwrap] != mujoco.mjtWrap.mjWRAP_JOINT).any())


def is_tied_to_world(model: mujoco.MjModel) -> bool:
    """Return whether an equality constraint, a spatial tendon or an actuator away from joints may act on any body."""
    return bool(
        model.neq or has_spatial_tendon(model) or not np.isin(model.actuator_trntype, AT_JOINTS).all(),
    )


def _is_coupled(model: mujoco.MjModel, joint: int) -> bool:
    """Return whether a tendon or an equality constraint refers to a joint."""
    along_joint = model.wrap_type[: model.nwrap] == mujoco.mjtWrap.mjWRAP_JOINT
    equality = model.eq_type == mujoco.mjtEq.mjEQ_JOINT
    return joint in (
        *model.wrap_objid[: model.nwrap][along_joint],
        *model.eq_obj1id[equality],
        *model.eq_obj2id[equality],
    )


def _has_servo(model: mujoco.MjModel, joint: int) -> bool:
    """Return whether the force of an actuator at a joint depends on the joint's position."""
    gain, bias = mujoco.mjtGain, mujoco.mjtBias
    without_position = (model.actuator_gaintype == gain.mjGAIN_AFFINE) & (model.actuator_gainprm[:, 1] == 0)
    servo = ~without_position & (model.actuator_gaintype != gain.mjGAIN_FIXED)
    without_position = (model.actuator_biastype == bias.mjBIAS_AFFINE) & (model.actuator_biasprm[:, 1] == 0)
    servo |= ~without_position & (model.actuator_biastype != bias.mjBIAS_NONE)
    at_joint = np.isin(model.actuator_trntype, AT_JOINTS) & (model.actuator_trnid[:, 0] == joint)
    return bool((at_joint & servo).any())
