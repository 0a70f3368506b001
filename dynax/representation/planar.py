"""The frame of a base that moves in a vertical plane: two slides along world axes and a hinge about the third axis.

Internal forces rotate with the robot. In the axes of the base, the motion without gravity and contacts is the same at
every pitch. Pitch stays a feature, because the direction of gravity depends on it.
"""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from dynax.math import rotations
from dynax.mjcf.joints import HINGE, PARALLEL, SLIDE
from dynax.mjcf.poses import default_pose


@dataclass(frozen=True, eq=False)
class PlanarFrame:
    """The frame of the body behind two slides and a hinge. They are the first joints, and all other joints follow."""

    hinge: int  # entry of the hinge in qpos
    axis: np.ndarray  # axis of the hinge in the world, (3,)
    sense: float  # 1 if the hinge turns the first slide towards the second, else -1
    dofs: np.ndarray  # degrees of freedom of the three joints, (nv,) bool
    dependence = ""

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "PlanarFrame | None":
        """Return the frame of a robot whose only base moves in a plane, or None."""
        if model.nv < 3 or model.jnt_type[:3].tolist() != [SLIDE, SLIDE, HINGE]:
            return None
        in_series = model.dof_parentid[1:3].tolist() == [0, 1] and (model.dof_parentid[3:] >= 2).all()
        axes = default_pose(model).xaxis[:3]
        if not in_series or np.abs(np.triu(axes @ axes.T, 1)).max() > PARALLEL:
            return None
        sense = float(np.sign(np.cross(axes[0], axes[1]) @ axes[2]))
        return cls(int(model.jnt_qposadr[2]), axes[2].copy(), sense, np.arange(model.nv) < 3)

    @property
    def covered_dofs(self) -> Bool[np.ndarray, " nv"]:
        """No degree of freedom: the three positions are features like those of other joints."""
        return np.zeros_like(self.dofs)

    def positions(self, state: Float[Any, "... S"], dropped: Bool[np.ndarray, " nv"]) -> Float[Any, "... F"]:
        """Return no features."""
        return state[..., :0]

    def to_base(self, state: Float[Any, "... S"], velocities: Float[Any, "... nv"]) -> Float[Any, "... nv"]:
        """Return velocities with those of the slides along the axes of the base."""
        return self._rotated(state, velocities, self.sense)

    def to_world(self, state: Float[Any, "... S"], velocities: Float[Any, "... nv"]) -> Float[Any, "... nv"]:
        """Return velocities with those of the slides along the axes of the world."""
        return self._rotated(state, velocities, -self.sense)

    def directions(self, state: Float[Any, "... S"], vectors: Float[Any, "... n 3"]) -> Float[Any, "... n 3"]:
        """Return vectors of the world in the axes of the base."""
        pitch = state[..., self.hinge, None]
        matrix = rotations.matrix(rotations.exp(pitch * np.asarray(self.axis, pitch.dtype)))
        return rotations.rotate_back(matrix, vectors)

    def _rotated(self, state: Any, velocities: Any, sense: float) -> Any:
        """Return velocities (..., nv) with the first two rotated by `sense` times the pitch."""
        xp = state.__array_namespace__()
        cos, sin = xp.cos(state[..., self.hinge]), sense * xp.sin(state[..., self.hinge])
        first, second = velocities[..., 0], velocities[..., 1]
        rotated = xp.stack([cos * first + sin * second, cos * second - sin * first], axis=-1)
        return xp.concat([rotated, velocities[..., 2:]], axis=-1)
