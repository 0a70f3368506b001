"""The constraint rows at the joints of a robot: joint limits and dry friction.

Source: MuJoCo documentation, Computation: Constraint model.

The R rows are ordered: P limits of hinges and slides, then Q limits of ball joints, then dry friction.
"""

from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from dynax.math.arrays import AnyArray
from dynax.mechanics.constraints.parameters import as_jax, clip_solimp, impedance, reference_gains
from dynax.mechanics.constraints.rows import UNBOUNDED, BoundedRows
from dynax.mjcf.joints import BALL, FREE

FACTORS = ("stiffness", "damping", "weight", "bound")  # names of the factors that scale each row
MIN_SINE = 1e-12  # sine of half the angle below which a rotation has no axis


@dataclass(frozen=True, eq=False)
class JointRows:
    """The rows at the joints of a model, with the parameters of the MJCF. Build them once with `JointRows.of`."""

    nq: int
    nv: int
    position: Int[np.ndarray, " P"]  # index in qpos of a hinge or slide with limits
    lower: Float[AnyArray, " P"]  # position at which the lower limit becomes active, rad or m
    upper: Float[AnyArray, " P"]  # position at which the upper limit becomes active, rad or m
    balls: Int[np.ndarray, "Q 4"]  # indices in qpos of the quaternion of a ball joint with a limit
    angle: Float[AnyArray, " Q"]  # angle at which this limit becomes active, rad
    dof: Int[np.ndarray, " R"]  # degree of freedom of the row, the first of three for a ball joint
    bound: Float[AnyArray, " R"]  # largest force, N or N m
    stiffness: Float[AnyArray, " R"]  # K of aref = -B v - K imp r, 1/s^2; r is negative if a limit is active
    damping: Float[AnyArray, " R"]  # B, 1/s
    solimp: Float[AnyArray, "R 5"]
    invweight: Float[AnyArray, " R"]  # inverse inertia that scales the impedance, `dof_invweight0`
    dof_invweight: Float[AnyArray, " nv"] = field(repr=False)  # `dof_invweight0` of every degree of freedom

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "JointRows":
        """Return the rows of a model; there are none without joint limits and dry friction."""
        limits, friction = _enabled(model)
        scalar, ball = np.flatnonzero(limits & (model.jnt_type != BALL)), limits & (model.jnt_type == BALL)
        joints = np.concatenate([scalar, np.flatnonzero(ball)])
        dof = np.concatenate([model.jnt_dofadr[joints], friction])
        solimp = clip_solimp(np.concatenate([model.jnt_solimp[joints], model.dof_solimp[friction]]))
        solref = np.concatenate([model.jnt_solref[joints], model.dof_solref[friction]])
        stiffness, damping = reference_gains(model, solref, solimp[:, 1])
        is_limit = np.arange(len(dof)) < len(joints)
        return cls(
            nq=model.nq,
            nv=model.nv,
            position=model.jnt_qposadr[scalar],
            lower=model.jnt_range[scalar, 0] + model.jnt_margin[scalar],
            upper=model.jnt_range[scalar, 1] - model.jnt_margin[scalar],
            balls=model.jnt_qposadr[ball][:, None] + np.arange(4, dtype=np.int32),
            angle=model.jnt_range[ball].max(axis=1, initial=0) - model.jnt_margin[ball],
            dof=dof,
            bound=np.where(is_limit, UNBOUNDED, model.dof_frictionloss[dof]),
            stiffness=np.where(is_limit, stiffness, 0.0),
            damping=damping,
            solimp=solimp,
            invweight=model.dof_invweight0[dof],
            dof_invweight=model.dof_invweight0,
        )

    def __len__(self) -> int:
        """Return the number R of rows."""
        return len(self.dof)

    @property
    def joint_limit(self) -> Bool[np.ndarray, " R"]:
        """Whether a row is a joint limit; otherwise it is dry friction."""
        return np.arange(len(self)) < len(self.position) + len(self.balls)

    @property
    def dof_mask(self) -> Bool[np.ndarray, "R nv"]:
        """The degrees of freedom on which each row acts: one, or three for a ball joint."""
        ball = np.isin(np.arange(len(self)), len(self.position) + np.arange(len(self.balls)))
        offset = np.arange(self.nv) - self.dof[:, None]
        return (offset >= 0) & (offset < np.where(ball, 3, 1)[:, None])

    def rows(self, state: Float[AnyArray, " S"], factor: dict[str, Any]) -> BoundedRows:
        """Return the rows at a state.

        Args:
            state: [qpos, qvel, ...].
            factor: by the names in `FACTORS`, factors (R,) on the parameters of the MJCF.
        """
        mjcf: Any = as_jax(self, state.dtype)
        distance, jacobian = mjcf.distance_and_jacobian(state[: self.nq])
        sigmoid = impedance(mjcf.solimp, jnp.abs(distance))
        velocity = jacobian @ state[self.nq : self.nq + self.nv]
        spring = mjcf.stiffness * factor["stiffness"] * sigmoid * distance
        active = ~self.joint_limit | (distance < 0)
        bound = mjcf.bound * jnp.where(self.joint_limit, 1.0, factor["bound"])
        return BoundedRows(
            jacobian=jacobian,
            reference=-mjcf.damping * factor["damping"] * velocity - spring,
            weight=active * factor["weight"] * sigmoid / ((1 - sigmoid) * mjcf.invweight),
            lower=jnp.where(self.joint_limit, 0.0, -bound),
            upper=bound,
            two_sided=tuple(np.flatnonzero(~self.joint_limit).tolist()),
        )

    def distance_and_jacobian(self, qpos: Float[AnyArray, " nq"]) -> tuple[Float[Array, " R"], Float[Array, "R nv"]]:
        """Return the distance r of each row to its limit, and the Jacobian of r.

        The distance is negative if the limit is active, and zero for friction. A hinge or slide has one row for both
        limits, which refers to the nearer one. The limit of a ball joint applies to its rotation angle.
        """
        past_lower, past_upper = self.lower - qpos[self.position], qpos[self.position] - self.upper
        angle, axis = angle_and_axis(qpos[self.balls])
        friction = np.flatnonzero(~self.joint_limit)
        distance = jnp.concatenate([-jnp.maximum(past_lower, past_upper), self.angle - angle, jnp.zeros(len(friction))])
        columns = np.eye(self.nv)[self.dof]
        side = jnp.where(past_lower > past_upper, 1.0, -1.0)[:, None]
        first, last = len(self.position), len(self.position) + len(self.balls)
        ball_dofs = self.dof[first:last, None] + np.arange(3)
        jacobian = jnp.concatenate(
            [
                side * columns[:first],
                -jnp.einsum("bi,bij->bj", axis, np.eye(self.nv)[ball_dofs]),
                jnp.asarray(columns[last:], qpos.dtype),
            ]
        )
        return distance, jacobian


def angle_and_axis(quaternion: Float[AnyArray, "Q 4"]) -> tuple[Float[Array, " Q"], Float[Array, "Q 3"]]:
    """Return the angles in [0, pi] and the unit axes of quaternions; without rotation the axis is zero."""
    real, imaginary = quaternion[:, 0], quaternion[:, 1:]
    square = (imaginary**2).sum(axis=1)
    rotated = square > MIN_SINE**2
    sine = jnp.sqrt(jnp.where(rotated, square, 1.0))
    angle = jnp.where(rotated, 2 * jnp.arctan2(sine, jnp.abs(real)), 0.0)
    side = jnp.where(rotated, jnp.where(real < 0, -1.0, 1.0) / sine, 0.0)
    return angle, side[:, None] * imaginary


def _enabled(model: mujoco.MjModel) -> tuple[np.ndarray, np.ndarray]:
    """Return which joints have enabled limits (njnt,), and the degrees of freedom with enabled dry friction."""
    disabled = model.opt.disableflags
    if disabled & mujoco.mjtDisableBit.mjDSBL_CONSTRAINT:
        disabled |= mujoco.mjtDisableBit.mjDSBL_LIMIT | mujoco.mjtDisableBit.mjDSBL_FRICTIONLOSS
    has_limits, has_friction = (model.jnt_limited != 0) & (model.jnt_type != FREE), model.dof_frictionloss > 0
    limits = has_limits & (not disabled & mujoco.mjtDisableBit.mjDSBL_LIMIT)
    return limits, np.flatnonzero(has_friction & (not disabled & mujoco.mjtDisableBit.mjDSBL_FRICTIONLOSS))
