"""The joint tree of a model as tables, one entry per node.

A joint is a rigid motion relative to the frame above it. The tree has one node for each joint, one for each body
without joints, and the world as node 0. With the constants (p, R) of the body, the pivot c and the joint motion (t, Q),
the pose (x, A) of a node relative to the node above is

    x = p + R (t + c - Q c)      A = R Q

    hinge   t = 0                Q = rotation about its axis by the angle q - q_ref
    slide   t = axis (q - q_ref) Q = 1
    ball    t = 0                Q = rotation of its quaternion
    free    t = its position     Q = rotation of its quaternion      (p = 0, R = 1, c = 0, below the world)

A mocap body is a node like a free joint. A body with several joints has a node for each joint, one below the other;
only the first has the constants p and R. The numbers of a configuration are concatenated as
`[qpos, mocap_pos, mocap_quat, 0, 1]`. Each node has indices into this array. A joint without a translation or rotation
uses the indices of 0 and 1.
"""

from typing import Any

import mujoco
import numpy as np
from jaxtyping import Bool

from dynax.math import rotations
from dynax.mjcf.joints import BALL, FREE, HINGE


def tables(model: mujoco.MjModel) -> dict[str, Any]:
    """Return the tables of nodes, bodies and degrees of freedom, by the field names of `Kinematics`."""
    nodes, body_node, joint_node = _nodes(model)
    columns = {name: _int32(np.array([node[name] for node in nodes])) for name in nodes[0]}
    ancestors = _ancestors(columns.pop("parent"))
    return {"ancestors": ancestors, **columns, "body_node": _int32(body_node), **_dof_tables(model, joint_node)}


def dof_mask(model: mujoco.MjModel) -> Bool[np.ndarray, "B nv"]:
    """Return for each body which degrees of freedom move it: those on its path to the world."""
    mask = np.zeros((model.nbody, model.nv), bool)
    for body in range(1, model.nbody):
        mask[body] = mask[model.body_parentid[body]] | (model.dof_bodyid == body)
    return mask


def _nodes(model: mujoco.MjModel) -> tuple[list[dict[str, Any]], np.ndarray, np.ndarray]:
    """Return the nodes, parents first, the last node of each body (B,) and the node of each joint (njnt,)."""
    nodes, body_node, joint_node = [_fixed_node(model)], np.zeros(model.nbody, int), np.zeros(model.njnt, int)
    for body in range(1, model.nbody):
        mocap, first = int(model.body_mocapid[body]), model.body_jntadr[body]
        frame = {
            "parent": body_node[model.body_parentid[body]],
            "offset": model.body_pos[body],
            "orientation": rotations.matrix(model.body_quat[body]),
        }
        if mocap >= 0:
            nodes.append(_fixed_node(model) | _mocap_motion(model, mocap))
        elif model.body_jntnum[body] == 0:
            nodes.append(_fixed_node(model) | frame)
        for joint in range(first, first + model.body_jntnum[body]):
            if model.jnt_type[joint] == FREE:  # the qpos of a free joint is a pose in the world
                frame = {}
            nodes.append(_fixed_node(model) | frame | _joint_motion(model, joint))
            joint_node[joint] = len(nodes) - 1
            frame = {"parent": len(nodes) - 1}
        body_node[body] = len(nodes) - 1
    return nodes, body_node, joint_node


def _fixed_node(model: mujoco.MjModel) -> dict[str, Any]:
    """Return a node without motion that coincides with the world."""
    zero = model.nq + 7 * model.nmocap  # index of the constant 0; the constant 1 follows it
    return {
        "parent": 0, "offset": np.zeros(3), "orientation": np.eye(3), "pivot": np.zeros(3),
        "translation_index": np.full(3, zero), "quaternion_index": np.array([zero + 1, zero, zero, zero]),
        "coordinate_index": zero, "coordinate_ref": 0.0, "hinge_axis": np.zeros(3), "slide_axis": np.zeros(3),
    }  # fmt: skip


def _mocap_motion(model: mujoco.MjModel, mocap: int) -> dict[str, Any]:
    """Return the entries of a mocap body's node that differ from a fixed node."""
    translation, quaternion = model.nq + 3 * mocap, model.nq + 3 * model.nmocap + 4 * mocap
    return {"translation_index": translation + np.arange(3), "quaternion_index": quaternion + np.arange(4)}


def _joint_motion(model: mujoco.MjModel, joint: int) -> dict[str, Any]:
    """Return the entries of a joint's node that describe its motion."""
    start, axis, pivot = model.jnt_qposadr[joint], model.jnt_axis[joint], {"pivot": model.jnt_pos[joint]}
    scalar = {"coordinate_index": start, "coordinate_ref": model.qpos0[start]}
    match model.jnt_type[joint]:
        case mujoco.mjtJoint.mjJNT_FREE:
            return {"translation_index": start + np.arange(3), "quaternion_index": start + 3 + np.arange(4)}
        case mujoco.mjtJoint.mjJNT_BALL:
            return pivot | {"quaternion_index": start + np.arange(4)}
        case mujoco.mjtJoint.mjJNT_HINGE:
            return pivot | scalar | {"hinge_axis": axis}
        case _:
            return scalar | {"slide_axis": axis}


def _dof_tables(model: mujoco.MjModel, joint_node: np.ndarray) -> dict[str, np.ndarray]:
    """Return the axes of the degrees of freedom in the frames of their nodes.

    In MuJoCo, ball and free joints rotate about the axes of the body. Free joints translate along the world axes.
    """
    node = joint_node[model.dof_jntid]
    axis, anchor, slide = np.zeros((3, model.nv, 3))
    for joint in range(model.njnt):
        dof, kind = model.jnt_dofadr[joint], model.jnt_type[joint]
        if kind == FREE:
            node[dof : dof + 3] = 0
            slide[dof : dof + 3], axis[dof + 3 : dof + 6] = np.eye(3), np.eye(3)
        elif kind == BALL:
            axis[dof : dof + 3], anchor[dof : dof + 3] = np.eye(3), model.jnt_pos[joint]
        elif kind == HINGE:
            axis[dof], anchor[dof] = model.jnt_axis[joint], model.jnt_pos[joint]
        else:
            slide[dof] = model.jnt_axis[joint]
    return {"dof_node": _int32(node), "dof_axis": axis, "dof_anchor": anchor, "dof_slide": slide}


def _ancestors(parent: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return for each node the ancestors 1, 2, 4, ... levels above, until all of them are the world."""
    ancestors = []
    while parent.any():
        ancestors.append(parent)
        parent = parent[parent]
    return tuple(ancestors)


def _int32(table: np.ndarray) -> np.ndarray:
    """Return indices with 32 bits, so that they have the same type with and without JAX's 64-bit mode."""
    return table.astype(np.int32) if table.dtype == np.int64 else table
