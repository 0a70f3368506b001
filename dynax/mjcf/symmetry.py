"""Where in the world a robot may be moved without changing its accelerations, read from the MJCF.

Gravity is uniform, so that only what is fixed to the world can tell where a robot is: scenery that it can touch,
springs and actuators that act on a position, tendons and equalities that tie it to a place. A stop may tell as well; it
is a constraint, and enters a model as one.
"""

import mujoco
import numpy as np

from dynax.mjcf.joints import AT_JOINTS, FREE, PARALLEL, SLIDE


def invariant_translations(model: mujoco.MjModel) -> np.ndarray:
    """(nv,) bool: slides, and axes of free joints, along which nothing that is fixed to the world tells the place.

    The joint moves a tree rooted in the world through translations alone, no spring or actuator refers to its position,
    nothing ties the tree to the world or to another tree, and all that it can touch is planes along the axis and what
    the joint moves as well.
    """
    invariant = np.zeros(model.nv, bool)
    if model.neq or _tendons_beyond_joints(model) or not np.isin(model.actuator_trntype, AT_JOINTS).all():
        return invariant
    touching = _touching_bodies(model)
    if len(np.unique(model.body_treeid[touching])) > 1:
        return invariant  # trees that can touch each other know where the others are
    normals, planes_only = static_planes(model)
    pose = default_pose(model)
    for joint in range(model.njnt):
        kind, dof = model.jnt_type[joint], model.jnt_dofadr[joint]
        if kind == FREE and not has_spring(model, joint):
            axes, dofs = np.eye(3), np.arange(dof, dof + 3)
        elif kind == SLIDE and _moves_freely(model, joint):
            axes, dofs = pose.xaxis[joint][None], np.array([dof])
        else:
            continue
        tree = touching[model.body_rootid[touching] == model.body_rootid[model.jnt_bodyid[joint]]]
        carried = np.isin(tree, _carried(model, model.jnt_bodyid[joint]))
        along = np.abs(axes @ normals.T).max(axis=1, initial=0) < PARALLEL
        invariant[dofs] = (planes_only & along & carried.all()) if carried.any() else True
    return invariant


def galilean_invariant_dofs(model: mujoco.MjModel) -> np.ndarray:
    """(nv,) bool: velocities of slides and along free joints that nothing but contacts and stops can feel.

    The whole robot moves with them, no damper, friction or actuator acts on them, and there is no air: in a frame that
    moves with the robot all else is the same (Galilean invariance).
    """
    unfelt = np.zeros(model.nv, bool)
    tied = model.neq or _tendons_beyond_joints(model) or not np.isin(model.actuator_trntype, AT_JOINTS).all()
    if tied or model.opt.density or model.opt.viscosity or len(np.unique(model.dof_treeid)) != 1:
        return unfelt
    rubs = (model.dof_damping != 0) | (model.dof_frictionloss != 0) | model.dof_dampingpoly.any(axis=1)
    moving = np.flatnonzero(model.body_weldid != 0)
    for joint in range(model.njnt):
        kind, dof = model.jnt_type[joint], model.jnt_dofadr[joint]
        dofs = np.arange(dof, dof + (3 if kind == FREE else 1))
        free = not has_spring(model, joint) if kind == FREE else kind == SLIDE and _moves_freely(model, joint)
        whole = np.isin(moving, _carried(model, model.jnt_bodyid[joint])).all()
        driven = (model.actuator_trnid[:, 0] == joint).any()
        unfelt[dofs] = free and whole and not driven and not rubs[dofs].any()
    return unfelt


def gravity(model: mujoco.MjModel) -> np.ndarray:
    """(3,) m/s^2: what falls does so at this acceleration, in the world."""
    off = model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_GRAVITY
    return np.zeros(3) if off else model.opt.gravity.copy()


def static_planes(model: mujoco.MjModel) -> tuple[np.ndarray, bool]:
    """The normals (P, 3) of the planes fixed to the world that a robot can touch, and whether that is all it can.

    A mocap body that can be touched is scenery that is no plane: it stands where an input says.
    """
    pose, normals = default_pose(model), []
    for geom in np.flatnonzero(world_fixed_bodies(model)[model.geom_bodyid] & can_touch(model)):
        if model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_PLANE or model.body_weldid[model.geom_bodyid[geom]] != 0:
            return np.zeros((0, 3)), False
        normals.append(pose.geom_xmat[geom].reshape(3, 3)[:, 2])
    return np.reshape(normals, (-1, 3)), True


def world_fixed_bodies(model: mujoco.MjModel) -> np.ndarray:
    """(nbody,) bool: the world, mocap bodies, and what is fixed to either."""
    weld = model.body_weldid
    return (weld == 0) | (model.body_mocapid[weld] >= 0)


def _carried(model: mujoco.MjModel, body: int) -> list[int]:
    """A body and all that hang on it."""
    found = [int(body)]
    for other in range(body + 1, model.nbody):  # a parent comes before its children
        if model.body_parentid[other] in found:
            found.append(other)
    return found


def default_pose(model: mujoco.MjModel) -> mujoco.MjData:
    """The robot in its default pose."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    return data


def can_touch(model: mujoco.MjModel) -> np.ndarray:
    """(ngeom,) bool: geoms that can take part in a contact."""
    touching = (model.geom_contype != 0) | (model.geom_conaffinity != 0)
    touching[model.pair_geom1], touching[model.pair_geom2] = True, True
    if model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_CONTACT:
        touching[:] = False
    return touching


def _touching_bodies(model: mujoco.MjModel) -> np.ndarray:
    """The moving bodies that have a geom which can touch something."""
    bodies = np.unique(model.geom_bodyid[can_touch(model)])
    return bodies[model.body_weldid[bodies] != 0]


def _tendons_beyond_joints(model: mujoco.MjModel) -> bool:
    """Whether a tendon runs along anything but joints; one that sums joint positions refers to nothing else."""
    return bool((model.wrap_type[: model.nwrap] != mujoco.mjtWrap.mjWRAP_JOINT).any())


def has_spring(model: mujoco.MjModel, joint: int) -> bool:
    """Whether a joint has a spring."""
    return bool(model.jnt_stiffness[joint] or model.jnt_stiffnesspoly[joint].any())


def has_position_dependent_force(model: mujoco.MjModel, joint: int) -> bool:
    """Whether a spring, a servo, a tendon or an equality refers to the position of a hinge or slide."""
    if has_spring(model, joint):
        return True
    along = model.wrap_objid[: model.nwrap][model.wrap_type[: model.nwrap] == mujoco.mjtWrap.mjWRAP_JOINT]
    equal = model.eq_type == mujoco.mjtEq.mjEQ_JOINT
    if joint in along or joint in (*model.eq_obj1id[equal], *model.eq_obj2id[equal]):
        return True
    gain, bias = mujoco.mjtGain, mujoco.mjtBias
    affine = (model.actuator_gaintype == gain.mjGAIN_AFFINE) & (model.actuator_gainprm[:, 1] == 0)
    servo = ~affine & (model.actuator_gaintype != gain.mjGAIN_FIXED)
    affine = (model.actuator_biastype == bias.mjBIAS_AFFINE) & (model.actuator_biasprm[:, 1] == 0)
    servo |= ~affine & (model.actuator_biastype != bias.mjBIAS_NONE)
    here = np.isin(model.actuator_trntype, AT_JOINTS) & (model.actuator_trnid[:, 0] == joint)
    return bool((here & servo).any())


def _moves_freely(model: mujoco.MjModel, joint: int) -> bool:
    """Whether a slide stands behind slides alone, with no spring, servo or tendon on its position."""
    if has_position_dependent_force(model, joint):
        return False
    body = model.jnt_bodyid[joint]
    while body:  # a hinge between the joint and the world turns the slide's axis against gravity
        first, count = model.body_jntadr[body], model.body_jntnum[body]
        if any(model.jnt_type[j] != SLIDE for j in range(first, first + count) if j <= joint):
            return False
        body = model.body_parentid[body]
    return True
