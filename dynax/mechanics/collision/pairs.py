"""Which geoms of an MJCF may touch, and of which of these contacts are made."""

import mujoco
import numpy as np

from dynax.mechanics.collision.narrowphase import COLLIDE

MOST = 300  # pairs of geoms

Pair = tuple[int, int, int]  # of geoms that MuJoCo would collide, and the number of the `<pair>` in the MJCF or -1


def selection(model: mujoco.MjModel) -> tuple[list[Pair], str]:
    """The `candidates` of which contacts are made, and what is left out of them, in words.

    Contacts of height fields, of signed distance fields and of mocap bodies are left out. Of a robot with more than
    `MOST` pairs so are those with itself: finding all of them would cost many times what a step costs.
    """
    pairs = candidates(model)
    known = [pair for pair in pairs if not unknown(model, pair)]
    left_out = next(filter(None, (unknown(model, pair) for pair in pairs)), "")
    scenery = [pair for pair in known if (model.body_weldid[model.geom_bodyid[list(pair[:2])]] == 0).any()]
    if len(known) <= MOST or len(scenery) == len(known):
        return known, left_out
    many = f"{len(known) - len(scenery)} pairs of geoms of the robot itself (at most {MOST} pairs are followed)"
    return scenery, " and ".join(filter(None, (left_out, many)))


def candidates(model: mujoco.MjModel) -> list[Pair]:
    """What MuJoCo would collide.

    Geoms meet where a bit of the one's contype is in the other's conaffinity, and their bodies may: these are not
    welded together, not parent and child unless the parent is the world, not excluded, and one of them moves. A
    `<pair>` needs none of that but the last (MuJoCo documentation, Computation: Collision detection, Selection).
    """
    if model.opt.disableflags & (mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT):
        return []
    declared = [_ordered(model, *pair) for pair in zip(model.pair_geom1, model.pair_geom2, strict=True)]
    found = [(*pair, i) for i, pair in enumerate(declared) if _moves(model, *model.geom_bodyid[list(pair)])]
    collidable = np.flatnonzero(model.geom_contype | model.geom_conaffinity).tolist()
    for i, geom1 in enumerate(collidable):
        for geom2 in collidable[i + 1 :]:
            pair = _ordered(model, geom1, geom2)
            if _match(model, geom1, geom2) and pair not in declared:
                found.append((*pair, -1))
    return [pair for pair in found if unknown(model, pair) or _types(model, pair) in COLLIDE]  # two planes never do


def _ordered(model: mujoco.MjModel, geom1: int, geom2: int) -> tuple[int, int]:
    """By type; of one type, as given."""
    swap = model.geom_type[geom1] > model.geom_type[geom2]
    return (int(geom2), int(geom1)) if swap else (int(geom1), int(geom2))


def _moves(model: mujoco.MjModel, body1: int, body2: int) -> bool:
    """Whether a joint can move one of the bodies against the other."""
    weld1, weld2 = model.body_weldid[[body1, body2]]
    return weld1 != weld2 and bool(model.body_dofnum[weld1] or model.body_dofnum[weld2])


def _match(model: mujoco.MjModel, geom1: int, geom2: int) -> bool:
    """Whether two geoms that are in no `<pair>` may meet."""
    body1, body2 = sorted(model.geom_bodyid[[geom1, geom2]])
    affine = model.geom_contype[geom1] & model.geom_conaffinity[geom2]
    affine |= model.geom_contype[geom2] & model.geom_conaffinity[geom1]
    if not affine or not _moves(model, body1, body2) or (body1 << 16) + body2 in model.exclude_signature:
        return False
    weld1, weld2 = model.body_weldid[[body1, body2]]
    above1, above2 = model.body_weldid[model.body_parentid[[weld1, weld2]]]
    related = bool(weld1 and weld2) and (weld1 == above2 or weld2 == above1)
    return not related or bool(model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_FILTERPARENT)


def unknown(model: mujoco.MjModel, pair: Pair) -> str:
    """What of a pair is not modeled here, in words; nothing where all is."""
    geoms = pair[:2]
    names = " and ".join(f"`{model.geom(geom).name or geom}`" for geom in geoms)
    if (model.body_mocapid[model.body_weldid[model.geom_bodyid[list(geoms)]]] >= 0).any():
        return f"a mocap body, of {names} that may touch,"
    types = set(model.geom_type[list(geoms)].tolist())
    strange = types & {int(mujoco.mjtGeom.mjGEOM_HFIELD), int(mujoco.mjtGeom.mjGEOM_SDF)}
    if not strange:
        return ""
    kind = mujoco.mjtGeom(strange.pop()).name.removeprefix("mjGEOM_").lower()
    return f"a geom of type {kind}, of {names} that may touch,"


def _types(model: mujoco.MjModel, pair: Pair) -> tuple[int, int]:
    return int(model.geom_type[pair[0]]), int(model.geom_type[pair[1]])
