"""Constraint residuals: how far an acceleration is from the solution of the constraint problem.

Kinematics and the MJCF determine the rows J and aref of the problem in `solve`, but not its mass matrix. For a
predicted acceleration a, let y = J a - aref, and let f = -ds/dy be the force and D the weight of a row. The
residuals are

    f / D                                                  of each row; zero if the constraint is satisfied
    w J^T f / (1 + D A)  with A = J diag(w) J^T            of each degree of freedom

with w = `dof_invweight0`, or zero where a damper locks the joint. The second residual is one step of Jacobi's method
for the mass matrix diag(1 / w). A network that has the residuals as inputs learns to correct this approximation.

All rows of a contact use the mean of their A. Friction cones are elliptic, even if the MJCF has pyramids. The edges of
a pyramid are parallel to the world axes, so that residuals in the frame of a robot would depend on its yaw.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Bool, Float

from dynax.envs.state_space import StateSpace
from dynax.math.arrays import AnyArray, Leaf
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.collision.pairs import pairs_for_features
from dynax.mechanics.constraints.contact_rows import ContactRows
from dynax.mechanics.constraints.joint_rows import JointRows
from dynax.mechanics.constraints.layer import ConstraintLayer, NearestContacts
from dynax.mechanics.constraints.rows import MIN_WEIGHT, ConeRows, Rows
from dynax.mjcf.joints import locked_dofs


class Residuals(NamedTuple):
    """The residuals of a change of velocity, in units of velocity."""

    dofs: jax.Array  # of each degree of freedom, (nv,)
    rows: jax.Array  # of each row at a joint, and of the normal of each contact slot, (R + C,)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class RowsAtState:
    """The constraint rows at one state."""

    rows: list[Rows]  # those of the joints, if there are any, then those of the contacts of each condim
    slots: list[Leaf]  # slots of the contacts of each condim, (K,) int each

    @property
    def any_active(self) -> Bool[Array, ""]:
        """Whether any constraint is active."""
        return jnp.any(jnp.stack([(row.weight > 0).any() for row in self.rows]))


@dataclass(frozen=True, eq=False)
class ConstraintResiduals:
    """The residuals of a robot's constraints, with the compliance of the MJCF."""

    layer: ConstraintLayer
    contacts: Contacts
    invweight: Float[np.ndarray, " nv"]  # w of each degree of freedom

    @classmethod
    def of(
        cls, model: mujoco.MjModel, space: StateSpace, contacts: Contacts | None = None
    ) -> "ConstraintResiduals | None":
        """Return the residuals of a model, or None if no contacts are supported.

        Geoms with adhesion or a surface velocity are not supported.

        Args:
            model: the robot.
            space: its state space.
            contacts: the contact slots of the residuals; by default those of `pairs_for_features`.
        """
        contacts = contacts or Contacts.between(model, pairs_for_features(model)[0])
        if contacts is None or model.flg_adhesion or model.flg_surfacevel:
            return None
        rows = replace(ContactRows.of(model, contacts), elliptic=True)
        invweight = np.where(locked_dofs(model), 0.0, model.dof_invweight0)
        return cls(ConstraintLayer(space, JointRows.of(model), rows, contacts), contacts, invweight)

    def __call__(
        self, state: Float[AnyArray, " S"], change: Float[AnyArray, " nv"], rows: RowsAtState | None = None
    ) -> Residuals:
        """Return the residuals of a change of velocity over one step.

        Args:
            state: state at the beginning of the step.
            change: predicted change of velocity.
            rows: `rows_at(state)`, if it has already been computed.
        """
        rows = self.rows_at(state) if rows is None else rows
        dt, invweight = self.layer.space.dt, jnp.asarray(self.invweight, change.dtype)
        total, joints = jnp.zeros_like(change), []
        contacts, slots = jnp.zeros(len(self.contacts), change.dtype), iter(rows.slots)
        for i, row in enumerate(rows.rows):
            force = row.force(row.jacobian @ change / dt - row.reference)
            weight = row.weight[:, None] if isinstance(row, ConeRows) else row.weight
            total += jacobi_step(row, force, weight, invweight)
            residual = jnp.where(weight > 0, force / jnp.maximum(weight, MIN_WEIGHT), 0.0)
            if len(self.layer.joints) and i == 0:
                joints.append(residual)
            else:
                contacts = contacts.at[next(slots)].set(residual.reshape(len(residual), -1)[:, 0])
        return Residuals(dt * invweight * total, dt * jnp.concatenate([*joints, contacts]))

    def rows_at(self, state: Float[AnyArray, " S"], nearest: NearestContacts | None = None) -> RowsAtState:
        """Return the rows at a state, active or not; of each condim only the nearest contacts.

        Args:
            state: [qpos, qvel, ...].
            nearest: `nearest_contacts(state)`, if it has already been computed.
        """
        nearest = self.nearest_contacts(state) if nearest is None else nearest
        motion = self.layer.contact_motion(state, nearest)
        return RowsAtState(self.layer.rows(state, contact_motion=motion), [slots for slots, _ in motion.values()])

    def nearest_contacts(self, state: Float[AnyArray, " S"]) -> NearestContacts:
        """Return the nearest contacts of each condim; this is the most expensive part."""
        return self.layer.nearest_contacts(state)


def jacobi_step(
    row: Rows, force: Float[Array, "..."], weight: Float[Array, "..."], invweight: Float[Array, " nv"]
) -> Float[Array, " nv"]:
    """Return J^T f / (1 + D A).

    Args:
        row: rows of one kind.
        force: f of these rows, (R,) or (C, d).
        weight: D of these rows, (R,) or (C, 1).
        invweight: w of each degree of freedom.
    """
    inverse_mass = row.jacobian**2 @ invweight  # A
    if isinstance(row, ConeRows):
        inverse_mass = inverse_mass.mean(axis=1, keepdims=True)
    return (force / (1 + weight * inverse_mass)).ravel() @ row.jacobian.reshape(-1, len(invweight))
