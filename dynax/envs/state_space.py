"""What a state is: its coordinates, their limits and units, how two states are subtracted and a change is added.

A state is `[qpos, qvel, act]` as MuJoCo lays it out. Differences live in its tangent space `[dq, dv, da]` of 2 nv + na
coordinates: lengths and angles subtract, the angle of every hinge that may turn for ever wrapped to [-pi, pi), and an
orientation (a ball or a free joint) turns by a rotation vector in the frame of its body, as `mj_differentiatePos` has
it.

The functions take NumPy or JAX arrays and return the kind they were given (`xp` is the array's own namespace), with any
number of leading axes.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import mujoco
import numpy as np

from dynax.math import rotations
from dynax.mjcf.joints import BALL, FREE, HINGE, SLIDE
from dynax.mjcf.symmetry import has_position_dependent_force, invariant_translations


class Block(NamedTuple):
    """Neighboring positions of one kind: an orientation, or lengths and angles."""

    q: slice  # in qpos
    v: slice  # in qvel
    turns: bool  # an orientation: a quaternion whose difference is a rotation vector


@dataclass(frozen=True, eq=False)
class StateSpace:
    """The coordinates of a robot. Arrays have one entry a degree of freedom, in MuJoCo's order."""

    joints: tuple[str, ...]  # their names
    names: tuple[str, ...]  # (nv,) of degrees of freedom: a joint's, with the axis where it has several
    nq: int
    nv: int
    na: int
    blocks: tuple[Block, ...]  # of qpos, in order
    hinge: np.ndarray  # (nv,) bool: an angle in rad
    angular: np.ndarray  # (nv,) bool: in rad, a hinge or part of an orientation; otherwise a length in m
    wrapped: np.ndarray  # (nv,) bool: a hinge that may turn for ever, whose angles are equal modulo 2 pi
    limited: np.ndarray  # (nv,) bool: a hinge or slide with stops
    lower: np.ndarray  # (nv,) rad or m; meaningful where limited
    upper: np.ndarray  # (nv,)
    margin: np.ndarray  # (nv,) how long before its end a stop begins to act, rad or m
    home: np.ndarray  # (nq + nv + na,) the default pose at rest, about which angles are unwrapped
    invariant: np.ndarray  # (nv,) bool: nothing but a stop depends on this position
    observed: np.ndarray  # (2 nv + na,) bool: what a model may read of a state, and is judged by
    dt: float  # control step, s

    @classmethod
    def of(cls, model: mujoco.MjModel, decimation: int = 1, observed: np.ndarray | None = None) -> "StateSpace":
        """The coordinates of `model`; a control step is `decimation` physics steps. All are observed by default."""
        joints = tuple(model.joint(j).name or f"joint{j}" for j in range(model.njnt))
        single = np.isin(model.jnt_type, (HINGE, SLIDE))
        own = model.jnt_dofadr[single]
        hinge, angular, wound, limited, lower, upper, margin = np.zeros((7, model.nv))
        hinge[own] = angular[own] = model.jnt_type[single] == HINGE
        wound[own] = [has_position_dependent_force(model, joint) for joint in np.flatnonzero(single).tolist()]
        limited[own] = model.jnt_limited[single]
        lower[own], upper[own], margin[own] = *model.jnt_range[single].T, model.jnt_margin[single]
        blocks = _blocks(model)
        for block in blocks:
            angular[block.v] += block.turns
        return cls(
            joints=joints,
            names=tuple(name for j, joint in enumerate(joints) for name in _names(joint, model.jnt_type[j])),
            nq=model.nq,
            nv=model.nv,
            na=model.na,
            blocks=blocks,
            hinge=hinge.astype(bool),
            angular=angular.astype(bool),
            wrapped=(hinge > 0) & (limited == 0) & (wound == 0),
            limited=limited.astype(bool),
            lower=lower,
            upper=upper,
            margin=margin,
            home=np.concatenate([model.qpos0, np.zeros(model.nv + model.na)]),
            invariant=invariant_translations(model),
            observed=np.ones(2 * model.nv + model.na, bool) if observed is None else observed,
            dt=decimation * model.opt.timestep,
        )

    @property
    def dim(self) -> int:
        """Entries of a state, nq + nv + na."""
        return self.nq + self.nv + self.na

    @property
    def tangent_dim(self) -> int:
        """Coordinates of a difference, 2 nv + na."""
        return 2 * self.nv + self.na

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the tangent coordinates."""
        position = ["rad" if angular else "m" for angular in self.angular]
        return (*position, *(f"{p}/s" for p in position), *("1",) * self.na)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the tangent coordinates."""
        activations = (f"activation {i}" for i in range(self.na))
        return (*self.names, *(f"{name} velocity" for name in self.names), *activations)

    def qpos(self, state: Any) -> Any:
        return state[..., : self.nq]

    def qvel(self, state: Any) -> Any:
        return state[..., self.nq : self.nq + self.nv]

    def act(self, state: Any) -> Any:
        return state[..., self.nq + self.nv :]

    def positions(self, state: Any) -> Any:
        """(..., nv): lengths and angles as they are, an orientation as the rotation vector that leads to it from home.

        It is the position for the eye, and for whatever looks at single joints.
        """
        parts = []
        for q, _, turns in self.blocks:
            here = state[..., q]
            parts.append(_turned(np.asarray(self.home[q], here.dtype), here) if turns else here)
        return parts[0] if len(parts) == 1 else state.__array_namespace__().concat(parts, axis=-1)

    def difference(self, start: Any, end: Any) -> Any:
        """`end - start` in the tangent space, (..., 2 nv + na), hinges that may turn for ever wrapped."""
        xp = start.__array_namespace__()
        parts = [
            _turned(start[..., q], end[..., q]) if turns else end[..., q] - start[..., q] for q, _, turns in self.blocks
        ]
        delta = xp.concat([*parts, end[..., self.nq :] - start[..., self.nq :]], axis=-1)
        turning = np.concatenate([self.wrapped, np.zeros(self.nv + self.na, bool)])
        return xp.where(turning, (delta + np.pi) % (2 * np.pi) - np.pi, delta)

    def add(self, state: Any, change: Any) -> Any:
        """The state (..., nq + nv + na) that is `state` after `change` (..., 2 nv + na), the inverse of `difference`.

        Quaternions are brought back to the unit sphere, so that no rollout leaves it.
        """
        parts = []
        for q, v, turns in self.blocks:
            here, by = state[..., q], change[..., v]
            parts.append(rotations.normalized(rotations.multiply(here, rotations.exp(by))) if turns else here + by)
        rest = state[..., self.nq :] + change[..., self.nv :]
        return state.__array_namespace__().concat([*parts, rest], axis=-1)

    def beyond(self, state: Any) -> tuple[Any, Any]:
        """How far each limited joint is past where its lower and its upper stop begin: two (..., number limited)."""
        position = self.positions(state)[..., self.limited]
        lower, upper = (self.lower + self.margin)[self.limited], (self.upper - self.margin)[self.limited]
        return lower - position, position - upper


def _blocks(model: mujoco.MjModel) -> tuple[Block, ...]:
    """The positions as runs of lengths and angles, and orientations between them."""
    runs: list[tuple[int, int, bool]] = []  # entries of qpos, of qvel, whether an orientation
    for kind in model.jnt_type:
        runs += [(3, 3, False)] if kind == FREE else []
        runs += [(4, 3, True)] if kind in (FREE, BALL) else [(1, 1, False)]
    blocks: list[Block] = []
    q = v = 0
    for nq, nv, turns in runs:
        if blocks and not turns and not blocks[-1].turns:
            last = blocks.pop()
            blocks.append(Block(slice(last.q.start, q + nq), slice(last.v.start, v + nv), False))
        else:
            blocks.append(Block(slice(q, q + nq), slice(v, v + nv), turns))
        q, v = q + nq, v + nv
    return tuple(blocks)


def _names(joint: str, kind: int) -> list[str]:
    if kind == FREE:
        return [f"{joint} {axis}" for axis in ("x", "y", "z", "rx", "ry", "rz")]
    return [f"{joint} {axis}" for axis in ("rx", "ry", "rz")] if kind == BALL else [joint]


def _turned(start: Any, end: Any) -> Any:
    """The rotation vector (..., 3), in the frame of `start`, from one orientation (..., 4) to another."""
    return rotations.log(rotations.multiply(rotations.conjugate(start), end))
