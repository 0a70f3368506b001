"""What constraints ask of a motion, for a network to see: how far it is from what stops and contacts would have it be.

Kinematics and the MJCF give the rows J and aref of the problem in `solve`, but not the mass matrix it needs. A network
that has predicted an acceleration a can be shown, with y = J a - aref, f = -ds/dy and D the stiffness of a row,

    f / D                                   of each row: what it lacks, zero where it is content
    w J^T f / (1 + D A), A = J diag(w) J^T  of each coordinate: what that would come to, row by row

with w = `dof_invweight0`, the second as if the mass matrix were diag(1 / w). It is a step of Jacobi's method; what is
wrong with it, the network learns. All rows of a contact share the mean of their A, and its friction is that of an
elliptic cone, whatever the MJCF has: the edges of a pyramid stand along the axes of the world, and a robot seen in its
own frame would see in them which way it faces.

Axes: R rows, C slots of contacts, L rows at joints, S state, nv degrees of freedom.
"""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import mujoco
from flax import struct

from dynax.envs.state_space import StateSpace
from dynax.mechanics.collision.contacts import Contacts, Detected
from dynax.mechanics.collision.pairs import selection
from dynax.mechanics.constraints.contact_rows import ContactRows
from dynax.mechanics.constraints.joint_rows import JointRows
from dynax.mechanics.constraints.layer import ConstraintLayer
from dynax.mechanics.constraints.solve import TINY, Bounded, Rows


class ActiveRows(struct.PyTreeNode):
    """The constraints that act in one state."""

    rows: list[Rows]
    slots: list[jax.Array]  # of the contacts among them, in their order, (K,) int each

    @property
    def any(self) -> jax.Array:
        """() bool."""
        return jnp.any(jnp.stack([(row.stiffness > 0).any() for row in self.rows]))


@dataclass(frozen=True, eq=False)
class ConstraintResiduals:
    """The constraints of a robot, as hard as its MJCF has them."""

    layer: ConstraintLayer  # which has nothing to learn
    contacts: Contacts

    @classmethod
    def of(cls, model: mujoco.MjModel, space: StateSpace) -> "ConstraintResiduals | None":
        """Those of `model`; nothing where no contact is known, or contacts do more than keep bodies apart."""
        contacts = Contacts.between(model, selection(model)[0])
        if contacts is None or model.flg_adhesion or model.flg_surfacevel:
            return None
        rows = replace(ContactRows.of(model, contacts), elliptic=True)
        return cls(ConstraintLayer(space, JointRows.of(model), rows, contacts), contacts)

    def acting(self, state: jax.Array, nearest: dict[int, Detected] | None = None) -> ActiveRows:
        """Return the rows of the joints and of the `nearest` contacts in `state` (S,), which are found if not given."""
        touching = self.layer.touching(state, self.layer.nearest(state) if nearest is None else nearest)
        return ActiveRows(self.layer.rows(state, touching=touching), [slots for slots, _ in touching.values()])

    def __call__(self, acting: ActiveRows, change: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What is asked of a `change` of velocity (nv,) over a step, in its units.

        Returns:
            (nv,) of each coordinate.
            (L + C,) of each row at a joint, and of each contact along its normal.
        """
        weight, dt = jnp.asarray(self.layer.joints.dof_weight, change.dtype), self.layer.space.dt
        joints = len(self.layer.joints)
        total, each = jnp.zeros_like(change), []
        apart, slots = jnp.zeros(len(self.contacts), change.dtype), iter(acting.slots)
        for i, row in enumerate(acting.rows):
            force = row.force(row.jacobian @ change / dt - row.reference)
            inverse = row.jacobian**2 @ weight
            if isinstance(row, Bounded):
                hard = row.stiffness
            else:
                hard, inverse = row.stiffness[:, None], inverse.mean(axis=1, keepdims=True)
            total += (force / (1 + hard * inverse)).ravel() @ row.jacobian.reshape(-1, len(change))
            lacking = jnp.where(hard > 0, force / jnp.maximum(hard, TINY), 0.0)
            if joints and i == 0:
                each.append(lacking)
            else:
                apart = apart.at[next(slots)].set(lacking.reshape(len(lacking), -1)[:, 0])
        return dt * weight * total, dt * jnp.concatenate([*each, apart])
