"""Pairs of geoms that may touch, by MuJoCo's rules, and the subset that this package supports."""

import mujoco
import numpy as np
from jaxtyping import Bool, Int

from dynax.mechanics.collision.budget import MAX_SLOTS, PLANE, within_budget

MAX_PAIRS = 300  # pairs of geoms; beyond this number, contacts of the robot with itself are left out
FIELDS = (int(mujoco.mjtGeom.mjGEOM_HFIELD), int(mujoco.mjtGeom.mjGEOM_SDF))
DISABLED = mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_CONSTRAINT

Pair = tuple[int, int, int]  # first geom, second geom, and index of the `<pair>` in the MJCF or -1
Pairs = Int[np.ndarray, "K 3"]


def pairs_for_features(model: mujoco.MjModel) -> tuple[list[Pair], str]:
    """Return the pairs that a network has as features, and a description of the others to follow "contacts of".

    Not supported are height fields, signed distance fields and mocap bodies. The number of pairs and of contact slots
    is limited, because detecting them all would cost more than a step, and more memory than a computer has. Pairs with
    static geometry come first, then those that are closest in the default pose.
    """
    pairs, omitted_text = _supported_pairs(model)
    chosen = pairs[within_budget(model, pairs, with_static_geometry(model, pairs))]
    over_budget_text = ""
    if len(chosen) < len(pairs):
        omitted = f"{len(pairs) - len(chosen)} of {len(pairs)} pairs of geoms"
        over_budget_text = f"{omitted} (the closest ones have {MAX_SLOTS} slots)"
    return _as_list(chosen), " and ".join(filter(None, (omitted_text, over_budget_text)))


def pairs_for_layer(model: mujoco.MjModel) -> tuple[list[Pair], str]:
    """Return the pairs that a constraint layer can contain, and a text as of `pairs_for_features`."""
    pairs, omitted_text = _supported_pairs(model)
    return _as_list(pairs), omitted_text


def mujoco_pairs(model: mujoco.MjModel) -> list[Pair]:
    """Return the pairs of geoms that MuJoCo would collide.

    One geom's contype and the other's conaffinity must have a common bit. At least one of the two bodies must move. The
    bodies must not be welded together or excluded. They must not be parent and child, unless the parent is the world.
    Of these conditions, a `<pair>` only requires that one body moves (MuJoCo documentation, Computation: Collision
    detection, Selection).
    """
    return _as_list(_mujoco_pairs(model))


def with_static_geometry(model: mujoco.MjModel, pairs: Pairs) -> Bool[np.ndarray, " K"]:
    """Return a mask of the pairs with a geom that is fixed to the world."""
    return (model.body_weldid[model.geom_bodyid[pairs[:, :2]]] == 0).any(axis=1)


def _supported_pairs(model: mujoco.MjModel) -> tuple[Pairs, str]:
    """Return the pairs of supported geoms, without those of the robot itself beyond `MAX_PAIRS`."""
    pairs = _mujoco_pairs(model)
    unsupported = _unsupported(model)[pairs[:, :2]].any(axis=1)
    omitted_text = _reason(model, pairs[unsupported][0, :2].tolist()) if unsupported.any() else ""
    pairs = pairs[~unsupported]
    static = with_static_geometry(model, pairs)
    if len(pairs) <= MAX_PAIRS or static.all():
        return pairs, omitted_text
    over_limit_text = (
        f"{np.count_nonzero(~static)} of {len(pairs)} pairs of geoms (with more than {MAX_PAIRS} pairs, only those "
        "with static geometry remain)"
    )
    return pairs[static], " and ".join(filter(None, (omitted_text, over_limit_text)))


def _mujoco_pairs(model: mujoco.MjModel) -> Pairs:
    if model.opt.disableflags & DISABLED:
        return np.zeros((0, 3), int)
    explicit = _ordered(model, np.stack([model.pair_geom1, model.pair_geom2], axis=1).astype(int))
    movable = _can_move(model, model.geom_bodyid[explicit])
    named = np.concatenate([explicit, np.arange(len(explicit))[:, None]], axis=1)[movable]
    collidable = np.flatnonzero(model.geom_contype | model.geom_conaffinity)
    first, second = np.triu_indices(len(collidable), 1)
    pairs = np.stack([collidable[first], collidable[second]], axis=1)
    pairs = _ordered(model, pairs[_match(model, pairs)])
    pairs = pairs[~np.isin(_codes(model, pairs), _codes(model, explicit))]
    pairs = np.concatenate([named, np.pad(pairs, ((0, 0), (0, 1)), constant_values=-1)])
    planes = (model.geom_type[pairs[:, :2]] == PLANE).all(axis=1)  # MuJoCo does not collide planes with planes
    return pairs[~planes | _unsupported(model)[pairs[:, :2]].any(axis=1)]


def _unsupported(model: mujoco.MjModel) -> Bool[np.ndarray, " ngeom"]:
    """Return a mask of the geoms whose contacts are not supported."""
    return _on_mocap(model) | np.isin(model.geom_type, FIELDS)


def _on_mocap(model: mujoco.MjModel) -> Bool[np.ndarray, " ngeom"]:
    return model.body_mocapid[model.body_weldid[model.geom_bodyid]] >= 0


def _reason(model: mujoco.MjModel, geoms: list[int]) -> str:
    """Return a description of why a pair is not supported."""
    names = " and ".join(f"`{model.geom(geom).name or geom}`" for geom in geoms)
    if _on_mocap(model)[geoms].any():
        return f"a mocap body (between {names})"
    field = next(kind for kind in model.geom_type[geoms].tolist() if kind in FIELDS)
    return f"a geom of type {mujoco.mjtGeom(field).name.removeprefix('mjGEOM_').lower()} (between {names})"


def _ordered(model: mujoco.MjModel, pairs: Int[np.ndarray, "K 2"]) -> Int[np.ndarray, "K 2"]:
    """Return the pairs with the geom of the lower type first; geoms of one type keep their order."""
    kinds = model.geom_type[pairs]
    return np.where((kinds[:, :1] > kinds[:, 1:]), pairs[:, ::-1], pairs)


def _codes(model: mujoco.MjModel, pairs: Int[np.ndarray, "K 2"]) -> Int[np.ndarray, " K"]:
    """Return one number for each pair."""
    return pairs[:, 0] * model.ngeom + pairs[:, 1]


def _can_move(model: mujoco.MjModel, bodies: Int[np.ndarray, "K 2"]) -> Bool[np.ndarray, " K"]:
    """Return which pairs of bodies have a joint that moves one of them relative to the other."""
    weld = model.body_weldid[bodies]
    return (weld[:, 0] != weld[:, 1]) & (model.body_dofnum[weld] > 0).any(axis=1)


def _match(model: mujoco.MjModel, pairs: Int[np.ndarray, "K 2"]) -> Bool[np.ndarray, " K"]:
    """Return which pairs of geoms may touch without a `<pair>`."""
    bodies = np.sort(model.geom_bodyid[pairs], axis=1).astype(int)
    contype, conaffinity = model.geom_contype[pairs], model.geom_conaffinity[pairs]
    affine = ((contype & conaffinity[:, ::-1]) != 0).any(axis=1)
    excluded = np.isin((bodies[:, 0] << 16) + bodies[:, 1], model.exclude_signature)
    weld = model.body_weldid[bodies]
    parent = model.body_weldid[model.body_parentid[weld]]
    related = (weld != 0).all(axis=1) & (weld == parent[:, ::-1]).any(axis=1)
    if model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_FILTERPARENT:
        related[:] = False
    return affine & _can_move(model, bodies) & ~excluded & ~related


def _as_list(pairs: Pairs) -> list[Pair]:
    return [(first, second, index) for first, second, index in pairs.tolist()]
