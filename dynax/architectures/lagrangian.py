"""Lagrange's equations with a mass matrix that is the square of a Jacobian."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Bool, Float

from dynax.architectures.embedding import Embedding
from dynax.architectures.structured import StructuredDynamicsModel
from dynax.base import Variables
from dynax.components.contact_cache import ContactCache
from dynax.components.friction import learned_friction
from dynax.config.bounds import MAX_WIDTH
from dynax.errors import UserError, check_range
from dynax.math import linalg
from dynax.mechanics.constraints import UnconstrainedStep
from dynax.mjcf.joints import AT_JOINTS
from dynax.mjcf.unsupported_forces import check_supported, nonlinear_actuators, unsupported_forces


class LagrangianDynamicsModel(StructuredDynamicsModel):
    """Lagrange's equations with a learned embedding p(q), potential V(q), input matrix B, armature and damping D.

    With the kinetic energy 1/2 |dp/dt|^2 + 1/2 v^T A v and J = dp/dq,

        M = J^T J + A                                        mass matrix
        tau = -J^T (d^2p/dq^2)[v, v] - grad V + B u - D v    Euler-Lagrange
        dv = dt (M + dt D)^-1 tau                            MuJoCo's Euler, implicit in joint damping; D is 0 for RK4

    Lutter et al. 2019 (Deep Lagrangian Networks) learn a Lagrangian with M itself. The embedding p makes the velocity
    terms cheap and M positive definite. See `Embedding` for p and V. Masses and lengths are learned. The form of the
    equations is given, and so are the joint and the direction of each actuator and the joints with armature, springs or
    servos.

    Raises:
        UserError: for joints other than hinges and slides, for actuators that do not act on joints, and for forces
            that the equations do not contain.
    """

    prior_knowledge: ClassVar[tuple[str, ...]] = (
        "form of the equations of motion",
        "joint of each actuator, and joints with springs",
    )

    embedding_dim: int = 9  # entries of p, K
    friction: bool = False  # dry friction and constant forces, for real machines

    def __post_init__(self) -> None:
        model, name = self.env.mj_model, self.env.name
        check_range("model.embedding_dim", self.embedding_dim, self.env.space.nv, MAX_WIDTH)  # M is singular with fewer
        if self.env.space.nq != self.env.space.nv or model.na or model.nmocap:
            raise UserError(
                f"model.architecture=lagrangian supports only hinges, slides and motors, and {name} has others: "
                "use model=mechanical or a generic network"
            )
        if not np.isin(model.actuator_trntype, AT_JOINTS).all():
            raise UserError(
                f"model.architecture=lagrangian supports only actuators on joints, and {name} has others: "
                "use model=quadratic or a generic network"
            )
        check_supported("lagrangian", name, (*unsupported_forces(model), *nonlinear_actuators(model)))
        super().__post_init__()

    @nn.compact
    def unconstrained(
        self,
        states: Float[Array, "1 S"],
        actions: Float[Array, "1 A"],
        normalization: Variables,
        training: bool = False,
        cache: ContactCache | None = None,
    ) -> UnconstrainedStep:
        """Return the step of one sample without constraints, see `BaseDynamicsModel.unconstrained`."""
        space, dt, model = self.env.space, self.env.timestep, self.env.mj_model
        q, v = states[-1][: space.nv], states[-1][space.nv :]
        position, potential = Embedding(space, self.embedding_dim).functions(self.param)

        def velocity(q: jax.Array) -> jax.Array:
            return jax.jvp(position, (q,), (v,))[1]

        jacobian = jax.jacfwd(position)(q)
        bias = jax.jvp(velocity, (q,), (v,))[1]  # acceleration of p at constant v, (K,)
        # A square can return from zero while the other parameters converge, an exponential cannot.
        damping = self.param("damping", nn.initializers.constant(0.1), (space.nv,)) ** 2
        mass_matrix = jacobian.T @ jacobian
        if (has_armature := model.dof_armature > 0).any():
            armature = jnp.exp(self.param("armature", nn.initializers.constant(-4.0), (space.nv,)))
            mass_matrix += jnp.diag(has_armature * armature)
        drive = drive_directions(model) * jnp.exp(self.param("gear", nn.initializers.zeros, (self.action_dim,)))
        tau = drive @ actions[-1] - jacobian.T @ bias - jax.grad(potential)(q) - damping * v
        if (pulled := has_position_force(model)).any():
            spring = self.param("spring", nn.initializers.zeros, (3, space.nv))  # stiffness, damping, rest force
            tau = tau - pulled * (spring[0] * q + spring[1] * v + spring[2])
        if self.friction:
            tau = tau + learned_friction(self.param, v, self._velocity_unit(normalization))
        implicit = self.env.implicit_damping * damping
        return UnconstrainedStep(dt * linalg.solve(mass_matrix + dt * jnp.diag(implicit), tau), mass_matrix, implicit)

    def _velocity_unit(self, normalization: Variables) -> Float[Array, " nv"]:
        """Return the standard deviation of the velocities, which are features."""
        first = self.representation.sizes[0]
        return jnp.asarray(normalization["features"]["std"])[first : first + self.env.space.nv]


def drive_directions(model: mujoco.MjModel) -> Float[np.ndarray, "nv nu"]:
    """Return the degree of freedom and the direction of each actuator: 1, -1 or 0."""
    matrix = np.zeros((model.nv, model.nu))
    matrix[model.jnt_dofadr[model.actuator_trnid[:, 0]], np.arange(model.nu)] = np.sign(model.actuator_gear[:, 0])
    return matrix


def has_position_force(model: mujoco.MjModel) -> Bool[np.ndarray, " nv"]:
    """Return whether a spring or an actuator pulls each degree of freedom to a position."""
    pulled = model.jnt_stiffness != 0
    servo = model.actuator_biastype != mujoco.mjtBias.mjBIAS_NONE
    pulled[model.actuator_trnid[servo, 0]] = True
    return pulled
