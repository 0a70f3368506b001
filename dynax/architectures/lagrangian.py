"""A robot as a point in a space of more dimensions: its mass matrix is the Jacobian of where it is."""

import itertools
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import linen as nn

from dynax.base import DynamicsModel, Variables
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError, check_range
from dynax.math import linalg
from dynax.mechanics.constraints import UnconstrainedStep
from dynax.mjcf.joints import AT_JOINTS
from dynax.mjcf.unsupported_forces import check_supported, nonlinear_actuators, unsupported_forces

LARGEST = 81  # terms; with more of them the embedding is a network
HIDDEN = (32, 32)


class LagrangianDynamicsModel(DynamicsModel):
    """Lagrange's equations with a learned embedding p(q), potential V(q), input matrix B, armature and damping D.

    With the kinetic energy 1/2 |dp/dt|^2 + 1/2 v^T A v and J = dp/dq,

        M = J^T J + A                                        mass matrix
        tau = -J^T (d^2p/dq^2)[v, v] - grad V + B u - D v    Euler-Lagrange
        dv = dt (M + dt D)^-1 tau                            MuJoCo's Euler, implicit in joint damping

    Learning a Lagrangian is the idea of Lutter et al. 2019 (Deep Lagrangian Networks), who learn M itself; p makes the
    velocity terms cheap and M positive definite. A chain of hinges and slides has its exact p and V among the products
    of {1, sin q_i, cos q_i} and {1, q_i}, as every point of it does; with more than `LARGEST` products p and V are
    networks of the sines and cosines. Masses and lengths are learned; the form of the equations, which joint each
    actuator drives and in which direction, and which joints have armature or are sprung, are given.

    Raises `UserError` at construction for actuators on anything but joints.
    """

    prior_knowledge: ClassVar = (
        "the form of the equations of motion",
        "which joint each actuator drives, and which are sprung",
    )

    constraints: str = "layer"
    embedding_dim: int = 9  # coordinates of p

    def __post_init__(self):
        check_range("model.embedding_dim", self.embedding_dim, self.env.space.nv)  # with fewer M is singular
        model = self.env.mj_model
        self.check_one_step()
        if self.env.space.nq != self.env.space.nv or model.na or model.nmocap:
            raise UserError(
                f"model.architecture=lagrangian knows hinges, slides and motors alone, and {self.env.name} has more: "
                "use model=mechanical or a generic network"
            )
        if not np.isin(model.actuator_trntype, AT_JOINTS).all():
            raise UserError(
                f"model.architecture=lagrangian knows actuators on joints alone, and {self.env.name} has others: "
                "use model=quadratic or a generic network"
            )
        others = *unsupported_forces(model), *nonlinear_actuators(model)
        check_supported("lagrangian", self.env.name, others)
        super().__post_init__()

    @nn.compact
    def unconstrained(
        self, states: jax.Array, actions: jax.Array, normalization: Variables, training: bool = False
    ) -> UnconstrainedStep:
        space, dt, action = self.env.space, self.env.dt, actions[-1]
        q, v = states[-1][: space.nv], states[-1][space.nv :]
        embedding, potential = self._functions()

        def velocity(at: jax.Array) -> jax.Array:
            return jax.jvp(embedding, (at,), (v,))[1]

        jacobian = jax.jacfwd(embedding)(q)
        bend = jax.jvp(velocity, (q,), (v,))[1]  # (K,) the acceleration of p at constant v
        # A square, not an exponential: a damping that seems to be zero must be able to return once the rest fits.
        damping = self.param("damping", nn.initializers.constant(0.1), (space.nv,)) ** 2
        inertia = jacobian.T @ jacobian
        if (geared := self.env.mj_model.dof_armature > 0).any():
            inertia += jnp.diag(geared * jnp.exp(self.param("armature", nn.initializers.constant(-4.0), (space.nv,))))
        drive = drives(self.env.mj_model) * jnp.exp(self.param("gear", nn.initializers.zeros, (self.action_dim,)))
        tau = drive @ action - jacobian.T @ bend - jax.grad(potential)(q) - damping * v
        if has_position_force(self.env.mj_model).any():
            spring = self.param("spring", nn.initializers.zeros, (3, space.nv))  # stiffness, damping, rest force
            tau = tau - has_position_force(self.env.mj_model) * (spring[0] * q + spring[1] * v + spring[2])
        return UnconstrainedStep(dt * linalg.solve(inertia + dt * jnp.diag(damping), tau), inertia, damping)

    def _functions(self) -> tuple[Any, Any]:
        """The embedding q (nv,) -> p (K,) and the potential q -> V, up to a constant."""
        space, k = self.env.space, self.embedding_dim
        straight = space.invariant
        if (count := num_products(space)) or straight.all():
            shape = (k + 1, int(straight.sum()) + count)
            weights = self.param("embedding", nn.initializers.normal(0.5), shape)

            def both(q: jax.Array) -> jax.Array:
                return weights @ jnp.concatenate([q[straight], products(space, q)])
        else:
            linear = self.param("embedding", nn.initializers.normal(0.5), (k + 1, int(straight.sum())))
            sizes = [2 * int((space.hinge & ~straight).sum()) + int((~space.hinge & ~straight).sum()), *HIDDEN, k + 1]
            layers = [
                self.param(f"kernel_{i}", nn.initializers.lecun_normal(), shape)
                for i, shape in enumerate(itertools.pairwise(sizes))
            ]

            def both(q: jax.Array) -> jax.Array:
                turning, sliding = q[space.hinge & ~straight], q[~space.hinge & ~straight]
                x = jnp.concatenate([jnp.sin(turning), jnp.cos(turning), sliding])
                for kernel in layers[:-1]:
                    x = nn.tanh(x @ kernel)
                return linear @ q[straight] + x @ layers[-1]

        return lambda q: both(q)[:k], lambda q: both(q)[k]


def num_products(space: StateSpace) -> int:
    """How many products of one term a joint there are, the constant apart; 0 where they are too many."""
    terms = np.where(space.hinge, 3, 2)[~space.invariant]
    count = int(np.prod(terms)) - 1
    return count if count < LARGEST else 0


def products(space: StateSpace, q: jax.Array) -> jax.Array:
    """All products of one term of each joint, {1, sin q, cos q} of a hinge and {1, q} of a slide, but the constant."""
    terms = jnp.ones(1)
    for j in np.flatnonzero(~space.invariant):
        own = jnp.stack([jnp.ones_like(q[j]), jnp.sin(q[j]), jnp.cos(q[j])] if space.hinge[j] else [1.0, q[j]])
        terms = jnp.outer(terms, own).ravel()
    return terms[1:]


def drives(model: mujoco.MjModel) -> np.ndarray:
    """(nv, nu) which degree of freedom each actuator drives, and in which direction: 1, -1 or 0."""
    matrix = np.zeros((model.nv, model.nu))
    matrix[model.jnt_dofadr[model.actuator_trnid[:, 0]], np.arange(model.nu)] = np.sign(model.actuator_gear[:, 0])
    return matrix


def has_position_force(model: mujoco.MjModel) -> np.ndarray:
    """(nv,) bool: degrees of freedom pulled to a position, by a spring or by an actuator."""
    pulled = model.jnt_stiffness != 0
    servo = model.actuator_biastype != mujoco.mjtBias.mjBIAS_NONE
    pulled[model.actuator_trnid[servo, 0]] = True
    return pulled
