"""The kinematic trees of a model, and which of them have a floating base.

A tree has a floating base if its root has a free joint, or slides that span the world or a plane. In a plane, the
remaining joints of the root may rotate only about the normal of the plane. The dynamics of such a tree do not depend on
the linear velocity of the base (Galilean invariance), so that models treat this velocity separately.
"""

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float, Int

from dynax.mjcf.joints import BALL, FREE, HINGE, PARALLEL, SLIDE


@dataclass(frozen=True, eq=False)
class Tree:
    """A kinematic tree: the bodies that joints connect to one root body."""

    dofs: Int[np.ndarray, " k"]  # degrees of freedom of the tree
    translation: Int[np.ndarray, " n"]  # translations of a floating base; empty for a fixed base
    directions: Float[np.ndarray, "3 n"]  # unit directions of these translations in the world
    rotation: Int[np.ndarray, " m"]  # rotations of a floating base; empty for a fixed base
    root: int  # root body

    @property
    def base(self) -> Int[np.ndarray, " n"]:
        """All degrees of freedom of the floating base; empty for a fixed base."""
        return np.concatenate([self.translation, self.rotation]).astype(int)

    @property
    def floating_base(self) -> bool:
        """Whether the base of the tree is floating."""
        return len(self.translation) > 0


def trees(model: mujoco.MjModel) -> list[Tree]:
    """Return the trees of a model in the order of their degrees of freedom."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    result = []
    for first, count in zip(model.tree_dofadr, model.tree_dofnum, strict=True):
        root = int(model.dof_bodyid[first])
        translation, directions, rotation = _base(model, data, root)
        result.append(Tree(np.arange(first, first + count), translation, directions, rotation, root))
    return result


def _base(model: mujoco.MjModel, data: mujoco.MjData, root: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the translations of a floating base, their directions and its rotations; all empty for a fixed base."""
    fixed = np.zeros(0, int), np.zeros((3, 0)), np.zeros(0, int)
    joints = np.arange(model.body_jntadr[root], model.body_jntadr[root] + model.body_jntnum[root])
    kinds, dofs = model.jnt_type[joints], model.jnt_dofadr[joints]
    if kinds[0] == FREE:
        return dofs[0] + np.arange(3), np.eye(3), dofs[0] + 3 + np.arange(3)
    slides = np.flatnonzero(kinds == SLIDE)
    if len(slides) < 2 or (kinds[: len(slides)] != SLIDE).any():
        return fixed  # one slide only, or a slide that a rotation moves
    axes = data.xaxis[joints]
    directions = axes[slides].T
    if not np.allclose(directions.T @ directions, np.eye(len(slides)), atol=PARALLEL):
        return fixed
    planar = len(slides) == 2
    leaves_plane = np.abs(axes[kinds == HINGE] @ directions).max(initial=0) > PARALLEL
    if planar and ((kinds[2:] == BALL).any() or leaves_plane):
        return fixed
    axes_of = {BALL: 3, HINGE: 1}
    rotation = [dof + k for dof, kind in zip(dofs, kinds, strict=True) for k in range(axes_of.get(int(kind), 0))]
    return dofs[slides], directions, np.array(rotation, int)
