"""The trees of a model and their bases: what of each may be moved and turned without changing how its joints feel.

A base is the root of a tree that floats: a free joint, or slides that span the world or a plane in which what turns
them turns. Its linear velocity enters the equations of motion in its own axes alone, and not at all in their velocity
terms, by Galilean invariance.

Axes: nv degrees of freedom, n linear ones of a base.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from dynax.mjcf.joints import BALL, FREE, HINGE, PARALLEL, SLIDE


@dataclass(frozen=True, eq=False)
class Tree:
    """A kinematic tree: bodies that joints connect, and its base if it floats."""

    dofs: np.ndarray  # (k,) int: its degrees of freedom
    linear: np.ndarray  # (n,) int: of these, the translations of its base; none of a tree that stands in the world
    directions: np.ndarray  # (3, n) their unit directions in the world
    turning: np.ndarray  # int: the rotations of its base
    body: int  # the root

    @property
    def base(self) -> np.ndarray:
        """Int: the degrees of freedom of its base."""
        return np.concatenate([self.linear, self.turning]).astype(int)

    @property
    def floats(self) -> bool:
        return len(self.linear) > 0


def trees(model: mujoco.MjModel) -> list[Tree]:
    """The trees of `model`, in the order of their degrees of freedom."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    found = []
    for first, count in zip(model.tree_dofadr, model.tree_dofnum, strict=True):
        dofs = np.arange(first, first + count)
        body = int(model.dof_bodyid[first])
        linear, directions, turning = _base(model, data, body)
        found.append(Tree(dofs, linear, directions, turning, body))
    return found


def _base(model: mujoco.MjModel, data: mujoco.MjData, body: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The translations of a root, their directions and its rotations, all empty where it does not float."""
    joints = np.arange(model.body_jntadr[body], model.body_jntadr[body] + model.body_jntnum[body])
    kinds, dofs = model.jnt_type[joints], model.jnt_dofadr[joints]
    if kinds[0] == FREE:
        return dofs[0] + np.arange(3), np.eye(3), dofs[0] + 3 + np.arange(3)
    slides = np.flatnonzero(kinds == SLIDE)
    stands = np.zeros(0, int), np.zeros((3, 0)), np.zeros(0, int)
    if len(slides) < 2 or (kinds[: len(slides)] != SLIDE).any():
        return stands  # a single slide, or one that a rotation carries
    axes = data.xaxis[joints]
    directions = axes[slides].T
    if not np.allclose(directions.T @ directions, np.eye(len(slides)), atol=PARALLEL):
        return stands
    in_plane = len(slides) == 2 and (kinds[2:] == BALL).any()
    tilted = len(slides) == 2 and np.abs(axes[kinds == HINGE] @ directions).max(initial=0) > PARALLEL
    if in_plane or tilted:
        return stands
    turning = [d + k for d, kind in zip(dofs, kinds, strict=True) for k in range({BALL: 3, HINGE: 1}.get(int(kind), 0))]
    return dofs[slides], directions, np.array(turning, int)
