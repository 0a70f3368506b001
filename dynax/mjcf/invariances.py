"""Invariances of a robot's accelerations: positions and velocities that do not matter, read from the MJCF.

Gravity is uniform. The position of a robot therefore matters only through objects that are fixed to the world:
static geometry in reach, springs and actuators that act on a position, tendons, and equality constraints.
Joint limits depend on the position as well. A joint limit is a constraint, and a model represents it as one.
"""

import mujoco
import numpy as np
from jaxtyping import Bool

from dynax.mjcf.joints import FREE, PARALLEL, SLIDE
from dynax.mjcf.poses import default_pose, subtree
from dynax.mjcf.position_forces import has_spring, is_tied_to_world, moves_freely
from dynax.mjcf.static_geometry import moving_bodies_that_touch, static_planes


def invariant_translations(model: mujoco.MjModel) -> Bool[np.ndarray, " nv"]:
    """Return a mask of the translations that change no acceleration.

    A slide, or an axis of a free joint, is invariant under four conditions. Only translations lie between the joint
    and the world. No spring or actuator depends on the position. Nothing ties the tree to the world or to another
    tree. Every geom in reach is a plane along the axis, or moves with the joint.
    """
    invariant = np.zeros(model.nv, bool)
    touching = moving_bodies_that_touch(model)
    if is_tied_to_world(model) or len(np.unique(model.body_treeid[touching])) > 1:
        return invariant  # with several trees in contact, the relative positions of the trees matter
    normals, planes_only = static_planes(model)
    pose = default_pose(model)
    for joint in range(model.njnt):
        dofs = _translations(model, joint)
        if not _is_unattached(model, joint):
            continue
        axes = np.eye(3) if model.jnt_type[joint] == FREE else pose.xaxis[joint][None]
        tree = touching[model.body_rootid[touching] == model.body_rootid[model.jnt_bodyid[joint]]]
        carried = np.isin(tree, subtree(model, int(model.jnt_bodyid[joint])))
        along = np.abs(axes @ normals.T).max(axis=1, initial=0) < PARALLEL
        invariant[dofs] = (planes_only & along & carried.all()) if carried.any() else True
    return invariant


def galilean_invariant_dofs(model: mujoco.MjModel) -> Bool[np.ndarray, " nv"]:
    """Return a mask of the linear velocities that change no acceleration, except through contacts and joint limits.

    The mask contains slides and the translations of free joints that move the whole robot, if no damper, friction,
    actuator or fluid acts on the velocity. Accelerations are then equal in a frame that moves at that velocity
    (Galilean invariance).
    """
    invariant = np.zeros(model.nv, bool)
    in_fluid = model.opt.density or model.opt.viscosity
    if is_tied_to_world(model) or in_fluid or len(np.unique(model.dof_treeid)) != 1:
        return invariant
    resisted = (model.dof_damping != 0) | (model.dof_frictionloss != 0) | model.dof_dampingpoly.any(axis=1)
    moving = np.flatnonzero(model.body_weldid != 0)
    for joint in range(model.njnt):
        dofs = _translations(model, joint)
        moves_all = np.isin(moving, subtree(model, int(model.jnt_bodyid[joint]))).all()
        driven = (model.actuator_trnid[:, 0] == joint).any()
        invariant[dofs] = _is_unattached(model, joint) and moves_all and not driven and not resisted[dofs].any()
    return invariant


def _translations(model: mujoco.MjModel, joint: int) -> np.ndarray:
    """Return the translational degrees of freedom of a free joint, or the first degree of freedom of another joint."""
    first = model.jnt_dofadr[joint]
    return np.arange(first, first + (3 if model.jnt_type[joint] == FREE else 1))


def _is_unattached(model: mujoco.MjModel, joint: int) -> bool:
    """Return whether a joint is a free joint without a spring, or a slide that moves freely."""
    if model.jnt_type[joint] == FREE:
        return not has_spring(model, joint)
    return bool(model.jnt_type[joint] == SLIDE) and moves_freely(model, joint)
