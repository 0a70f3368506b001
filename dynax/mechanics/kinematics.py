"""Forward kinematics of an MJCF in JAX, and the Jacobians of points on its bodies.

Every joint is a rigid motion in the frame it finds, so that a robot is a tree of such motions: a node for each joint,
and one for each body that has none. The pose of a node is the product of the motions from the world down to it. It is
taken by doubling, over the nearest 2, 4, 8 ... motions, all nodes at once: a program of a few operations, as short for
a long chain as for a short one.

A point p of a body moves with the velocity sum_d (s_d + w_d x (p - o_d)) v_d over the degrees of freedom d between the
world and that body; s is the direction of a translation, w the axis of a rotation, o a point of that axis.

One sample a call; callers `vmap`. Poses and velocities are of the world frame, in m, rad and s.

Axes: N nodes, B bodies (nbody), V degrees of freedom (nv), K points.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import struct

from dynax.math import rotations
from dynax.math.vectors import cross, normalized, product, turned
from dynax.mjcf.joints import BALL, FREE, HINGE

IDENTITY = np.array([1.0, 0, 0, 0])


class Poses(struct.PyTreeNode):
    """Where the bodies are, and how each degree of freedom moves what hangs on it."""

    position: jax.Array  # (B, 3) of the body's frame, m
    rotation: jax.Array  # (B, 3, 3) body to world
    axis: jax.Array  # (V, 3) unit axis of rotation; zero for a translation
    anchor: jax.Array  # (V, 3) a point of that axis, m
    slide: jax.Array  # (V, 3) unit direction of translation; zero for a rotation


@dataclass(frozen=True, eq=False)
class Kinematics:
    """The joint tree of a model, as tables.

    The numbers of a configuration are laid out as `[qpos, mocap_pos, mocap_quat, 0, 1]`; `moved`, `turn` and `angle`
    say where among them a node finds its own.
    """

    jumps: tuple[np.ndarray, ...]  # each (N,): the node 1, 2, 4 ... above; the world is above itself
    offset: np.ndarray  # (N, 3) from the node above to where the motion begins, m
    attitude: np.ndarray  # (N, 3, 3) of where the motion begins
    pivot: np.ndarray  # (N, 3) the point that a rotation leaves where it is
    moved: np.ndarray  # (N, 3) int: the translation of a free joint or a mocap body
    turn: np.ndarray  # (N, 4) int: the quaternion of a ball or free joint, or a mocap body
    angle: np.ndarray  # (N,) int: the coordinate of a hinge or slide
    rest: np.ndarray  # (N,) its value where the body is as the MJCF has it
    hinge: np.ndarray  # (N, 3) axis of a hinge; zero for others
    slide: np.ndarray  # (N, 3) axis of a slide; zero for others
    body_node: np.ndarray  # (B,) the last node of a body, whose pose is the body's
    dof_node: np.ndarray  # (V,) the node in whose frame the following are given
    dof_axis: np.ndarray  # (V, 3)
    dof_anchor: np.ndarray  # (V, 3)
    dof_slide: np.ndarray  # (V, 3)
    mask: np.ndarray  # (B, V) bool: the degrees of freedom that move a body
    mocap_pos: np.ndarray  # (nmocap, 3) where mocap bodies are unless told
    mocap_quat: np.ndarray  # (nmocap, 4)

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Kinematics":
        nodes, body_node, joint_node = _nodes(model)
        table = {name: _table([node[name] for node in nodes]) for name in nodes[0]}
        mocap = np.argsort(model.body_mocapid)[model.nbody - model.nmocap :]
        return cls(
            jumps=_jumps(table.pop("above")),
            **table,
            body_node=_table(body_node),
            **_dofs(model, joint_node),
            mask=moved(model),
            mocap_pos=model.body_pos[mocap],
            mocap_quat=model.body_quat[mocap],
        )

    def __call__(self, qpos: jax.Array, mocap_pos: Any = None, mocap_quat: Any = None) -> Poses:
        """The poses at `qpos` (nq,), mocap bodies at `mocap_pos` (nmocap, 3) and `mocap_quat` (nmocap, 4) where given.

        Quaternions need not be of length one. The poses are in the precision of `qpos`: JAX would keep NumPy's
        constants in the one it first met them in.
        """
        array = partial(jnp.asarray, dtype=qpos.dtype)
        mocap_pos = self.mocap_pos if mocap_pos is None else mocap_pos
        mocap_quat = self.mocap_quat if mocap_quat is None else mocap_quat
        numbers = jnp.concatenate([qpos, array(mocap_pos).ravel(), array(mocap_quat).ravel(), array([0, 1])])

        angle = (numbers[self.angle] - array(self.rest))[:, None]
        turned_by = jnp.concatenate([jnp.cos(angle / 2), array(self.hinge) * jnp.sin(angle / 2)], axis=-1)
        hinges = np.any(self.hinge, axis=1, keepdims=True)
        spin = rotations.matrix(jnp.where(hinges, turned_by, normalized(numbers[self.turn], IDENTITY)))
        pivot, attitude = array(self.pivot), array(self.attitude)
        shift = numbers[self.moved] + array(self.slide) * angle + pivot - turned(spin, pivot)

        place, frame = array(self.offset) + turned(attitude, shift), product(attitude, spin)
        for above in self.jumps:
            place, frame = place[above] + turned(frame[above], place), product(frame[above], frame)

        dof_frame = frame[self.dof_node]
        return Poses(
            position=place[self.body_node],
            rotation=frame[self.body_node],
            axis=turned(dof_frame, array(self.dof_axis)),
            anchor=place[self.dof_node] + turned(dof_frame, array(self.dof_anchor)),
            slide=turned(dof_frame, array(self.dof_slide)),
        )

    def jacobian(self, poses: Poses, bodies: Any, points: jax.Array) -> tuple[jax.Array, jax.Array]:
        """How `points` (K, 3), fixed to `bodies` (K,), move with qvel: linear and angular, two (K, 3, V)."""
        return motion(poses, jnp.asarray(self.mask, points.dtype)[jnp.asarray(bodies, jnp.int32)], points)

    def velocity(self, poses: Poses, qvel: jax.Array, bodies: Any, points: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Of `points` (K, 3), fixed to `bodies` (K,), where joints move with `qvel` (V,): linear, angular, (K, 3) each.

        Cheaper than a Jacobian by the number of points to a body.
        """
        bodies = jnp.asarray(bodies, jnp.int32)
        linear, angular = self.twists(poses, qvel)
        return linear[bodies] + cross(angular[bodies], points - poses.position[bodies]), angular[bodies]

    def twists(self, poses: Poses, qvel: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The velocities of the bodies' frames where joints move with `qvel` (V,): linear and angular, two (B, 3)."""
        moving = (jnp.asarray(self.mask, qvel.dtype) * qvel)[..., None]
        arms = poses.position[:, None] - poses.anchor
        return (moving * (poses.slide + cross(poses.axis, arms))).sum(1), (moving * poses.axis).sum(1)


def motion(poses: Poses, share: jax.Array, points: jax.Array) -> tuple[jax.Array, jax.Array]:
    """How `points` (K, 3) move with qvel, each degree of freedom times its `share` (K, V): two (K, 3, V)."""
    linear = poses.slide + cross(poses.axis, points[:, None] - poses.anchor)
    weight = share[:, None]
    return weight * jnp.swapaxes(linear, 1, 2), weight * poses.axis.T


def _table(rows: Any) -> np.ndarray:
    """The rows as an array. Indices are of 32 bits, which are the same whether JAX has 64 or not."""
    table = np.array(rows)
    return table.astype(np.int32) if table.dtype == np.int64 else table


def _nodes(model: mujoco.MjModel) -> tuple[list[dict[str, Any]], np.ndarray, np.ndarray]:
    """The nodes, parents first, the last of each body (B,) and that of each joint (njnt,)."""
    zero = model.nq + 7 * model.nmocap
    one = zero + 1
    still = {
        "above": 0, "offset": np.zeros(3), "attitude": np.eye(3), "pivot": np.zeros(3),
        "moved": np.full(3, zero), "turn": np.array([one, zero, zero, zero]), "angle": zero, "rest": 0.0,
        "hinge": np.zeros(3), "slide": np.zeros(3),
    }  # fmt: skip
    nodes, body_node, joint_node = [still], np.zeros(model.nbody, int), np.zeros(model.njnt, int)
    for body in range(1, model.nbody):
        mocap, first = model.body_mocapid[body], model.body_jntadr[body]
        begin = {
            "above": body_node[model.body_parentid[body]],
            "offset": model.body_pos[body],
            "attitude": rotations.matrix(model.body_quat[body]),
        }
        if mocap >= 0:
            at = model.nq + 3 * mocap, model.nq + 3 * model.nmocap + 4 * mocap
            nodes.append(still | {"moved": at[0] + np.arange(3), "turn": at[1] + np.arange(4)})
        elif model.body_jntnum[body] == 0:
            nodes.append(still | begin)
        for joint in range(first, first + model.body_jntnum[body]):
            if model.jnt_type[joint] == FREE:  # its qpos is of the world
                begin = {}
            nodes.append(still | begin | _joint(model, joint))
            joint_node[joint] = len(nodes) - 1
            begin = {"above": len(nodes) - 1}
        body_node[body] = len(nodes) - 1
    return nodes, body_node, joint_node


def _joint(model: mujoco.MjModel, joint: int) -> dict[str, Any]:
    """What a joint adds to a node."""
    start, axis, pivot = model.jnt_qposadr[joint], model.jnt_axis[joint], {"pivot": model.jnt_pos[joint]}
    scalar = {"angle": start, "rest": model.qpos0[start]}
    match model.jnt_type[joint]:
        case mujoco.mjtJoint.mjJNT_FREE:
            return {"moved": start + np.arange(3), "turn": start + 3 + np.arange(4)}
        case mujoco.mjtJoint.mjJNT_BALL:
            return pivot | {"turn": start + np.arange(4)}
        case mujoco.mjtJoint.mjJNT_HINGE:
            return pivot | scalar | {"hinge": axis}
        case _:
            return scalar | {"slide": axis}


def _jumps(above: np.ndarray) -> tuple[np.ndarray, ...]:
    """From the node above each (N,) to those 1, 2, 4 ... above, until all are the world."""
    jumps = []
    while above.any():
        jumps.append(above)
        above = above[above]
    return tuple(jumps)


def _dofs(model: mujoco.MjModel, joint_node: np.ndarray) -> dict[str, np.ndarray]:
    """The axes of the degrees of freedom in the frames of their nodes.

    MuJoCo turns balls and free joints about the body's own axes, and moves free joints along the world's.
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
    return {"dof_node": _table(node), "dof_axis": axis, "dof_anchor": anchor, "dof_slide": slide}


def moved(model: mujoco.MjModel) -> np.ndarray:
    """(B, V) bool: whether a degree of freedom is between the world and a body."""
    mask = np.zeros((model.nbody, model.nv), bool)
    for body in range(1, model.nbody):
        mask[body] = mask[model.body_parentid[body]] | (model.dof_bodyid == body)
    return mask
