"""The frame of a floating base.

MuJoCo gives the linear velocity of a free joint in the axes of the world, and its angular velocity in the axes of the
body (MuJoCo documentation, Modeling: Floating objects). This frame rotates the linear velocities.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from dynax.math import rotations
from dynax.mjcf.gravity import gravity
from dynax.mjcf.joints import FREE
from dynax.mjcf.static_geometry import static_planes
from dynax.representation.dependence import pose_dependence


@dataclass(frozen=True, eq=False)
class FloatingFrame:
    """The frame of the free body that carries most joints. It also describes the other free bodies."""

    bodies: tuple[tuple[int, int], ...]  # first entry of each free joint in qpos and in qvel, the base first
    dofs: np.ndarray  # degrees of freedom of the free joints, (nv,) bool
    up: np.ndarray | None  # upward direction in the world, (3,); None without gravity and floor
    dependence: str  # reason why accelerations depend on horizontal position and yaw; empty if they do not

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "FloatingFrame | None":
        """Return the frame of the robot's base, or None if a part of the robot has a fixed base."""
        free = np.flatnonzero(model.jnt_type == FREE)
        if not len(free) or len(free) < len(np.unique(model.dof_treeid)):
            return None
        size = [int((model.dof_treeid == model.dof_treeid[model.jnt_dofadr[j]]).sum()) for j in free]
        ordered = free[np.argsort(np.negative(size), kind="stable")]
        dofs = np.zeros(model.nv, bool)
        for j in free:
            dofs[model.jnt_dofadr[j] : model.jnt_dofadr[j] + 6] = True
        up = _up(model)
        return cls(
            bodies=tuple((int(model.jnt_qposadr[j]), int(model.jnt_dofadr[j])) for j in ordered),
            dofs=dofs,
            up=up,
            dependence=pose_dependence(model, up),
        )

    @property
    def covered_dofs(self) -> Bool[np.ndarray, " nv"]:
        """The degrees of freedom of the free joints."""
        return self.dofs

    def positions(self, state: Float[Any, "... S"], dropped: Bool[np.ndarray, " nv"]) -> Float[Any, "... F"]:
        """Return the poses of the free bodies.

        The base gives its height, unless `dropped`, and the upward direction in its frame. If accelerations depend on
        horizontal position and yaw, the base gives its whole pose instead. Other bodies give their pose relative to the
        base.
        """
        q = self.bodies[0][0]
        base = rotations.matrix(state[..., q + 3 : q + 7])
        parts = [*self._base_pose(state, base, dropped), *self._other_poses(state, base)]
        return state.__array_namespace__().concat(parts, axis=-1) if parts else state[..., :0]

    def _base_pose(self, state: Any, base: Any, dropped: np.ndarray) -> list[Any]:
        q, v = self.bodies[0]
        position = state[..., q : q + 3]
        if self.dependence:
            return [position[..., ~dropped[v : v + 3]], base[..., 0], base[..., 1]]
        if self.up is None:
            return []
        up = np.asarray(self.up, position.dtype)
        height = (position * up).sum(axis=-1, keepdims=True)
        vertical = np.argmax(np.abs(self.up))  # world axis closest to the upward direction
        return [*([] if dropped[v + vertical] else [height]), (base * up[:, None]).sum(axis=-2)]

    def _other_poses(self, state: Any, base: Any) -> list[Any]:
        xp, (first, _), parts = state.__array_namespace__(), self.bodies[0], []
        for q, _ in self.bodies[1:]:
            offset = state[..., q : q + 3] - state[..., first : first + 3]
            relative = xp.matmul(xp.matrix_transpose(base), rotations.matrix(state[..., q + 3 : q + 7]))
            parts += [rotations.rotate_back(base, offset[..., None, :])[..., 0, :], relative[..., 0], relative[..., 1]]
        return parts

    def to_base(self, state: Float[Any, "... S"], velocities: Float[Any, "... nv"]) -> Float[Any, "... nv"]:
        """Return velocities with linear components of free bodies along the axes of the base."""
        return self._rotated(state, velocities, rotations.rotate_back)

    def to_world(self, state: Float[Any, "... S"], velocities: Float[Any, "... nv"]) -> Float[Any, "... nv"]:
        """Return velocities with linear components of free bodies along the axes of the world."""
        return self._rotated(state, velocities, rotations.rotate)

    def directions(self, state: Float[Any, "... S"], vectors: Float[Any, "... n 3"]) -> Float[Any, "... n 3"]:
        """Return vectors of the world in the axes of the base."""
        return rotations.rotate_back(self._orientation(state), vectors)

    def _orientation(self, state: Any) -> Any:
        """Return the rotation matrix of the base, (..., 3, 3)."""
        q = self.bodies[0][0]
        return rotations.matrix(state[..., q + 3 : q + 7])

    def _rotated(self, state: Any, velocities: Any, rotate: Callable[[Any, Any], Any]) -> Any:
        """Return velocities (..., nv) after `rotate` of the linear velocity of every free body."""
        xp = state.__array_namespace__()
        starts = sorted(v for _, v in self.bodies)
        linear = xp.stack([velocities[..., v : v + 3] for v in starts], axis=-2)
        rotated = rotate(self._orientation(state), linear)
        parts, end = [], 0
        for i, v in enumerate(starts):
            parts += [velocities[..., end:v], rotated[..., i, :]]
            end = v + 3
        return xp.concat([*parts, velocities[..., end:]], axis=-1)


def _up(model: mujoco.MjModel) -> np.ndarray | None:
    """Return the unit vector against gravity, or away from the floor without gravity, or None without both."""
    normals, _ = static_planes(model)
    downward = (gravity(model), *-normals)
    return next((-x / np.linalg.norm(x) for x in downward if np.linalg.norm(x) > 0), None)
