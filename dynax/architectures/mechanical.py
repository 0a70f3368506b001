"""The equations of motion of a tree of bodies, with networks of the joint angles for what only the angles decide."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dynax import actuation, features, linalg
from dynax.activations import Hidden, check_activation
from dynax.actuation import Actuation
from dynax.base import DynamicsModel, Variables, check_widths
from dynax.constraints import Free
from dynax.geometry.kinematics import Kinematics
from dynax.geometry.trees import Pattern, Tree, trees

FLOOR = 1e-4  # of the scaled mass matrix, so that it can be inverted whatever the network says


class MechanicalDynamicsModel(DynamicsModel):
    """M(q) dv/dt + c(q, v) = tau, with M, c and gravity from networks of the joint angles theta.

    Of a tree that floats, in the axes of its base (T turns the base's linear velocity into them):

        M = T^T S (L^T L + 1e-4) S T           L(theta) sparse as the tree is, S = diag(1 / sqrt(dof_invweight0))
        c = T^T S Gamma(theta) [w w^T]         w the rates of joints and base; the base's linear velocity does not enter
        tau = B u - k (q - q0) - D v + M g     gravity is an acceleration of the base
        dv = dt (M + dt D)^-1 (tau - c)        MuJoCo's semi-implicit Euler, implicit in damping

    Of a tree that stands in the world T is the identity and gravity a network as well. L^T L has the zeros of a tree's
    mass matrix when L has them (Featherstone 2008, Rigid Body Dynamics Algorithms, chapter 6), and Gamma those of its
    Coriolis terms. Forces of springs, dampers and actuators are as the MJCF has them, times learned factors.

    Raises `UserError` at construction for a robot that other forces move (tendons with springs, fluids, activations).
    """

    structure: ClassVar = (
        "the form of the equations of motion, and the tree of joints",
        "gravity, springs, dampers and actuators, started from the MJCF",
    )

    constraints: str = "layer"
    hidden_dims: tuple[int, ...] = (128, 128)
    activation: str = "glu"

    def __post_init__(self):
        check_widths("model.hidden_dims", self.hidden_dims)
        check_activation(self.activation)
        self.check_one_step()
        actuation.refuse("mechanical", self.env.name, actuation.unsupported(self.env.mj_model))
        super().__post_init__()

    @nn.compact
    def free(self, states: jax.Array, actions: jax.Array, normalization: Variables, training: bool = False) -> Free:
        space, model, dt = self.env.space, self.env.mj_model, self.env.dt
        state, kinematics = states[-1], Kinematics.of(model)
        poses = kinematics(space.qpos(state))
        q, v = space.positions(state), space.qvel(state)
        inertia, force = jnp.zeros((space.nv, space.nv)), jnp.zeros(space.nv)
        for number, tree in enumerate(trees(model)):
            mass, other = self._tree(number, tree, state, poses.rotation[tree.body], v, normalization)
            inertia = inertia.at[jnp.ix_(tree.dofs, tree.dofs)].set(mass)
            force = force.at[tree.dofs].set(other)
        drive, damping = self._driven(q, v, actions[-1])
        return Free(dt * linalg.solve(inertia + dt * jnp.diag(damping), drive + force), inertia, damping)

    def _tree(
        self, number: int, tree: Tree, state: jax.Array, rotation: jax.Array, v: jax.Array, normalization: Variables
    ) -> tuple[jax.Array, jax.Array]:
        """The mass matrix (k, k) of a tree and the generalised forces (k,) of its gravity and its velocities."""
        space, model = self.env.space, self.env.mj_model
        own, k = Pattern.of(model, tree), len(tree.dofs)
        hidden = np.ones(space.nv, bool)
        hidden[own.inner] = False
        x = features.positions(space, state, "sincos", hidden | space.invariant)
        x = jnp.append(x, 1.0)  # so that there is something to see of a lone body
        for layer, width in enumerate(self.hidden_dims):
            x = Hidden(width, self.activation, name=f"tree{number}_hidden{layer}")(x)
        small = nn.initializers.variance_scaling(0.01, "fan_in", "truncated_normal")
        entries = nn.Dense(len(own.entries[0]), kernel_init=small, name=f"tree{number}_inertia")(x)
        lower = 0.7 * jnp.eye(k).at[own.entries].add(entries)
        scale = 1 / np.sqrt(model.dof_invweight0[tree.dofs])
        body = (lower.T @ lower + FLOOR * jnp.eye(k)) * scale[:, None] * scale

        turn, at = jnp.eye(k), np.searchsorted(tree.dofs, tree.linear)
        if tree.floats:
            directions = np.asarray(tree.directions, state.dtype)
            turn = turn.at[jnp.ix_(at, at)].set(directions.T @ rotation.T @ directions)
        mass = turn.T @ body @ turn

        rates = v[own.rates] / self._rate_scale(normalization)[own.rates]
        products = rates[own.pairs[0]] * rates[own.pairs[1]]
        terms = nn.Dense(len(own.terms[0]), kernel_init=small, name=f"tree{number}_velocity")(x)
        gamma = jnp.zeros(k).at[own.terms[0]].add(terms * products[own.terms[1]])
        other = -turn.T @ (scale * gamma)
        if tree.floats:
            fall = jnp.zeros(k).at[at].set(tree.directions.T @ model.opt.gravity)
            return mass, other + mass @ fall
        weight = nn.Dense(k, kernel_init=small, name=f"tree{number}_gravity")(x)
        return mass, other + scale * weight * np.linalg.norm(model.opt.gravity)

    def _rate_scale(self, normalization: Variables) -> jax.Array:
        """The deviation (nv,) of every velocity over the data."""
        positions, velocities, _ = self.representation.sizes
        return normalization["features"]["std"][positions : positions + velocities]

    def _driven(self, q: jax.Array, v: jax.Array, action: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The forces (nv,) of springs, dampers and actuators, and the damping (nv,) that a step treats implicitly."""
        given, nu = Actuation.of(self.env.mj_model), self.env.mj_model.nu

        def factor(name: str, count: int) -> jax.Array:
            return jnp.exp(self.param(name, nn.initializers.zeros, (count,)))

        damping = jnp.asarray(given.damping) * factor("damping", len(v))
        tau = -damping * v
        if given.stiffness.any():
            tau -= given.stiffness * factor("stiffness", len(v)) * (q - given.rest)
        if nu:
            force = given.gain * factor("gain", nu) * action[:nu]
            if given.servo.any():
                position, rate = factor("position_gain", nu), factor("rate_gain", nu)
                length, speed = given.moment.T @ q, given.moment.T @ v
                force += given.bias[:, 0] + given.bias[:, 1] * position * length + given.bias[:, 2] * rate * speed
                if given.implicit:
                    damping = damping - (given.moment**2) @ (given.bias[:, 2] * rate)
            tau += given.moment @ jnp.clip(force, given.lowest, given.highest)
        return tau, damping
