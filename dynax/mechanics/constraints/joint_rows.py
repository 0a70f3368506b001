"""The constraint rows at the joints of a robot: stops and dry friction.

Source: MuJoCo documentation, Computation: Constraint model.

Axes: R rows, of which P stops of hinges and slides come first, then Q of balls, then F of friction; nq positions and nv
degrees of freedom.
"""

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

from dynax.mechanics.constraints.parameters import cast, clipped, impedance, reference
from dynax.mechanics.constraints.solve import UNBOUNDED, Bounded
from dynax.mjcf.joints import BALL, FREE

FACTORS = ("stiffness", "damping", "weight", "bound")  # what is learned of each row
TINY = 1e-12  # of a rotation, whose axis is then nothing


@dataclass(frozen=True, eq=False)
class JointRows:
    """The rows at the joints as the MJCF has them; `len` is how many."""

    nq: int
    nv: int
    position: np.ndarray  # (P,) int: where in qpos a hinge or slide with stops is
    lower: np.ndarray  # (P,) where its lower stop begins to act, rad or m
    upper: np.ndarray  # (P,)
    balls: np.ndarray  # (Q, 4) int: where in qpos the quaternion of a ball with a stop is
    angle: np.ndarray  # (Q,) the rotation from which its stop acts, rad
    dof: np.ndarray  # (R,) int: the degree of freedom a row acts on, the first of three for a ball
    bound: np.ndarray  # (R,) largest force, N or N m
    stiffness: np.ndarray  # (R,) K of aref = -B v - K imp r, 1/s^2; r is negative beyond the start of a stop
    damping: np.ndarray  # (R,) B, 1/s
    impedance: np.ndarray  # (R, 5) solimp
    weight: np.ndarray  # (R,) the inverse inertia against which the impedance is measured
    dof_weight: np.ndarray = field(repr=False)  # (nv,) the same for every degree of freedom

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "JointRows":
        """The rows of `model`, none where it has neither stops nor friction."""
        off = model.opt.disableflags
        if off & mujoco.mjtDisableBit.mjDSBL_CONSTRAINT:
            off |= mujoco.mjtDisableBit.mjDSBL_LIMIT | mujoco.mjtDisableBit.mjDSBL_FRICTIONLOSS
        stopped = (model.jnt_limited != 0) & (model.jnt_type != FREE) & (not off & mujoco.mjtDisableBit.mjDSBL_LIMIT)
        straight, turning = np.flatnonzero(stopped & (model.jnt_type != BALL)), stopped & (model.jnt_type == BALL)
        joints = np.concatenate([straight, np.flatnonzero(turning)])
        rubbing = np.flatnonzero((model.dof_frictionloss > 0) & (not off & mujoco.mjtDisableBit.mjDSBL_FRICTIONLOSS))
        dof = np.concatenate([model.jnt_dofadr[joints], rubbing])
        solimp = clipped(np.concatenate([model.jnt_solimp[joints], model.dof_solimp[rubbing]]))
        solref = np.concatenate([model.jnt_solref[joints], model.dof_solref[rubbing]])
        stiffness, damping = reference(model, solref, solimp[:, 1])
        stop = np.arange(len(dof)) < len(joints)
        return cls(
            nq=model.nq,
            nv=model.nv,
            position=model.jnt_qposadr[straight],
            lower=model.jnt_range[straight, 0] + model.jnt_margin[straight],
            upper=model.jnt_range[straight, 1] - model.jnt_margin[straight],
            balls=model.jnt_qposadr[turning][:, None] + np.arange(4, dtype=np.int32),
            angle=model.jnt_range[turning].max(axis=1, initial=0) - model.jnt_margin[turning],
            dof=dof,
            bound=np.where(stop, UNBOUNDED, model.dof_frictionloss[dof]),
            stiffness=np.where(stop, stiffness, 0.0),
            damping=damping,
            impedance=solimp,
            weight=model.dof_invweight0[dof],
            dof_weight=model.dof_invweight0,
        )

    def __len__(self) -> int:
        return len(self.dof)

    @property
    def stop(self) -> np.ndarray:
        """(R,) bool: a stop; otherwise friction."""
        return np.arange(len(self)) < len(self.position) + len(self.balls)

    @property
    def moved(self) -> np.ndarray:
        """(R, nv) bool: the degrees of freedom on which a row acts."""
        ball = np.isin(np.arange(len(self)), len(self.position) + np.arange(len(self.balls)))
        ahead = np.arange(self.nv) - self.dof[:, None]
        return (ahead >= 0) & (ahead < np.where(ball, 3, 1)[:, None])

    def bounded(self, state: jax.Array, factor: dict[str, jax.Array]) -> Bounded:
        """The rows at `state` (S,), each of `FACTORS` scaled by `factor` (R,)."""
        own: Any = cast(self, state.dtype)
        distance, jacobian = own.geometry(state[: self.nq])
        sigmoid = impedance(own.impedance, jnp.abs(distance))
        rate = jacobian @ state[self.nq : self.nq + self.nv]
        spring = own.stiffness * factor["stiffness"] * sigmoid * distance
        there = ~self.stop | (distance < 0)
        bound = own.bound * jnp.where(self.stop, 1.0, factor["bound"])
        return Bounded(
            jacobian=jacobian,
            reference=-own.damping * factor["damping"] * rate - spring,
            stiffness=there * factor["weight"] * sigmoid / ((1 - sigmoid) * own.weight),
            lower=jnp.where(self.stop, 0.0, -bound),
            upper=bound,
            rubs=tuple(np.flatnonzero(~self.stop).tolist()),
        )

    def geometry(self, qpos: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Distance r (R,) to where each row begins, negative beyond, and its Jacobian (R, nv); friction has r = 0.

        A joint has one row for both its stops, that of the nearer. The stop of a ball is of its angle of rotation,
        whichever the axis.
        """
        below, above = self.lower - qpos[self.position], qpos[self.position] - self.upper
        angle, axis = rotation(qpos[self.balls])
        rubbing = np.flatnonzero(~self.stop)
        distance = jnp.concatenate([-jnp.maximum(below, above), self.angle - angle, jnp.zeros(len(rubbing))])
        columns = np.eye(self.nv)[self.dof]
        side = jnp.where(below > above, 1.0, -1.0)[:, None]
        first, last = len(self.position), len(self.position) + len(self.balls)
        around = self.dof[first:last, None] + np.arange(3)
        jacobian = jnp.concatenate(
            [
                side * columns[:first],
                -jnp.einsum("bi,bij->bj", axis, np.eye(self.nv)[around]),
                jnp.asarray(columns[last:], qpos.dtype),
            ]
        )
        return distance, jacobian


def rotation(quaternion: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The angle (Q,) in [0, pi] and the axis (Q, 3) of `quaternion` (Q, 4); without rotation the axis is zero."""
    real, imaginary = quaternion[:, 0], quaternion[:, 1:]
    square = (imaginary**2).sum(axis=1)
    turned = square > TINY**2
    sine = jnp.sqrt(jnp.where(turned, square, 1.0))
    angle = jnp.where(turned, 2 * jnp.arctan2(sine, jnp.abs(real)), 0.0)
    side = jnp.where(turned, jnp.where(real < 0, -1.0, 1.0) / sine, 0.0)
    return angle, side[:, None] * imaginary
