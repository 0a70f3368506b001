"""The maps from states to features and targets, and from a predicted target to the next state."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float

from dynax.envs.env import Env
from dynax.errors import check_choice
from dynax.mechanics.collision.pairs import pairs_for_features
from dynax.mjcf.invariances import galilean_invariant_dofs
from dynax.representation.constraint_features import ConstraintFeatures
from dynax.representation.frames import FRAMES, BaseFrame, base_frame
from dynax.representation.planar import PlanarFrame
from dynax.representation.positions import ANGLES, PositionFeatures
from dynax.representation.targets import TARGETS, AccelerationTarget, Target, target_index, target_of

CONSTRAINTS = ("none", "features", "layer")


@dataclass(frozen=True, eq=False)
class Representation:
    """The composed maps of one model. Unobserved coordinates enter no feature and no target, and never change."""

    env: Env
    frame: BaseFrame
    positions: PositionFeatures
    constraints: ConstraintFeatures
    target: Target
    dropped_velocities: np.ndarray  # velocities that are no features, (nv,) bool

    @classmethod
    def of(
        cls, env: Env, angles: str, target: str, constraints: str, drop_invariant: bool, frame: str
    ) -> "Representation":
        """Return the representation that the options of a model describe.

        Args:
            env: the robot.
            angles: raw or sincos.
            target: delta or acceleration.
            constraints: none, features, or layer, which replaces the features.
            drop_invariant: whether positions and velocities on which nothing depends are no features.
            frame: world or robot.

        Raises:
            UserError: for another value of an option.
        """
        check_options(angles, target, constraints, frame)
        space = env.space
        axes = base_frame(env, frame, planar=constraints != "layer")  # a layer has its own equations of the plane
        features = ConstraintFeatures.of(env, axes) if constraints == "features" else ConstraintFeatures()
        quantity = target_of(env, target)
        # Without features or a layer, only the position of a limited joint predicts its limit.
        droppable = space.invariant & ~(space.limited & (constraints == "none"))
        hidden = (droppable & drop_invariant) | ~space.observed[: space.nv]
        return cls(
            env=env,
            frame=axes,
            positions=PositionFeatures.of(space, angles, hidden, axes),
            constraints=features,
            target=quantity,
            dropped_velocities=_invariant_velocities(env, axes, features, quantity) & drop_invariant,
        )

    @cached_property
    def target_index(self) -> np.ndarray:
        """Entries of a complete target that are observed, (D,) int."""
        return target_index(self.env.space, self.target)

    @cached_property
    def sizes(self) -> tuple[int, int, int]:
        """Numbers of position features, of velocity features, and of all other features."""
        state, found = jax.ShapeDtypeStruct((self.env.state_dim,), "f4"), self.constraints.contacts
        contacts = jax.ShapeDtypeStruct((found.size,), "f4") if found else None  # detecting them takes long to trace
        positions, velocities, rest = jax.eval_shape(self._groups, state, contacts)
        return positions.shape[-1], velocities.shape[-1], rest.shape[-1]

    def features(
        self, states: Float[Any, "... S"], contacts: Float[Any, "... Fc"] | None = None
    ) -> Float[Any, "... F"]:
        """Return the features of states, before normalization.

        Args:
            states: states of the robot.
            contacts: the contact features of `states`, if they are already computed.
        """
        return states.__array_namespace__().concat(self._groups(states, contacts), axis=-1)

    def _groups(self, states: Any, contacts: Any) -> tuple[Any, Any, Any]:
        """Return position features, velocity features and all other features."""
        space, xp = self.env.space, states.__array_namespace__()
        velocities = self.frame.to_base(states, space.qvel(states))
        velocity_observed = space.observed[space.nv : 2 * space.nv]
        activations = space.act(states)[..., space.observed[2 * space.nv :]]
        rest = xp.concat([activations, *self.constraints(states, contacts)], axis=-1)
        return self.positions(states), velocities[..., velocity_observed & ~self.dropped_velocities], rest

    def targets(self, states: Float[Any, "... S"], following: Float[Any, "... S"]) -> Float[Any, "... D"]:
        """Return the targets between consecutive states, before normalization."""
        return self.to_base(states, self.target.between(states, following))[..., self.target_index]

    def integrate(self, states: Float[Any, "... S"], target: Float[Any, "... D"]) -> Float[Any, "... S"]:
        """Return the states that follow `states` under a predicted target."""
        space, xp = self.env.space, target.__array_namespace__()
        change = self.target.change(states, self.to_world(states, self._completed(target)))
        return space.add(states, xp.where(space.observed, change, 0.0))

    def _completed(self, target: Any) -> Any:
        """Return a target with zeros for unobserved coordinates."""
        space, xp = self.env.space, target.__array_namespace__()
        if space.observed.all():
            return target
        index = np.full(space.nv * (1 + self.target.has_positions) + space.na, target.shape[-1])
        index[self.target_index] = np.arange(target.shape[-1])
        return xp.concat([target, xp.zeros_like(target[..., :1])], axis=-1)[..., index]

    def to_base(self, states: Float[Any, "... S"], target: Float[Any, "... D"]) -> Float[Any, "... D"]:
        """Return a target with linear changes along the axes of the base frame."""
        return self._rotated(states, target, self.frame.to_base)

    def to_world(self, states: Float[Any, "... S"], target: Float[Any, "... D"]) -> Float[Any, "... D"]:
        """Return a target with linear changes along the axes of the world."""
        return self._rotated(states, target, self.frame.to_world)

    def _rotated(self, states: Any, target: Any, rotate: Callable[[Any, Any], Any]) -> Any:
        """Apply `rotate` to the change of velocities, and to the change of positions if the target contains it."""
        nv = self.env.space.nv
        count = (target.shape[-1] - self.env.space.na) // nv
        parts = [rotate(states, target[..., k * nv : (k + 1) * nv]) for k in range(count)]
        return target.__array_namespace__().concat([*parts, target[..., count * nv :]], axis=-1)


def check_options(angles: str, target: str, constraints: str, frame: str) -> None:
    """Raise `UserError` for an option with an unknown value."""
    check_choice("model.angles", angles, ANGLES)
    check_choice("model.target", target, TARGETS)
    check_choice("model.constraints", constraints, CONSTRAINTS)
    check_choice("model.frame", frame, FRAMES)


def _invariant_velocities(
    env: Env, frame: BaseFrame, constraints: ConstraintFeatures, target: Target
) -> Bool[np.ndarray, " nv"]:
    """Return the velocities on which only contacts depend, where all contacts are among the features."""
    none = np.zeros(env.space.nv, bool)
    if not constraints.contacts or not isinstance(target, AccelerationTarget) or pairs_for_features(env.mj_model)[1]:
        return none
    invariant = galilean_invariant_dofs(env.mj_model)
    # A planar frame mixes the velocities of its two slides.
    return none if isinstance(frame, PlanarFrame) and not invariant[:2].all() else invariant
