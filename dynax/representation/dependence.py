"""Reasons why the accelerations of a floating robot depend on its horizontal position or yaw."""

from collections.abc import Iterator

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.mjcf import joints
from dynax.mjcf.joints import FREE
from dynax.mjcf.position_forces import has_spring
from dynax.mjcf.static_geometry import static_planes, world_fixed_bodies

WRAPPING = tuple(map(int, (mujoco.mjtWrap.mjWRAP_SPHERE, mujoco.mjtWrap.mjWRAP_CYLINDER)))  # geoms that tendons wrap


def pose_dependence(model: mujoco.MjModel, up: Float[np.ndarray, " 3"] | None) -> str:
    """Return the first element of `model` that makes horizontal position or yaw matter; empty if none does.

    Args:
        model: the robot and its scene.
        up: upward direction in the world; None without gravity and floor.
    """
    return next((reason for reason, applies in _reasons(model, up) if applies), "")


def _reasons(model: mujoco.MjModel, up: np.ndarray | None) -> Iterator[tuple[str, bool]]:
    """Yield each possible reason and whether it applies."""
    fixed = world_fixed_bodies(model)
    normals, only_planes = static_planes(model)
    free = np.flatnonzero(model.jnt_type == FREE).tolist()
    yield "static geometry within reach that is not a plane", not only_planes
    yield "a plane within reach that is not level", up is not None and _any_tilted(normals, up)
    yield from _equalities(model, fixed)
    yield "a tendon attached to the world or a mocap body, or wrapped around it", _has_fixed_tendon(model, fixed)
    yield "an actuator that acts relative to the world or a mocap body", _has_fixed_actuator(model, fixed)
    yield "a spring between the world and a floating body", any(has_spring(model, j) for j in free)
    yield "an actuator that pushes along world axes", any(_pushes_along_world(model, i, up) for i in range(model.nu))
    yield "wind", bool(model.opt.wind.any() and (model.opt.density or model.opt.viscosity))


def _any_tilted(axes: np.ndarray, up: np.ndarray) -> bool:
    """Return whether any of the axes (P, 3) is not parallel to `up` (3,)."""
    return bool((np.linalg.norm(np.cross(axes, up), axis=1) > joints.PARALLEL).any())


def _equalities(model: mujoco.MjModel, fixed: np.ndarray) -> Iterator[tuple[str, bool]]:
    body_of = {mujoco.mjtObj.mjOBJ_BODY: np.arange(model.nbody), mujoco.mjtObj.mjOBJ_SITE: model.site_bodyid}
    for i in range(model.neq):
        bodies = body_of.get(mujoco.mjtObj(model.eq_objtype[i]))
        name = model.eq(i).name or i
        if bodies is not None:
            ends = bodies[[model.eq_obj1id[i], model.eq_obj2id[i]]]
            yield f"the equality `{name}` with the world or a mocap body", bool(fixed[ends].any())


def _has_fixed_tendon(model: mujoco.MjModel, fixed: np.ndarray) -> bool:
    objects, kinds = model.wrap_objid[: model.nwrap], model.wrap_type[: model.nwrap]
    sites, geoms = objects[kinds == mujoco.mjtWrap.mjWRAP_SITE], objects[np.isin(kinds, WRAPPING)]
    return bool(fixed[[*model.site_bodyid[sites], *model.geom_bodyid[geoms]]].any())


def _has_fixed_actuator(model: mujoco.MjModel, fixed: np.ndarray) -> bool:
    crank = model.actuator_trnid[model.actuator_trntype == mujoco.mjtTrn.mjTRN_SLIDERCRANK].ravel()
    reference = model.actuator_trnid[model.actuator_trntype == mujoco.mjtTrn.mjTRN_SITE, 1]
    return bool(fixed[model.site_bodyid[[*crank, *reference[reference >= 0]]]].any())


def _pushes_along_world(model: mujoco.MjModel, actuator: int, up: np.ndarray | None) -> bool:
    """Return whether an actuator of a free joint has a world axis that is not parallel to `up`.

    The first three gears of a free joint are along world axes. The last three are along world axes for `jointinparent`
    (MuJoCo documentation, XML Reference: actuator/general, gear).
    """
    kind, joint = model.actuator_trntype[actuator], model.actuator_trnid[actuator, 0]
    if kind not in joints.AT_JOINTS or model.jnt_type[joint] != FREE:
        return False
    count = 2 if kind == mujoco.mjtTrn.mjTRN_JOINTINPARENT else 1
    axes = model.actuator_gear[actuator].reshape(2, 3)[:count]
    return _any_tilted(axes, up) if up is not None else bool((np.linalg.norm(axes, axis=1) > joints.PARALLEL).any())
