"""Constraint residuals as inputs of a network that corrects its prediction."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float

from dynax.components.normalization import Statistics, denormalize
from dynax.mechanics.collision.contacts import SlotContacts
from dynax.mechanics.constraints import ConstraintResiduals
from dynax.mechanics.constraints.constraint_residuals import RowsAtState
from dynax.representation.representation import Representation


class SampleConstraintResiduals(struct.PyTreeNode):
    """The constraint residuals of one sample, as a function of the normalized target."""

    rows: RowsAtState  # constraint rows in the state of the sample
    state: Any  # (S,)
    statistics: Statistics  # mean and standard deviation of the target, (D,) each
    constraints: ConstraintResiduals = struct.field(pytree_node=False)
    representation: Representation = struct.field(pytree_node=False)

    @property
    def active(self) -> Bool[Array, ""]:
        """Whether any constraint is active."""
        return self.rows.any_active

    def __call__(self, target: Float[Array, " D"]) -> Float[Array, " R"]:
        """Return the residuals under a normalized target.

        Returns:
            First nv corrections of the change of velocity, along the axes of the base frame and in units of the
            target's standard deviation. Then the residual of each joint row, and of each contact along its normal.
        """
        nv = self.constraints.layer.space.nv
        change = self.representation.to_world(self.state, denormalize(self.statistics, target))
        residuals = self.constraints(self.state, change[:nv], self.rows)
        corrections = self.representation.frame.to_base(self.state, residuals.dofs)
        return jnp.concatenate([corrections / self.statistics["std"][:nv], residuals.rows])


@dataclass(frozen=True, eq=False)
class ConstraintResidualInputs:
    """The constraints of a robot, for a network that receives the `SampleConstraintResiduals` of each sample."""

    constraints: ConstraintResiduals
    representation: Representation

    @classmethod
    def of(cls, representation: Representation) -> "ConstraintResidualInputs | None":
        """Return the residual inputs of a robot with contact features.

        They are None if the target is not the change of velocity, or if contacts have adhesion or surface velocities.
        """
        env = representation.env
        features = representation.constraints.contacts
        if not features or representation.target.has_positions:
            return None
        constraints = ConstraintResiduals.of(env.mj_model, env.space, features.contacts)
        return constraints and cls(constraints, representation)

    def at(
        self, state: Float[Array, " S"], statistics: Statistics, nearest: dict[int, SlotContacts] | None
    ) -> SampleConstraintResiduals:
        """Return the residuals of one sample.

        Args:
            state: the state of the sample.
            statistics: mean and standard deviation of the target.
            nearest: the nearest contacts of `state`, if they are already known.
        """
        rows = self.constraints.rows_at(state, nearest)
        return SampleConstraintResiduals(rows, state, statistics, self.constraints, self.representation)
