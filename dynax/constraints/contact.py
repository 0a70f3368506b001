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
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import struct

from dynax.constraints.parameters import cast, clipped, impedance, reference
from dynax.constraints.solve import UNBOUNDED, Bounded, Cones

FACTORS = ("stiffness", "damping", "weight", "friction")  # what is learned of each group
KIND = np.array([0, 0, 1, 2, 2])  # sliding, torsional and rolling friction of the five coefficients


class Touch(struct.PyTreeNode):
    """Where the bodies of each slot are nearest, and how they move there: what collision detection says of a state."""

    distance: jax.Array  # (C,) m, negative where they overlap
    frame: jax.Array  # (C, 3, 3) rows: the normal, from the first body to the second, and two tangents
    linear: jax.Array  # (C, 3, nv) Jacobian of the second body's velocity less the first's at the contact, world axes
    angular: jax.Array  # (C, 3, nv) of their angular velocities


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
    def of(
        cls, model: mujoco.MjModel, *, condim: np.ndarray, friction: np.ndarray, solref: np.ndarray,
        solreffriction: np.ndarray, solimp: np.ndarray, margin: np.ndarray, body1: np.ndarray, body2: np.ndarray,
        group: np.ndarray | None = None,
    ) -> "ContactRows":  # fmt: skip
        """The rows of slots of `model`, from what MuJoCo keeps of a contact.

        Args:
            condim: (C,).
            friction: (C, 5).
            solref, solreffriction: (C, 2); `solreffriction` of zeros is `solref`.
            solimp: (C, 5).
            margin: (C,); the `gap` of a geom tells MuJoCo where to look, not where a contact begins.
            body1, body2: (C,) the bodies of each slot.
            group: (C,) from 0; slots of one group share what is learned. By default each is its own.
        """
        solimp = clipped(solimp)
        stiffness, damping = reference(model, solref, solimp[:, 1])
        own = (solreffriction != 0).any(axis=1) & (model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC)
        rubbing = reference(model, np.where(own[:, None], solreffriction, solref), solimp[:, 1])[1]
        inverse = model.body_invweight0[:, 0]
        return cls(
            elliptic=model.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC,
            impratio=float(model.opt.impratio),
            condim=np.asarray(condim),
            friction=np.maximum(friction, mujoco.mjMINMU),
            margin=np.asarray(margin),
            stiffness=stiffness,
            damping=np.stack([damping, rubbing], axis=-1),
            impedance=solimp,
            weight=np.maximum(inverse[body1] + inverse[body2], mujoco.mjMINVAL),
            group=np.arange(len(condim)) if group is None else np.asarray(group),
        )

    def __len__(self) -> int:
        return len(self.condim)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the factors: one a group, of friction one a kind that some slot has."""
        groups, kinds = int(self.group.max()) + 1, {1: 1, 3: 1, 4: 2, 6: 3}[int(self.condim.max())]
        return {name: (groups, kinds) if name == "friction" else (groups,) for name in FACTORS}

    def rows(
        self, touch: Touch, velocity: jax.Array, factor: dict[str, jax.Array]
    ) -> tuple[Bounded | None, Cones | None]:
        """The rows of `touch` at `velocity` (nv,), each of `FACTORS` scaled by `factor`, of the `shapes` above."""
        own: Any = cast(self, velocity.dtype)
        moving = jnp.concatenate([touch.frame @ touch.linear, touch.frame @ touch.angular], axis=1)  # (C, 6, nv)
        kinds = np.minimum(KIND, factor["friction"].shape[1] - 1)
        mu = own.friction * factor["friction"][self.group][:, kinds]
        scale = {name: factor[name][self.group] for name in ("stiffness", "damping", "weight")}
        distance = touch.distance - own.margin
        sigmoid = impedance(own.impedance, jnp.abs(distance))
        hardness = (distance < 0) * scale["weight"] * sigmoid / ((1 - sigmoid) * own.weight)  # D of the normal
        spring = own.stiffness * scale["stiffness"] * sigmoid * distance
        damping = own.damping * scale["damping"][:, None]
        rubbing = self.condim > 1
        cones, edges = np.flatnonzero(rubbing & self.elliptic), np.flatnonzero(~(rubbing & self.elliptic))
        return (
            self._edges(edges, moving[edges], velocity, mu[edges], hardness[edges], spring[edges], damping[edges]),
            self._cones(cones, moving[cones], velocity, mu[cones], hardness[cones], spring[cones], damping[cones]),
        )

    def _edges(
        self, slots: np.ndarray, moving: jax.Array, velocity: jax.Array, mu: jax.Array, hardness: jax.Array,
        spring: jax.Array, damping: jax.Array,
    ) -> Bounded | None:  # fmt: skip
        """The edges of the pyramids of `slots`, and the one row of those without friction.

        Seen by the impedance an edge has the inverse mass (1 + mu^2) / m; all edges of a pyramid are as hard as is
        needed for friction to be as soft as the ellipse's.
        """
        if not len(slots):
            return None
        condim = self.condim[slots]
        slot = np.repeat(np.arange(len(slots)), np.where(condim > 1, 2 * (condim - 1), 1))
        axis = np.concatenate([np.repeat(np.arange(1, d), 2) if d > 1 else [1] for d in condim])
        side = np.concatenate([np.tile([1.0, -1.0], d - 1) if d > 1 else [0.0] for d in condim])
        lean = side * mu[slot, axis - 1]
        jacobian = moving[slot, 0] + lean[:, None] * moving[slot, axis]
        softness = 2 * mu[:, 0] ** 2 / self.impratio * (1 + mu[:, 0] ** 2)
        stiffness = (hardness / jnp.where(condim > 1, softness, 1.0))[slot]
        return Bounded(
            jacobian=jacobian,
            reference=-damping[slot, 0] * (jacobian @ velocity) - spring[slot],
            stiffness=stiffness,
            lower=jnp.zeros_like(stiffness),
            upper=jnp.full_like(stiffness, UNBOUNDED),
        )

    def _cones(
        self, slots: np.ndarray, moving: jax.Array, velocity: jax.Array, mu: jax.Array, hardness: jax.Array,
        spring: jax.Array, damping: jax.Array,
    ) -> Cones | None:  # fmt: skip
        """The cones of `slots`, all of the largest dimension: friction that a slot lacks has mu = 0."""
        if not len(slots):
            return None
        dim = int(self.condim[slots].max())
        has = np.arange(1, dim) < self.condim[slots][:, None]
        slope = mu[:, 0] / np.sqrt(self.impratio)
        scale = jnp.concatenate([slope[:, None], has * mu[:, : dim - 1]], axis=1)
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
