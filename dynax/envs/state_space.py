"""The coordinates of a state: their limits and units, differences between states, and addition of a difference.

A state is `[qpos, qvel, act]` in MuJoCo's order. A difference between two states is a vector of the tangent space,
`[dq, dv, da]`, with 2 nv + na coordinates. Lengths and angles subtract. The angle of a hinge is wrapped to [-pi, pi) if
the hinge has neither limits nor a force that depends on its position. An orientation (of a ball or free joint) differs
by a rotation vector in the frame of its body, as in `mj_differentiatePos`.

The functions accept NumPy or JAX arrays, and return arrays of the same library (`xp` is its array namespace).
"""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from dynax.envs.coordinates import Block, blocks_of, dof_names
from dynax.math import rotations
from dynax.mjcf.invariances import invariant_translations
from dynax.mjcf.joints import HINGE, SLIDE
from dynax.mjcf.names import joint_names, unique
from dynax.mjcf.position_forces import has_position_dependent_force


@dataclass(frozen=True, eq=False)
class StateSpace:
    """The coordinates of a robot, with degrees of freedom in MuJoCo's order."""

    joints: tuple[str, ...]  # names of the joints
    names: tuple[str, ...]  # names of the degrees of freedom: the joint, with an axis if the joint has several
    nq: int  # number of positions
    nv: int  # number of degrees of freedom
    na: int  # number of activations
    blocks: tuple[Block, ...]  # blocks of qpos, in order
    hinge: Bool[np.ndarray, " nv"]  # degree of freedom of a hinge, rad
    angular: Bool[np.ndarray, " nv"]  # degree of freedom in rad: a hinge, or part of an orientation; otherwise in m
    wrapped: Bool[np.ndarray, " nv"]  # hinge without limits and springs, whose angles are equal modulo 2 pi
    limited: Bool[np.ndarray, " nv"]  # hinge or slide with joint limits
    lower: Float[np.ndarray, " nv"]  # lower joint limit, rad or m; only valid if limited
    upper: Float[np.ndarray, " nv"]  # upper joint limit, rad or m; only valid if limited
    margin: Float[np.ndarray, " nv"]  # distance from a joint limit at which its constraint becomes active, rad or m
    default_state: Float[np.ndarray, " s"]  # default pose at rest; angles are unwrapped around it
    invariant: Bool[np.ndarray, " nv"]  # position on which nothing but a joint limit depends
    observed: Bool[np.ndarray, " t"]  # observed coordinates of the tangent space
    dt: float  # control step, s
    position_units: tuple[str, ...]  # unit of the position of each degree of freedom

    @classmethod
    def of(
        cls, model: mujoco.MjModel, decimation: int = 1, observed: Bool[np.ndarray, " t"] | None = None
    ) -> "StateSpace":
        """Return the coordinates of a model.

        Args:
            model: the MuJoCo model.
            decimation: physics steps per control step.
            observed: mask of the observed coordinates; by default all.
        """
        joints = joint_names(model)
        single = np.isin(model.jnt_type, (HINGE, SLIDE))
        dofs = model.jnt_dofadr[single]
        hinge, angular, restored, limited, lower, upper, margin = np.zeros((7, model.nv))
        hinge[dofs] = angular[dofs] = model.jnt_type[single] == HINGE
        restored[dofs] = [has_position_dependent_force(model, joint) for joint in np.flatnonzero(single).tolist()]
        limited[dofs] = model.jnt_limited[single]
        lower[dofs], upper[dofs], margin[dofs] = *model.jnt_range[single].T, model.jnt_margin[single]
        blocks = blocks_of(model)
        for block in blocks:
            angular[block.v] += block.is_orientation
        return cls(
            joints=joints,
            names=unique(name for j, joint in enumerate(joints) for name in dof_names(joint, int(model.jnt_type[j]))),
            nq=model.nq,
            nv=model.nv,
            na=model.na,
            blocks=blocks,
            hinge=hinge.astype(bool),
            angular=angular.astype(bool),
            wrapped=(hinge > 0) & (limited == 0) & (restored == 0),
            limited=limited.astype(bool),
            lower=lower,
            upper=upper,
            margin=margin,
            default_state=np.concatenate([model.qpos0, np.zeros(model.nv + model.na)]),
            invariant=invariant_translations(model),
            observed=np.ones(2 * model.nv + model.na, bool) if observed is None else observed,
            dt=decimation * model.opt.timestep,
            position_units=tuple("rad" if x else "m" for x in angular),
        )

    @property
    def dim(self) -> int:
        """Number of coordinates of a state, nq + nv + na."""
        return self.nq + self.nv + self.na

    @property
    def tangent_dim(self) -> int:
        """Number of coordinates of a difference, 2 nv + na."""
        return 2 * self.nv + self.na

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the tangent coordinates."""
        position = self.position_units
        return (*position, *(f"{p}/s" for p in position), *("1",) * self.na)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the tangent coordinates."""
        activations = (f"activation {i}" for i in range(self.na))
        return unique((*self.names, *(f"{name} velocity" for name in self.names), *activations))

    def qpos(self, state: Float[Any, "*batch s"]) -> Float[Any, "*batch nq"]:
        """Return the positions of a state."""
        return state[..., : self.nq]

    def qvel(self, state: Float[Any, "*batch s"]) -> Float[Any, "*batch nv"]:
        """Return the velocities of a state."""
        return state[..., self.nq : self.nq + self.nv]

    def act(self, state: Float[Any, "*batch s"]) -> Float[Any, "*batch na"]:
        """Return the activations of a state."""
        return state[..., self.nq + self.nv :]

    def positions(self, state: Float[Any, "*batch s"]) -> Float[Any, "*batch nv"]:
        """Return one position per degree of freedom, for plots and joint limits.

        Lengths and angles are unchanged. An orientation becomes the rotation vector from the default pose.
        """
        parts = []
        for q, _, is_orientation in self.blocks:
            part = state[..., q]
            parts.append(_rotation(np.asarray(self.default_state[q], part.dtype), part) if is_orientation else part)
        return parts[0] if len(parts) == 1 else state.__array_namespace__().concat(parts, axis=-1)

    def difference(self, start: Float[Any, "*#batch s"], end: Float[Any, "*#batch s"]) -> Float[Any, "*batch t"]:
        """Return `end - start` in the tangent space. The angles of `wrapped` hinges are in [-pi, pi)."""
        xp = start.__array_namespace__()
        parts = [
            _rotation(start[..., q], end[..., q]) if is_orientation else end[..., q] - start[..., q]
            for q, _, is_orientation in self.blocks
        ]
        delta = xp.concat([*parts, end[..., self.nq :] - start[..., self.nq :]], axis=-1)
        return self._shortest(delta)

    def _shortest(self, change: Float[Any, "*batch t"]) -> Float[Any, "*batch t"]:
        """Return a change with the angles of `wrapped` hinges in [-pi, pi). Smaller angles keep their precision."""
        wrapped = np.concatenate([self.wrapped, np.zeros(self.nv + self.na, bool)])
        xp = change.__array_namespace__()
        return xp.where(wrapped, change - 2 * np.pi * xp.floor((change + np.pi) / (2 * np.pi)), change)

    def add(self, state: Float[Any, "*#batch s"], change: Float[Any, "*#batch t"]) -> Float[Any, "*batch s"]:
        """Return the state after a change in the tangent space. This is the inverse of `difference`.

        Quaternions are normalized, so that their length does not drift in a rollout.
        """
        parts = []
        for q, v, is_orientation in self.blocks:
            part, step = state[..., q], change[..., v]
            if is_orientation:
                parts.append(rotations.normalized(rotations.multiply(part, rotations.exp(step))))
            else:
                parts.append(part + step)
        rest = state[..., self.nq :] + change[..., self.nv :]
        return state.__array_namespace__().concat([*parts, rest], axis=-1)

    def compose(self, first: Float[Any, "*#batch t"], second: Float[Any, "*#batch t"]) -> Float[Any, "*batch t"]:
        """Return the change that has the effect of two changes, one after the other.

        It is as precise as the changes. A difference of states is only as precise as the states.
        """
        total = first + second
        parts = []
        for _, v, is_orientation in self.blocks:
            if is_orientation:
                both = rotations.exp(first[..., v]), rotations.exp(second[..., v])
                parts.append(rotations.log(rotations.multiply(*both)))
            else:
                parts.append(total[..., v])
        return self._shortest(total.__array_namespace__().concat([*parts, total[..., self.nv :]], axis=-1))

    def beyond(self, state: Float[Any, "*batch s"]) -> tuple[Float[Any, "*batch l"], Float[Any, "*batch l"]]:
        """Return the distances of the `l` limited joints past the activation of their lower and upper joint limits."""
        position = self.positions(state)[..., self.limited]
        lower, upper = (self.lower + self.margin)[self.limited], (self.upper - self.margin)[self.limited]
        return lower - position, position - upper


def _rotation(start: Float[Any, "*#batch 4"], end: Float[Any, "*#batch 4"]) -> Float[Any, "*batch 3"]:
    """Return the rotation vector from one orientation to another, in the frame of `start`."""
    return rotations.log(rotations.multiply(rotations.conjugate(start), end))
