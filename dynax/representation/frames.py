"""The frame of a robot that floats: what its base sees, wherever in the world it is and whichever way it faces.

Gravity and a level floor are the same everywhere. In the frame of the base neither its horizontal position nor its
heading is left, so that what is learned in one place holds in all. MuJoCo gives a free joint its linear velocity in the
axes of the world and its angular velocity in those of the body (MuJoCo documentation, Modeling: Floating objects); here
the linear ones turn.

Axes: `...` any batch, S state, nv degrees of freedom.
"""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from dynax.math import rotations
from dynax.mjcf import joints
from dynax.mjcf.gravity import gravity
from dynax.mjcf.joints import FREE
from dynax.mjcf.position_forces import has_spring
from dynax.mjcf.static_geometry import static_planes, world_fixed_bodies
from dynax.representation.planar import Planar

AROUND = tuple(map(int, (mujoco.mjtWrap.mjWRAP_SPHERE, mujoco.mjtWrap.mjWRAP_CYLINDER)))  # of tendons

FRAMES = ("world", "robot")


@dataclass(frozen=True, eq=False)
class Floating:
    """The frame of the free body that carries most joints, and the free bodies that are seen from it."""

    bodies: tuple[tuple[int, int], ...]  # where in qpos and qvel each free joint begins, the base first
    dofs: np.ndarray  # (nv,) bool: those of the free joints
    up: np.ndarray | None  # (3,) opposite to gravity, in the world; None where nothing tells up from down
    kept: str  # why place and heading stay in sight, or nothing

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Floating | None":
        """The frame of the robot's base, or None where it does not float, or a part of it stands in the world."""
        free = np.flatnonzero(model.jnt_type == FREE)
        if not len(free) or len(free) < len(np.unique(model.dof_treeid)):
            return None
        size = [int((model.dof_treeid == model.dof_treeid[model.jnt_dofadr[j]]).sum()) for j in free]
        ordered = free[np.argsort(np.negative(size), kind="stable")]
        dofs = np.zeros(model.nv, bool)
        for j in free:
            dofs[model.jnt_dofadr[j] : model.jnt_dofadr[j] + 6] = True
        normals, planes_only = static_planes(model)
        up = next((-x / np.linalg.norm(x) for x in (gravity(model), *-normals) if np.linalg.norm(x) > 0), None)
        return cls(
            bodies=tuple((int(model.jnt_qposadr[j]), int(model.jnt_dofadr[j])) for j in ordered),
            dofs=dofs,
            up=up,
            kept=_tied(model, normals, planes_only, up),
        )

    @property
    def shown(self) -> np.ndarray:
        """(nv,) bool: the positions it shows itself."""
        return self.dofs

    @property
    def told(self) -> str:
        """What it tells of the robot, or nothing."""
        return "" if self.kept else "that place and heading do not matter"

    def positions(self, state: Any, dropped: np.ndarray) -> Any:
        """The free bodies as the base sees them (..., P).

        Of the base its height, unless that is `dropped` (nv,), and the direction up in its frame; or, where place and
        heading are kept, its whole pose. Of every other body its position and orientation relative to the base.
        """
        xp = state.__array_namespace__()
        (q, v), *others = self.bodies
        place, base = state[..., q : q + 3], rotations.matrix(state[..., q + 3 : q + 7])
        parts = []
        if self.kept:
            parts += [place[..., ~dropped[v : v + 3]], base[..., 0], base[..., 1]]
        elif self.up is not None:
            up = np.asarray(self.up, place.dtype)
            height = (place * up).sum(axis=-1, keepdims=True)
            vertical = np.argmax(np.abs(self.up))  # the world axis that is dropped where height does not matter
            parts += [*([] if dropped[v + vertical] else [height]), (base * up[:, None]).sum(axis=-2)]
        for other, _ in others:
            away = rotations.rotate_back(base, (state[..., other : other + 3] - place)[..., None, :])[..., 0, :]
            turned = xp.matmul(xp.matrix_transpose(base), rotations.matrix(state[..., other + 3 : other + 7]))
            parts += [away, turned[..., 0], turned[..., 1]]
        return xp.concat(parts, axis=-1) if parts else state[..., :0]

    def seen(self, state: Any, velocities: Any) -> Any:
        """Velocities (..., nv), or changes of them, with linear ones of free bodies in the axes of the base."""
        return self._turned(state, velocities, rotations.rotate_back)

    def unseen(self, state: Any, velocities: Any) -> Any:
        """The inverse of `seen`: back to the axes of the world."""
        return self._turned(state, velocities, rotations.rotate)

    def vectors(self, state: Any, vectors: Any) -> Any:
        """Directions (..., n, 3) of the world in the axes of the base."""
        return rotations.rotate_back(self._base(state), vectors)

    def _base(self, state: Any) -> Any:
        q = self.bodies[0][0]
        return rotations.matrix(state[..., q + 3 : q + 7])

    def _turned(self, state: Any, velocities: Any, turn: Any) -> Any:
        xp = state.__array_namespace__()
        base, starts = self._base(state), sorted(v for _, v in self.bodies)
        linear = xp.stack([velocities[..., v : v + 3] for v in starts], axis=-2)
        turned = turn(base, linear)
        parts, done = [], 0
        for i, v in enumerate(starts):
            parts += [velocities[..., done:v], turned[..., i, :]]
            done = v + 3
        return xp.concat([*parts, velocities[..., done:]], axis=-1)


Frame = Floating | Planar


def frame_of(model: mujoco.MjModel) -> Frame | None:
    """The frame of a robot's base, or None where it stands in the world."""
    return Floating.of(model) or Planar.of(model)


def _tied(model: mujoco.MjModel, normals: np.ndarray, planes_only: bool, up: np.ndarray | None) -> str:
    """What tells one place or heading from another, in words; nothing where all are alike."""
    foreign = world_fixed_bodies(model)
    if not planes_only:
        return "scenery in reach that is not a plane"
    if up is not None and (np.linalg.norm(np.cross(normals, up), axis=1) > joints.PARALLEL).any():
        return "a plane in reach that is not level"
    body_of = {mujoco.mjtObj.mjOBJ_BODY: np.arange(model.nbody), mujoco.mjtObj.mjOBJ_SITE: model.site_bodyid}
    for i in range(model.neq):
        bodies = body_of.get(mujoco.mjtObj(model.eq_objtype[i]))
        if bodies is not None and foreign[bodies[[model.eq_obj1id[i], model.eq_obj2id[i]]]].any():
            return f"the equality `{model.eq(i).name or i}` with the world or a mocap body"
    sites = model.wrap_objid[: model.nwrap][model.wrap_type[: model.nwrap] == mujoco.mjtWrap.mjWRAP_SITE]
    geoms = model.wrap_objid[: model.nwrap][np.isin(model.wrap_type[: model.nwrap], AROUND)]
    if foreign[[*model.site_bodyid[sites], *model.geom_bodyid[geoms]]].any():
        return "a tendon fixed to the world or a mocap body, or around it"
    crank = model.actuator_trnid[model.actuator_trntype == mujoco.mjtTrn.mjTRN_SLIDERCRANK].ravel()
    reference = model.actuator_trnid[model.actuator_trntype == mujoco.mjtTrn.mjTRN_SITE, 1]
    if foreign[model.site_bodyid[[*crank, *reference[reference >= 0]]]].any():
        return "an actuator that acts relative to the world or a mocap body"
    if any(has_spring(model, joint) for joint in np.flatnonzero(model.jnt_type == FREE).tolist()):
        return "a spring between the world and what floats"
    if any(_pushes_along_the_world(model, i, up) for i in range(model.nu)):
        return "an actuator that pushes along axes of the world"
    return "wind" if model.opt.wind.any() and (model.opt.density or model.opt.viscosity) else ""


def _pushes_along_the_world(model: mujoco.MjModel, actuator: int, up: np.ndarray | None) -> bool:
    """Whether an actuator of a free joint has an axis of the world that is not `up`.

    The first three of its gears are along these axes, and so are the others of a `jointinparent` (MuJoCo
    documentation, XML Reference: actuator/general, gear).
    """
    kind, joint = model.actuator_trntype[actuator], model.actuator_trnid[actuator, 0]
    if kind not in joints.AT_JOINTS or model.jnt_type[joint] != FREE:
        return False
    count = 2 if kind == mujoco.mjtTrn.mjTRN_JOINTINPARENT else 1
    axes = model.actuator_gear[actuator].reshape(2, 3)[:count]
    return bool((np.linalg.norm(axes if up is None else np.cross(axes, up), axis=1) > joints.PARALLEL).any())
