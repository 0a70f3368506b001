"""The constraint rows of contacts, given where and how bodies touch.

In the contact frame of a normal and two tangents, the second body has six velocities relative to the first: along the
three axes and about them. A contact constrains the first `condim` of them: 1 is frictionless, 3 adds sliding friction,
4 torsional and 6 rolling friction. The friction in direction j is at most mu_j times the normal force. MuJoCo has two
models of friction:

    elliptic    one cone, |(f_j / mu_j)| <= f_0
    pyramidal   one row for each edge, J_0 + mu_j J_j and J_0 - mu_j J_j; its force cannot be negative

Source: MuJoCo documentation, Computation: Constraint model (Friction cones, Contact).
"""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Float, Int

from dynax.errors import UserError
from dynax.math.arrays import AnyArray, Leaf
from dynax.mechanics.constraints.parameters import as_jax, clip_solimp, impedance, reference_gains
from dynax.mechanics.constraints.rows import UNBOUNDED, BoundedRows, ConeRows

FACTORS = ("stiffness", "damping", "weight", "friction")  # names of the factors that scale each group of slots
FRICTION_KIND = np.array([0, 0, 1, 2, 2])  # kind of each friction coefficient: sliding, torsional, rolling
NUM_FRICTION_KINDS = {1: 1, 3: 1, 4: 2, 6: 3}  # by the largest condim


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ContactMotion:
    """The distances of contacts, and the Jacobians of the second body's motion relative to the first."""

    distance: Leaf  # (C,), m; negative if the bodies overlap
    linear: Leaf  # Jacobian of the linear velocity along the axes of the contact frame, (C, 3, nv)
    angular: Leaf  # Jacobian of the angular velocity about these axes, (C, 3, nv)


@runtime_checkable
class Slots(Protocol):
    """The attributes of `collision.contacts.Contacts` that contact rows need."""

    @property
    def parameters(self) -> Any:
        """The contact parameters of each slot."""
        ...

    @property
    def geom1(self) -> np.ndarray:
        """The first geom of each slot, (C,) int."""
        ...

    @property
    def geom2(self) -> np.ndarray:
        """The second geom of each slot, (C,) int."""
        ...

    @property
    def body1(self) -> np.ndarray:
        """The first body of each slot, (C,) int."""
        ...

    @property
    def body2(self) -> np.ndarray:
        """The second body of each slot, (C,) int."""
        ...


@dataclass(frozen=True, eq=False)
class ContactRows:
    """The parameters of the contact rows of a model, from the MJCF. Build them once with `ContactRows.of`."""

    elliptic: bool
    impratio: float  # ratio of the impedances of friction and normal
    condim: Int[np.ndarray, " C"]
    friction: Float[AnyArray, "C 5"]  # mu: two of sliding, torsional in m, two of rolling in m
    margin: Float[AnyArray, " C"]  # distance below which the contact is active, m
    stiffness: Float[AnyArray, " C"]  # K of aref = -B v - K imp r, of the normal, 1/s^2
    damping: Float[AnyArray, "C 2"]  # B of the normal and of friction, 1/s
    solimp: Float[AnyArray, "C 5"]
    invweight: Float[AnyArray, " C"]  # inverse mass that scales the impedance, 1/kg
    group: Int[np.ndarray, " C"]  # group of slots that share their factors, from 0

    @classmethod
    def of(cls, model: mujoco.MjModel, slots: Slots, group: Int[np.ndarray, " C"] | None = None) -> "ContactRows":
        """Return the rows of contact slots.

        Args:
            model: the model of the slots.
            slots: usually `Contacts.of(model)`.
            group: group of each slot, from 0; by default, the slots of each pair of geoms are a group.

        Raises:
            UserError: if geoms have adhesion or a surface velocity.
        """
        for attribute, used in (("adhesion", model.flg_adhesion), ("surfacevel", model.flg_surfacevel)):
            if used:
                raise UserError(
                    f"model.constraints=layer does not support geoms with `{attribute}`: use model.constraints=features"
                )
        parameters, elliptic = slots.parameters, model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC
        if group is None:
            _, group = np.unique([slots.geom1, slots.geom2], axis=1, return_inverse=True)
        solref, solimp = parameters.solref, clip_solimp(parameters.solimp)
        stiffness, damping = reference_gains(model, solref, solimp[:, 1])
        separate = (parameters.solreffriction != 0).any(axis=1) & elliptic
        friction_solref = np.where(separate[:, None], parameters.solreffriction, solref)
        friction_damping = reference_gains(model, friction_solref, solimp[:, 1])[1]
        invweight = model.body_invweight0[:, 0]
        return cls(
            elliptic=bool(elliptic),
            impratio=float(model.opt.impratio),
            condim=parameters.condim,
            friction=parameters.friction,
            margin=parameters.margin,  # `gap` enlarges the distance of detection, not of activation
            stiffness=stiffness,
            damping=np.stack([damping, friction_damping], axis=-1),
            solimp=solimp,
            invweight=np.maximum(invweight[slots.body1] + invweight[slots.body2], mujoco.mjMINVAL),
            group=group,
        )

    def __len__(self) -> int:
        """Return the number C of slots."""
        return len(self.condim)

    @property
    def factor_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the factors: one number per group, and for friction one per kind that some slot has."""
        groups, kinds = int(self.group.max()) + 1, NUM_FRICTION_KINDS[int(self.condim.max())]
        return {name: (groups, kinds) if name == "friction" else (groups,) for name in FACTORS}

    @property
    def slots_by_condim(self) -> dict[int, np.ndarray]:
        """The slots (K,) of each condim that occurs."""
        return {int(condim): np.flatnonzero(self.condim == condim) for condim in np.unique(self.condim)}

    def rows(
        self, motion: ContactMotion, condim: int, slot: Any, velocity: Float[AnyArray, " nv"], factor: dict[str, Any]
    ) -> BoundedRows | ConeRows:
        """Return the rows of contacts of one condim.

        Args:
            motion: K contacts.
            condim: their condim.
            slot: slot of each contact, (K,) int.
            velocity: generalized velocity.
            factor: by the names in `FACTORS`, factors with `factor_shapes` on the parameters of the MJCF.
        """
        mjcf: Any = as_jax(self, velocity.dtype)
        group = jnp.asarray(self.group, jnp.int32)[slot]
        jacobian = jnp.concatenate([motion.linear, motion.angular], axis=1) if condim > 3 else motion.linear
        kinds = np.minimum(FRICTION_KIND, factor["friction"].shape[1] - 1)
        mu = mjcf.friction[slot] * factor["friction"][group][:, kinds]
        solimp = mjcf.solimp[slot]
        distance = motion.distance - mjcf.margin[slot]
        sigmoid = impedance(solimp, jnp.abs(distance))
        weight_factor = (distance < 0) * factor["weight"][group]
        weight = weight_factor * sigmoid / ((1 - sigmoid) * mjcf.invweight[slot])  # D of the normal
        spring = mjcf.stiffness[slot] * factor["stiffness"][group] * sigmoid * distance
        damping = mjcf.damping[slot] * factor["damping"][group][:, None]
        make_rows = self._cones if self.elliptic and condim > 1 else self._edges
        return make_rows(condim, jacobian, velocity, mu, weight, spring, damping)

    def _edges(
        self, condim: int, contact_jacobian: AnyArray, velocity: jax.Array, mu: jax.Array, normal_weight: jax.Array,
        spring: jax.Array, damping: jax.Array,
    ) -> BoundedRows:  # fmt: skip
        """Return the edges of friction pyramids, or one row for each contact without friction.

        The inverse mass of an edge is (1 + mu^2) / m. All edges of a pyramid have the same weight, so that friction
        is as soft as with an elliptic cone.
        """
        if condim == 1:
            jacobian, weight, edges = contact_jacobian[:, 0], normal_weight, 1
        else:
            edges = 2 * (condim - 1)
            axis, side = np.repeat(np.arange(1, condim), 2), np.tile([1.0, -1.0], condim - 1)
            signed_mu = (jnp.asarray(side, mu.dtype) * mu[:, axis - 1])[..., None]
            jacobian = (contact_jacobian[:, :1] + signed_mu * contact_jacobian[:, axis]).reshape(-1, len(velocity))
            softness = 2 * mu[:, 0] ** 2 / self.impratio * (1 + mu[:, 0] ** 2)
            weight = jnp.repeat(normal_weight / softness, edges)
        return BoundedRows(
            jacobian=jacobian,
            reference=-jnp.repeat(damping[:, 0], edges) * (jacobian @ velocity) - jnp.repeat(spring, edges),
            weight=weight,
            lower=jnp.zeros_like(weight),
            upper=jnp.full_like(weight, UNBOUNDED),
        )

    def _cones(
        self, condim: int, contact_jacobian: AnyArray, velocity: jax.Array, mu: jax.Array, normal_weight: jax.Array,
        spring: jax.Array, damping: jax.Array,
    ) -> ConeRows:  # fmt: skip
        """Return the friction cones of contacts, scaled so that they are circular."""
        scaled_mu = mu[:, 0] / self.impratio**0.5
        scale = jnp.concatenate([scaled_mu[:, None], mu[:, : condim - 1]], axis=1)
        jacobian = contact_jacobian[:, :condim]
        rate = jacobian @ velocity
        normal = -damping[:, 0] * rate[:, 0] - spring
        reference = jnp.concatenate([normal[:, None], -damping[:, 1:] * rate[:, 1:]], axis=1)
        return ConeRows(
            jacobian=scale[:, :, None] * jacobian,
            reference=scale * reference,
            weight=normal_weight / scaled_mu**2,
            mu=scaled_mu,
        )
