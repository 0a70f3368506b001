"""The frame in which a model describes the motion of the robot's base.

Gravity and a level floor are the same at every horizontal position and yaw. In the frame of the base, a model that is
correct at one pose is correct at all poses that differ by a horizontal displacement and a yaw.
"""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

from dynax.envs.env import Env
from dynax.representation.floating import FloatingFrame
from dynax.representation.planar import PlanarFrame

FRAMES = ("world", "robot")


@runtime_checkable
class BaseFrame(Protocol):
    """The axes in which a model describes the linear motion of the base."""

    @property
    def covered_dofs(self) -> np.ndarray:
        """Degrees of freedom whose positions are among `positions`, (nv,) bool."""
        ...

    @property
    def dependence(self) -> str:
        """The reason why accelerations depend on horizontal position and yaw; empty if they do not."""
        ...

    def positions(self, state: Float[Any, "... S"], dropped: Bool[np.ndarray, " nv"]) -> Float[Any, "... F"]:
        """Return the features of the covered positions, without those of the `dropped` degrees of freedom."""
        ...

    def to_base(self, state: Float[Any, "... S"], velocities: Float[Any, "... nv"]) -> Float[Any, "... nv"]:
        """Return velocities, or changes of velocities, with linear components along the axes of the base."""
        ...

    def to_world(self, state: Float[Any, "... S"], velocities: Float[Any, "... nv"]) -> Float[Any, "... nv"]:
        """Return velocities with linear components along the axes of the world; the inverse of `to_base`."""
        ...

    def directions(self, state: Float[Any, "... S"], vectors: Float[Any, "... n 3"]) -> Float[Any, "... n 3"]:
        """Return vectors of the world in the axes of the base."""
        ...


@dataclass(frozen=True, eq=False)
class WorldFrame:
    """The frame of a robot with a fixed base, and of `frame=world`: every map is the identity."""

    nv: int
    dependence = ""

    @property
    def covered_dofs(self) -> Bool[np.ndarray, " nv"]:
        """No degree of freedom."""
        return np.zeros(self.nv, bool)

    def positions(self, state: Float[Any, "... S"], dropped: Bool[np.ndarray, " nv"]) -> Float[Any, "... F"]:
        """Return no features."""
        return state[..., :0]

    def to_base(self, state: Float[Any, "... S"], velocities: Float[Any, "... nv"]) -> Float[Any, "... nv"]:
        """Return `velocities`."""
        return velocities

    def to_world(self, state: Float[Any, "... S"], velocities: Float[Any, "... nv"]) -> Float[Any, "... nv"]:
        """Return `velocities`."""
        return velocities

    def directions(self, state: Float[Any, "... S"], vectors: Float[Any, "... n 3"]) -> Float[Any, "... n 3"]:
        """Return `vectors`."""
        return vectors


def base_frame(env: Env, frame: str, planar: bool) -> BaseFrame:
    """Return the frame of the base of a robot.

    It is the world if the base is fixed, or if a coordinate of the base is not observed.

    Args:
        env: the robot.
        frame: world or robot.
        planar: whether a base that moves in a vertical plane has a frame of its own.
    """
    base = FloatingFrame.of(env.mj_model) or (PlanarFrame.of(env.mj_model) if planar else None)
    observed = env.space.observed[: env.space.nv]
    if frame == "world" or base is None or not observed[base.dofs].all():
        return WorldFrame(env.space.nv)
    return base
