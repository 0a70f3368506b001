"""Pairs of geoms that may touch, by MuJoCo's rules, and the subset that this package supports."""

import mujoco
import numpy as np

from dynax.mechanics.collision.narrowphase import COLLIDE

MAX_PAIRS = 300  # pairs of geoms; beyond this number, contacts of the robot with itself are left out

Pair = tuple[int, int, int]  # first geom, second geom, and index of the `<pair>` in the MJCF or -1


def selection(model: mujoco.MjModel) -> tuple[list[Pair], str]:
    """Return the supported pairs, and a description of the others to follow "contacts of".

    Not supported are height fields, signed distance fields and mocap bodies. If there are more than `MAX_PAIRS` pairs,
    those of the robot with itself are left out as well, because detecting them all would cost more than a step.
    """
    pairs = candidates(model)
    supported = [pair for pair in pairs if not unsupported(model, pair)]
    left_out = next(filter(None, (unsupported(model, pair) for pair in pairs)), "")
    static = [pair for pair in supported if (model.body_weldid[model.geom_bodyid[list(pair[:2])]] == 0).any()]
    if len(supported) <= MAX_PAIRS or len(static) == len(supported):
        return supported, left_out
    many = f"{len(supported) - len(static)} pairs of geoms of the robot itself (at most {MAX_PAIRS} are supported)"
    return static, " and ".join(filter(None, (left_out, many)))


def candidates(model: mujoco.MjModel) -> list[Pair]:
    """Return the pairs of geoms that MuJoCo would collide.

    One geom's contype and the other's conaffinity must have a common bit, and their bodies must be able to touch:
    at least one of them moves, they are not welded together, not excluded, and not parent and child unless the parent
    is the world. Of these conditions, a `<pair>` only requires that one body moves (MuJoCo documentation, Computation:
    Collision detection, Selection).
    """
    if model.opt.disableflags & (mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT):
        return []
    explicit = [
        _ordered(model, *pair) for pair in zip(model.pair_geom1.tolist(), model.pair_geom2.tolist(), strict=True)
    ]
    pairs = [(*pair, i) for i, pair in enumerate(explicit) if _can_move(model, *model.geom_bodyid[list(pair)].tolist())]
    collidable = np.flatnonzero(model.geom_contype | model.geom_conaffinity).tolist()
    for i, geom1 in enumerate(collidable):
        for geom2 in collidable[i + 1 :]:
            pair = _ordered(model, geom1, geom2)
            if _match(model, geom1, geom2) and pair not in explicit:
                pairs.append((*pair, -1))
    return [pair for pair in pairs if unsupported(model, pair) or _types(model, pair) in COLLIDE]  # no plane on plane


def unsupported(model: mujoco.MjModel, pair: Pair) -> str:
    """Return a description of why a pair is not supported, or an empty string if it is."""
    geoms = pair[:2]
    names = " and ".join(f"`{model.geom(geom).name or geom}`" for geom in geoms)
    if (model.body_mocapid[model.body_weldid[model.geom_bodyid[list(geoms)]]] >= 0).any():
        return f"a mocap body (between {names})"
    types = set(model.geom_type[list(geoms)].tolist())
    fields = types & {int(mujoco.mjtGeom.mjGEOM_HFIELD), int(mujoco.mjtGeom.mjGEOM_SDF)}
    if not fields:
        return ""
    kind = mujoco.mjtGeom(fields.pop()).name.removeprefix("mjGEOM_").lower()
    return f"a geom of type {kind} (between {names})"


def _ordered(model: mujoco.MjModel, geom1: int, geom2: int) -> tuple[int, int]:
    """Return the geoms ordered by type; geoms of one type keep their order."""
    swap = model.geom_type[geom1] > model.geom_type[geom2]
    return (geom2, geom1) if swap else (geom1, geom2)


def _can_move(model: mujoco.MjModel, body1: int, body2: int) -> bool:
    """Return whether a joint moves one of the bodies relative to the other."""
    weld1, weld2 = model.body_weldid[[body1, body2]].tolist()
    return weld1 != weld2 and bool(model.body_dofnum[weld1] or model.body_dofnum[weld2])


def _match(model: mujoco.MjModel, geom1: int, geom2: int) -> bool:
    """Return whether two geoms without a `<pair>` may touch."""
    body1, body2 = sorted(model.geom_bodyid[[geom1, geom2]].tolist())
    affine = model.geom_contype[geom1] & model.geom_conaffinity[geom2]
    affine |= model.geom_contype[geom2] & model.geom_conaffinity[geom1]
    if not affine or not _can_move(model, body1, body2) or (body1 << 16) + body2 in model.exclude_signature:
        return False
    weld1, weld2 = model.body_weldid[[body1, body2]]
    parent1, parent2 = model.body_weldid[model.body_parentid[[weld1, weld2]]]
    related = bool(weld1 and weld2) and (weld1 == parent2 or weld2 == parent1)
    return not related or bool(model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_FILTERPARENT)


def _types(model: mujoco.MjModel, pair: Pair) -> tuple[int, int]:
    """Return the types of both geoms."""
    return int(model.geom_type[pair[0]]), int(model.geom_type[pair[1]])
