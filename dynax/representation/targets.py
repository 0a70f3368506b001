"""The quantity that a model predicts for one step, and the change of the state that follows from it."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from dynax.envs.env import Env
from dynax.envs.state_space import StateSpace

TARGETS = ("delta", "acceleration")


@runtime_checkable
class Target(Protocol):
    """A quantity of D entries between two consecutive states."""

    has_positions: bool  # whether the first nv entries belong to positions

    def between(self, state: Float[Any, "... S"], following: Float[Any, "... S"]) -> Float[Any, "... D"]:
        """Return the target between two consecutive states."""
        ...

    def of_change(self, state: Float[Any, "... S"], change: Float[Any, "... dv"]) -> Float[Any, "... D"]:
        """Return the target of a change of the state."""
        ...

    def change(self, state: Float[Any, "... S"], target: Float[Any, "... D"]) -> Float[Any, "... dv"]:
        """Return the change of the state under a target; the inverse of `of_change`."""
        ...


@dataclass(frozen=True, eq=False)
class DeltaTarget:
    """The change of the whole state in tangent coordinates, D = 2 nv + na."""

    space: StateSpace
    has_positions = True

    def between(self, state: Float[Any, "... S"], following: Float[Any, "... S"]) -> Float[Any, "... D"]:
        """Return the difference of two states."""
        return self.space.difference(state, following)

    def of_change(self, state: Float[Any, "... S"], change: Float[Any, "... dv"]) -> Float[Any, "... D"]:
        """Return `change`."""
        return change

    def change(self, state: Float[Any, "... S"], target: Float[Any, "... D"]) -> Float[Any, "... dv"]:
        """Return `target`."""
        return target


@dataclass(frozen=True, eq=False)
class AccelerationTarget:
    """The change of velocities and activations, D = nv + na.

    Positions follow by MuJoCo's semi-implicit Euler rule, v' = v + dv, q' = q + dt v' (MuJoCo documentation,
    Computation: Numerical integration).
    """

    space: StateSpace
    has_positions = False

    def between(self, state: Float[Any, "... S"], following: Float[Any, "... S"]) -> Float[Any, "... D"]:
        """Return the difference of velocities and activations."""
        return self.of_change(state, self.space.difference(state, following))

    def of_change(self, state: Float[Any, "... S"], change: Float[Any, "... dv"]) -> Float[Any, "... D"]:
        """Return the change of velocities and activations."""
        return change[..., self.space.nv :]

    def change(self, state: Float[Any, "... S"], target: Float[Any, "... D"]) -> Float[Any, "... dv"]:
        """Return the semi-implicit change of the state."""
        positions = self.space.dt * (self.space.qvel(state) + target[..., : self.space.nv])
        return state.__array_namespace__().concat([positions, target], axis=-1)


@dataclass(frozen=True, eq=False)
class PositionCorrectionTarget:
    """The residual of the semi-implicit rule in positions, then the change of velocities and activations.

    It is for integrators that do not move positions by dt times the new velocity, D = 2 nv + na.
    """

    space: StateSpace
    has_positions = True

    def between(self, state: Float[Any, "... S"], following: Float[Any, "... S"]) -> Float[Any, "... D"]:
        """Return the position residual and the difference of velocities and activations."""
        return self.of_change(state, self.space.difference(state, following))

    def of_change(self, state: Float[Any, "... S"], change: Float[Any, "... dv"]) -> Float[Any, "... D"]:
        """Return the position residual and the change of velocities and activations."""
        nv = self.space.nv
        residual = change[..., :nv] - self.space.dt * (self.space.qvel(state) + change[..., nv : 2 * nv])
        return state.__array_namespace__().concat([residual, change[..., nv:]], axis=-1)

    def change(self, state: Float[Any, "... S"], target: Float[Any, "... D"]) -> Float[Any, "... dv"]:
        """Return the semi-implicit change of the state plus the position residual."""
        nv, xp = self.space.nv, state.__array_namespace__()
        residual, rest = target[..., :nv], target[..., nv:]
        positions = self.space.dt * (self.space.qvel(state) + rest[..., :nv]) + residual
        return xp.concat([positions, rest], axis=-1)


def target_of(env: Env, target: str) -> Target:
    """Return the target that a model of a robot predicts.

    A robot that shows a position without its velocity has no observed acceleration. Its target is always the change of
    the state.

    Args:
        env: the robot.
        target: delta or acceleration, as the user requests.
    """
    if target == "delta" or hides_velocities(env.space):
        return DeltaTarget(env.space)
    return AccelerationTarget(env.space) if env.semi_implicit else PositionCorrectionTarget(env.space)


def hides_velocities(space: StateSpace) -> bool:
    """Return whether the robot shows a position but not its velocity."""
    position, velocity = space.observed[: space.nv], space.observed[space.nv : 2 * space.nv]
    return bool((position & ~velocity).any())


def target_index(space: StateSpace, target: Target) -> Int[np.ndarray, " D"]:
    """Return the entries of a complete target that the robot shows, int32, because JAX cannot mix it with int64."""
    shown = space.observed if target.has_positions else space.observed[space.nv :]
    return np.flatnonzero(shown).astype(np.int32)
