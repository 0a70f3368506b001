"""Position features: joint positions as numbers or points on a circle, and bodies in the base frame."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from dynax.envs.state_space import StateSpace
from dynax.math import rotations
from dynax.representation.frames import BaseFrame

ANGLES = ("raw", "sincos")


@dataclass(frozen=True, eq=False)
class AngleEncoding:
    """Encoding of qpos. Each entry is copied, or replaced by its sine and cosine, or belongs to a quaternion."""

    copied: np.ndarray  # entries of qpos that are features themselves, int
    circular: np.ndarray  # entries of qpos that are replaced by sine and cosine, int
    quaternions: tuple[slice, ...]  # quaternions in qpos
    as_matrix: bool  # replace each quaternion by two columns of its rotation matrix

    @classmethod
    def raw(cls, space: StateSpace, hidden: Bool[np.ndarray, " nv"]) -> "AngleEncoding":
        """Return the encoding that copies every position, except those of the `hidden` degrees of freedom."""
        return cls(_scalars(space, ~hidden), np.zeros(0, np.int32), _quaternions(space, hidden), as_matrix=False)

    @classmethod
    def sincos(cls, space: StateSpace, hidden: Bool[np.ndarray, " nv"]) -> "AngleEncoding":
        """Return the encoding that is continuous in every angle, without the `hidden` degrees of freedom.

        A hinge becomes its sine and cosine. A hinge without full turns also keeps its angle. An orientation becomes the
        first two columns of its rotation matrix, which are continuous, unlike a quaternion (Zhou et al. 2019, On the
        Continuity of Rotation Representations).
        """
        copied, circular = ~hidden & ~(space.hinge & space.wrapped), ~hidden & space.hinge
        return cls(_scalars(space, copied), _scalars(space, circular), _quaternions(space, hidden), as_matrix=True)

    def __call__(self, state: Float[Any, "... S"]) -> Float[Any, "... F"]:
        """Return the features: copied positions, sines, cosines, orientations."""
        xp = state.__array_namespace__()
        angle, quaternions = state[..., self.circular], [state[..., q] for q in self.quaternions]
        orientations = [_columns(rotations.matrix(q)) for q in quaternions] if self.as_matrix else quaternions
        return xp.concat([state[..., self.copied], xp.sin(angle), xp.cos(angle), *orientations], axis=-1)


@dataclass(frozen=True, eq=False)
class PositionFeatures:
    """Encoded joint positions, followed by the poses of free bodies in the base frame."""

    encoding: AngleEncoding
    frame: BaseFrame
    dropped: np.ndarray  # positions that are no features, (nv,) bool

    @classmethod
    def of(
        cls, space: StateSpace, angles: str, dropped: Bool[np.ndarray, " nv"], frame: BaseFrame
    ) -> "PositionFeatures":
        """Return the features without the `dropped` positions."""
        encode = AngleEncoding.raw if angles == "raw" else AngleEncoding.sincos
        return cls(encode(space, dropped | frame.covered_dofs), frame, dropped)

    def __call__(self, state: Float[Any, "... S"]) -> Float[Any, "... F"]:
        """Return the position features of a state."""
        encoded, bodies = self.encoding(state), self.frame.positions(state, self.dropped)
        return state.__array_namespace__().concat([encoded, bodies], axis=-1)


def _scalars(space: StateSpace, selected: np.ndarray) -> np.ndarray:
    """Return the entries of qpos of the selected degrees of freedom, without those of orientations, (P,) int32.

    If 64-bit numbers are enabled only for a part of the program, JAX cannot mix 64-bit indices with its own indices.
    """
    entries = [np.arange(q.start, q.stop)[selected[v]] for q, v, is_orientation in space.blocks if not is_orientation]
    return np.concatenate([np.zeros(0, np.int32), *entries]).astype(np.int32)


def _quaternions(space: StateSpace, hidden: np.ndarray) -> tuple[slice, ...]:
    """Return the quaternions in qpos of which not all degrees of freedom are hidden."""
    return tuple(q for q, v, is_orientation in space.blocks if is_orientation and not hidden[v].all())


def _columns(matrix: Any) -> Any:
    """Return the first two columns (..., 6) of rotation matrices (..., 3, 3)."""
    return matrix.__array_namespace__().concat([matrix[..., 0], matrix[..., 1]], axis=-1)
