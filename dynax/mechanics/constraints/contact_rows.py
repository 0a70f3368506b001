"""The constraint rows of contacts, from where bodies touch.

A contact has a frame of a normal and two tangents. In it the second body moves against the first with six rates: along
the normal and the tangents, and about them. A contact of dimension `condim` resists the first that many: 1 is
frictionless, 3 has sliding friction, 4 torsional and 6 rolling friction as well. Friction is at most mu_j times the
normal force, which MuJoCo writes as

    elliptic    one cone: |(f_j / mu_j)| <= f_0
    pyramidal   its edges, each a row that only pushes: J_0 + mu_j J_j and J_0 - mu_j J_j

Source: MuJoCo documentation, Computation: Constraint model (Friction cones, Contact).

Axes: C slots in which there may be a contact, E edges, G groups of slots that share what is learned, nv degrees of
freedom.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import struct

from dynax.errors import UserError
from dynax.mechanics.constraints.parameters import cast, clipped, impedance, reference
from dynax.mechanics.constraints.solve import UNBOUNDED, Bounded, Cones

FACTORS = ("stiffness", "damping", "weight", "friction")  # what is learned of each group
KIND = np.array([0, 0, 1, 2, 2])  # sliding, torsional and rolling friction of the five coefficients


class ContactMotion(struct.PyTreeNode):
    """Where bodies touch, and how they move there: what collision detection says of a state."""

    distance: jax.Array  # (C,) m, negative where they overlap
    linear: jax.Array  # (C, 3, nv) Jacobian of the second body's velocity less the first's, along normal and tangents
    angular: jax.Array  # (C, 3, nv) of their angular velocities, about the same axes


class Slots(Protocol):
    """What a contact may be between, as `geometry.contacts.Contacts` has it."""

    @property
    def parameters(self) -> Any: ...  # condim, friction, solref, solreffriction, solimp and margin, each (C, ...)
    @property
    def geom1(self) -> np.ndarray: ...  # (C,) int
    @property
    def geom2(self) -> np.ndarray: ...
    @property
    def body1(self) -> np.ndarray: ...
    @property
    def body2(self) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class ContactRows:
    """What resists in the slots of a robot, as its MJCF has it."""

    elliptic: bool
    impratio: float  # of friction's impedance to the normal's
    condim: np.ndarray  # (C,) int
    friction: np.ndarray  # (C, 5) mu: two of sliding, torsional (m), two of rolling (m)
    margin: np.ndarray  # (C,) distance below which there is a contact, m
    stiffness: np.ndarray  # (C,) K of aref = -B v - K imp r, of the normal, 1/s^2
    damping: np.ndarray  # (C, 2) B of the normal and of the friction, 1/s
    impedance: np.ndarray  # (C, 5) solimp
    weight: np.ndarray  # (C,) the inverse mass against which the impedance is measured, 1/kg
    group: np.ndarray  # (C,) int from 0 to G - 1

    @classmethod
    def of(cls, model: mujoco.MjModel, slots: Slots, group: np.ndarray | None = None) -> "ContactRows":
        """The rows of `slots` of `model`; those of one `group` (C,), from 0, share what is learned.

        By default the slots of a pair of geoms do.

        Raises `UserError` for geoms that stick to others or convey them.
        """
        for what, there in (("adhesion", model.flg_adhesion), ("surfacevel", model.flg_surfacevel)):
            if there:
                raise UserError(
                    f"model.constraints=layer does not know `{what}` of geoms: use model.constraints=features"
                )
        given, body1, body2 = slots.parameters, slots.body1, slots.body2
        if group is None:
            _, group = np.unique([slots.geom1, slots.geom2], axis=1, return_inverse=True)
        solref, solimp, solreffriction = given.solref, given.solimp, given.solreffriction
        solimp = clipped(solimp)
        stiffness, damping = reference(model, solref, solimp[:, 1])
        own = (solreffriction != 0).any(axis=1) & (model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC)
        rubbing = reference(model, np.where(own[:, None], solreffriction, solref), solimp[:, 1])[1]
        inverse = model.body_invweight0[:, 0]
        return cls(
            elliptic=model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC,
            impratio=float(model.opt.impratio),
            condim=given.condim,
            friction=given.friction,
            margin=given.margin,  # the `gap` of a geom tells MuJoCo where to look, not where a contact begins
            stiffness=stiffness,
            damping=np.stack([damping, rubbing], axis=-1),
            impedance=solimp,
            weight=np.maximum(inverse[body1] + inverse[body2], mujoco.mjMINVAL),
            group=group,
        )

    def __len__(self) -> int:
        return len(self.condim)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the factors: one a group, of friction one a kind that some slot has."""
        groups, kinds = int(self.group.max()) + 1, {1: 1, 3: 1, 4: 2, 6: 3}[int(self.condim.max())]
        return {name: (groups, kinds) if name == "friction" else (groups,) for name in FACTORS}

    @property
    def dimensions(self) -> dict[int, np.ndarray]:
        """The slots of each dimension that some slot has."""
        return {int(dim): np.flatnonzero(self.condim == dim) for dim in np.unique(self.condim)}

    def rows(
        self, touch: ContactMotion, dim: int, slot: Any, velocity: jax.Array, factor: dict[str, jax.Array]
    ) -> Bounded | Cones:
        """The rows of contacts `touch` (K, ...) of dimension `dim` at `velocity` (nv,).

        Args:
            slot: (K,) int, which slot each is in.
            factor: of `FACTORS`, of the `shapes` above.
        """
        own: Any = cast(self, velocity.dtype)
        group = jnp.asarray(self.group, jnp.int32)[slot]
        moving = jnp.concatenate([touch.linear, touch.angular], axis=1) if dim > 3 else touch.linear
        kinds = np.minimum(KIND, factor["friction"].shape[1] - 1)
        mu = own.friction[slot] * factor["friction"][group][:, kinds]
        solimp = own.impedance[slot]
        distance = touch.distance - own.margin[slot]
        sigmoid = impedance(solimp, jnp.abs(distance))
        hardness = (distance < 0) * factor["weight"][group] * sigmoid / ((1 - sigmoid) * own.weight[slot])  # D, normal
        spring = own.stiffness[slot] * factor["stiffness"][group] * sigmoid * distance
        damping = own.damping[slot] * factor["damping"][group][:, None]
        make = self._cones if self.elliptic and dim > 1 else self._edges
        return make(dim, moving, velocity, mu, hardness, spring, damping)

    def _edges(
        self, dim: int, moving: jax.Array, velocity: jax.Array, mu: jax.Array, hardness: jax.Array,
        spring: jax.Array, damping: jax.Array,
    ) -> Bounded:  # fmt: skip
        """The edges of pyramids, or the one row of contacts without friction.

        Seen by the impedance an edge has the inverse mass (1 + mu^2) / m; all edges of a pyramid are as hard as is
        needed for friction to be as soft as the ellipse's.
        """
        if dim == 1:
            jacobian, stiffness, edges = moving[:, 0], hardness, 1
        else:
            edges = 2 * (dim - 1)
            axis, side = np.repeat(np.arange(1, dim), 2), np.tile([1.0, -1.0], dim - 1)
            lean = (jnp.asarray(side, mu.dtype) * mu[:, axis - 1])[..., None]
            jacobian = (moving[:, :1] + lean * moving[:, axis]).reshape(-1, len(velocity))
            softness = 2 * mu[:, 0] ** 2 / self.impratio * (1 + mu[:, 0] ** 2)
            stiffness = jnp.repeat(hardness / softness, edges)
        return Bounded(
            jacobian=jacobian,
            reference=-jnp.repeat(damping[:, 0], edges) * (jacobian @ velocity) - jnp.repeat(spring, edges),
            stiffness=stiffness,
            lower=jnp.zeros_like(stiffness),
            upper=jnp.full_like(stiffness, UNBOUNDED),
        )

    def _cones(
        self, dim: int, moving: jax.Array, velocity: jax.Array, mu: jax.Array, hardness: jax.Array,
        spring: jax.Array, damping: jax.Array,
    ) -> Cones:  # fmt: skip
        """The cones of contacts with friction."""
        slope = mu[:, 0] / self.impratio**0.5
        scale = jnp.concatenate([slope[:, None], mu[:, : dim - 1]], axis=1)
        jacobian = moving[:, :dim]
        rate = jacobian @ velocity
        normal = -damping[:, 0] * rate[:, 0] - spring
        reference = jnp.concatenate([normal[:, None], -damping[:, 1:] * rate[:, 1:]], axis=1)
        return Cones(
            jacobian=scale[:, :, None] * jacobian,
            reference=scale * reference,
            stiffness=hardness / slope**2,
            slope=slope,
        )
