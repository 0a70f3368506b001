"""The blocks of a robot's positions, and the names of its degrees of freedom."""

from typing import NamedTuple

import mujoco

from dynax.mjcf.joints import BALL, FREE


class Block(NamedTuple):
    """Adjacent positions of one kind: one orientation, or several lengths and angles."""

    q: slice  # entries of qpos
    v: slice  # entries of qvel
    is_orientation: bool  # whether the block is a quaternion, whose difference is a rotation vector


def blocks_of(model: mujoco.MjModel) -> tuple[Block, ...]:
    """Return the blocks of a model's positions, in order."""
    runs: list[tuple[int, int, bool]] = []  # entries of qpos, entries of qvel, whether an orientation
    for kind in model.jnt_type:
        runs += [(3, 3, False)] if kind == FREE else []
        runs += [(4, 3, True)] if kind in (FREE, BALL) else [(1, 1, False)]
    blocks: list[Block] = []
    q = v = 0
    for nq, nv, is_orientation in runs:
        if blocks and not is_orientation and not blocks[-1].is_orientation:
            last = blocks.pop()
            blocks.append(Block(slice(last.q.start, q + nq), slice(last.v.start, v + nv), False))
        else:
            blocks.append(Block(slice(q, q + nq), slice(v, v + nv), is_orientation))
        q, v = q + nq, v + nv
    return tuple(blocks)


def dof_names(joint: str, kind: int) -> list[str]:
    """Return the names of a joint's degrees of freedom, given the joint's name and MuJoCo's joint type."""
    if kind == FREE:
        return [f"{joint} {axis}" for axis in ("x", "y", "z", "rx", "ry", "rz")]
    return [f"{joint} {axis}" for axis in ("rx", "ry", "rz")] if kind == BALL else [joint]
