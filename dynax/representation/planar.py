"""The frame of a robot that moves in a plane: its base slides along two axes of the world and turns about a third.

The forces within such a robot turn with it. In the axes of the base what it does without gravity and contacts is the
same at every pitch, and only the direction of gravity is left to tell, which the pitch does. The positions enter as
those of any joints.

Axes: `...` any batch, S state, nv degrees of freedom.
"""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from dynax.math import rotations
from dynax.mjcf.joints import HINGE, PARALLEL, SLIDE
from dynax.mjcf.poses import default_pose


@dataclass(frozen=True, eq=False)
class Planar:
    """The frame of the body behind two slides and a hinge, the first joints there are, on which all else hangs."""

    hinge: int  # where in qpos
    axis: np.ndarray  # (3,) about which it turns, in the world
    sense: float  # 1 where that leads from the first slide to the second, or -1
    dofs: np.ndarray  # (nv,) bool: those of the three joints
    kept = ""
    told = "that the base turns in a plane"

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Planar | None":
        """The frame of a robot whose only base is of this kind, or None."""
        if model.nv < 3 or model.jnt_type[:3].tolist() != [SLIDE, SLIDE, HINGE]:
            return None
        behind = model.dof_parentid[1:3].tolist() == [0, 1] and (model.dof_parentid[3:] >= 2).all()
        axes = default_pose(model).xaxis[:3]
        if not behind or np.abs(np.triu(axes @ axes.T, 1)).max() > PARALLEL:
            return None
        sense = float(np.sign(np.cross(axes[0], axes[1]) @ axes[2]))
        return cls(int(model.jnt_qposadr[2]), axes[2].copy(), sense, np.arange(model.nv) < 3)

    @property
    def shown(self) -> np.ndarray:
        """(nv,) bool: the positions it shows itself, none."""
        return np.zeros_like(self.dofs)

    def positions(self, state: Any, dropped: np.ndarray) -> Any:
        """Nothing (..., 0)."""
        return state[..., :0]

    def seen(self, state: Any, velocities: Any) -> Any:
        """Velocities (..., nv), or changes of them, with those of the slides along the axes of the base."""
        return self._turned(state, velocities, self.sense)

    def unseen(self, state: Any, velocities: Any) -> Any:
        """The inverse of `seen`: back to the axes of the world."""
        return self._turned(state, velocities, -self.sense)

    def vectors(self, state: Any, vectors: Any) -> Any:
        """Directions (..., n, 3) of the world in the axes of the base."""
        pitch = state[..., self.hinge, None]
        turn = rotations.matrix(rotations.exp(pitch * np.asarray(self.axis, pitch.dtype)))
        return rotations.rotate_back(turn, vectors)

    def _turned(self, state: Any, velocities: Any, sense: float) -> Any:
        xp = state.__array_namespace__()
        cos, sin = xp.cos(state[..., self.hinge]), sense * xp.sin(state[..., self.hinge])
        first, second = velocities[..., 0], velocities[..., 1]
        turned = xp.stack([cos * first + sin * second, cos * second - sin * first], axis=-1)
        return xp.concat([turned, velocities[..., 2:]], axis=-1)
