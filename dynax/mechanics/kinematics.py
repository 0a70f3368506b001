"""Forward kinematics of an MJCF in JAX, and the Jacobians of points on its bodies.

The pose of a node of the joint tree (`joint_tree`) is the product of the joint motions from the world down to the node.
It is computed by pointer doubling: step k multiplies each node's product of 2^k motions by the product of its ancestor
2^k levels above. The program has few operations, and their number grows with the logarithm of the length of a chain.

A point p of a body moves with the velocity sum_d (s_d + w_d x (p - o_d)) v_d. The sum includes the degrees of freedom d
between the world and the body. A translation has the direction s; a rotation has the axis w and the anchor o.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from dynax.math import rotations
from dynax.math.arrays import AnyArray, Leaf
from dynax.math.vectors import cross, matmul, normalized, rotate
from dynax.mechanics.joint_tree import dof_mask, tables

IDENTITY = np.array([1.0, 0, 0, 0])


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Poses:
    """The poses of all bodies, and the axes of all degrees of freedom in the world."""

    position: Leaf  # origin of each body's frame, (B, 3), m
    rotation: Leaf  # body frame to world, (B, 3, 3)
    axis: Leaf  # unit axis of rotation, (nv, 3); zero for a translation
    anchor: Leaf  # a point on the axis of rotation, (nv, 3), m
    slide: Leaf  # unit direction of translation, (nv, 3); zero for a rotation


@dataclass(frozen=True, eq=False)
class Kinematics:
    """The forward kinematics of a model. Build it once per model with `Kinematics.of`."""

    ancestors: tuple[Int[np.ndarray, " N"], ...]  # the node 1, 2, 4, ... levels above; the world is its own ancestor
    offset: Float[np.ndarray, "N 3"]  # p, position of the joint frame relative to the node above, m
    orientation: Float[np.ndarray, "N 3 3"]  # R, rotation of the joint frame relative to the node above
    pivot: Float[np.ndarray, "N 3"]  # c, fixed point of the rotation, m
    translation_index: Int[np.ndarray, "N 3"]  # position of a free joint or mocap body in the configuration
    quaternion_index: Int[np.ndarray, "N 4"]  # quaternion of a ball joint, free joint or mocap body
    coordinate_index: Int[np.ndarray, " N"]  # coordinate of a hinge or slide
    coordinate_ref: Float[np.ndarray, " N"]  # its value in the pose of the MJCF
    hinge_axis: Float[np.ndarray, "N 3"]  # zero for other joints
    slide_axis: Float[np.ndarray, "N 3"]  # zero for other joints
    body_node: Int[np.ndarray, " B"]  # last node of a body, whose pose is the body's pose
    dof_node: Int[np.ndarray, " nv"]  # node whose frame the following three vectors refer to
    dof_axis: Float[np.ndarray, "nv 3"]
    dof_anchor: Float[np.ndarray, "nv 3"]
    dof_slide: Float[np.ndarray, "nv 3"]
    dof_mask: Bool[np.ndarray, "B nv"]  # the degree of freedom moves the body
    mocap_pos: Float[np.ndarray, "nmocap 3"]  # default positions of mocap bodies
    mocap_quat: Float[np.ndarray, "nmocap 4"]

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Kinematics":
        """Return the kinematics of a model."""
        mocap = np.argsort(model.body_mocapid)[model.nbody - model.nmocap :]
        return cls(
            **tables(model),
            dof_mask=dof_mask(model),
            mocap_pos=model.body_pos[mocap],
            mocap_quat=model.body_quat[mocap],
        )

    def __call__(
        self,
        qpos: Float[AnyArray, " nq"],
        mocap_pos: Float[AnyArray, "nmocap 3"] | None = None,
        mocap_quat: Float[AnyArray, "nmocap 4"] | None = None,
    ) -> Poses:
        """Return the poses of all bodies in the precision of `qpos`.

        Args:
            qpos: generalized positions. Quaternions are normalized first.
            mocap_pos: positions of the mocap bodies, by default those of the MJCF.
            mocap_quat: quaternions of the mocap bodies, by default those of the MJCF.
        """
        array = partial(jnp.asarray, dtype=qpos.dtype)  # JAX would keep the precision of the first trace
        mocap_pos = self.mocap_pos if mocap_pos is None else mocap_pos
        mocap_quat = self.mocap_quat if mocap_quat is None else mocap_quat
        numbers = jnp.concatenate([qpos, array(mocap_pos).ravel(), array(mocap_quat).ravel(), array([0, 1])])

        coordinate = (numbers[self.coordinate_index] - array(self.coordinate_ref))[:, None]
        hinge = jnp.concatenate([jnp.cos(coordinate / 2), array(self.hinge_axis) * jnp.sin(coordinate / 2)], axis=-1)
        is_hinge = np.any(self.hinge_axis, axis=1, keepdims=True)
        has_quaternion = (self.quaternion_index[:, 0] != len(numbers) - 1).any()  # not only the constant (1, 0, 0, 0)
        turned = normalized(numbers[self.quaternion_index], IDENTITY) if has_quaternion else array(IDENTITY)
        spin = rotations.matrix(jnp.where(is_hinge, hinge, turned))
        pivot, orientation = array(self.pivot), array(self.orientation)
        shift = numbers[self.translation_index] + array(self.slide_axis) * coordinate + pivot - rotate(spin, pivot)

        position, rotation = array(self.offset) + rotate(orientation, shift), matmul(orientation, spin)
        for ancestor in self.ancestors:
            shifted = position[ancestor] + rotate(rotation[ancestor], position)
            position, rotation = shifted, matmul(rotation[ancestor], rotation)

        dof_rotation = rotation[self.dof_node]
        return Poses(
            position=position[self.body_node],
            rotation=rotation[self.body_node],
            axis=rotate(dof_rotation, array(self.dof_axis)),
            anchor=position[self.dof_node] + rotate(dof_rotation, array(self.dof_anchor)),
            slide=rotate(dof_rotation, array(self.dof_slide)),
        )

    def jacobian(
        self, poses: Poses, bodies: Int[AnyArray, " K"], points: Float[AnyArray, "K 3"]
    ) -> tuple[Float[Array, "K 3 nv"], Float[Array, "K 3 nv"]]:
        """Return the linear and angular Jacobians of `points` that are fixed to `bodies`."""
        return point_jacobian(poses, jnp.asarray(self.dof_mask, points.dtype)[jnp.asarray(bodies, jnp.int32)], points)

    def velocity(
        self, poses: Poses, qvel: Float[AnyArray, " nv"], bodies: Int[AnyArray, " K"], points: Float[AnyArray, "K 3"]
    ) -> tuple[Float[Array, "K 3"], Float[Array, "K 3"]]:
        """Return the linear and angular velocities of `points` that are fixed to `bodies`.

        This is cheaper than a product with the Jacobian if a body has several points.
        """
        bodies = jnp.asarray(bodies, jnp.int32)
        linear, angular = self.twists(poses, qvel)
        return linear[bodies] + cross(angular[bodies], points - poses.position[bodies]), angular[bodies]

    def twists(self, poses: Poses, qvel: Float[AnyArray, " nv"]) -> tuple[Float[Array, "B 3"], Float[Array, "B 3"]]:
        """Return the linear velocities of the origins of all bodies, and their angular velocities.

        The velocities are summed at the origin of the world and then shifted to the bodies. There are only two products
        with the mask, instead of a lever arm for each pair of a body and a degree of freedom.
        """
        sum_over_dofs = partial(jnp.matmul, jnp.asarray(self.dof_mask, qvel.dtype), precision="highest")
        at_world_origin = qvel[:, None] * (poses.slide - cross(poses.axis, poses.anchor))
        linear, angular = sum_over_dofs(at_world_origin), sum_over_dofs(qvel[:, None] * poses.axis)
        return linear + cross(angular, poses.position), angular


def point_jacobian(
    poses: Poses, weight: Float[AnyArray, "K nv"], points: Float[AnyArray, "K 3"]
) -> tuple[Float[Array, "K 3 nv"], Float[Array, "K 3 nv"]]:
    """Return the linear and angular Jacobians of `points`.

    Args:
        poses: the poses of the bodies.
        weight: factor of each degree of freedom for each point. It is 1 or 0 for a point of a body, and the difference
            of two such masks for the relative motion of two bodies.
        points: points in the world, m.
    """
    linear = poses.slide + cross(poses.axis, points[:, None] - poses.anchor)
    factor = weight[:, None]
    return factor * jnp.swapaxes(linear, 1, 2), factor * poses.axis.T
