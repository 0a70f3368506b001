"""Lagrange's equations of trees of bodies, whose mass matrix and potential are networks of how the bodies stand."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from dynax.base import DynamicsModel, Variables, check_widths
from dynax.math import linalg
from dynax.mechanics.constraints import UnconstrainedStep
from dynax.mechanics.kinematics import Kinematics
from dynax.mechanics.lagrange import forces
from dynax.mechanics.limbs import FLOOR, BaseInvariance, Limb
from dynax.mjcf.actuation import Actuation
from dynax.mjcf.unsupported_forces import check_supported, unsupported_forces
from dynax.networks.layers import Hidden, check_activation

Network = Callable[[jax.Array], Any]  # to what `Entries` says


class Entries(nn.Module):
    """From what is seen of a limb (F,) the entries of a root of its mass matrix, and its potential if it has one."""

    hidden_dims: tuple[int, ...]
    activation: str
    entries: int
    potentials: int

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        small = nn.initializers.variance_scaling(0.01, "fan_in", "truncated_normal")
        deep = x
        for width in self.hidden_dims:
            deep = Hidden(width, self.activation)(deep)
        # The momenta of a body are linear in how it stands.
        out = nn.Dense(self.entries + self.potentials, kernel_init=small)(jnp.concatenate([deep, x]))
        return out[: self.entries], out[self.entries :]


class MechanicalDynamicsModel(DynamicsModel):
    """Lagrange's equations of motion, whose mass matrix and potential are networks of how the bodies stand.

        M = 1e-4 S^2 + sum over limbs of T^T S G^T G S T  S = diag(1 / sqrt(dof_invweight0))
        c = what this kinetic energy says                 `geometry.lagrange`
        tau = B u - k (q - q0) - D v + M g                gravity is an acceleration of a base that floats
        dv = dt (M + dt D)^-1 (tau - c)                   MuJoCo's semi-implicit Euler, implicit in damping

    G of a limb has a row for each momentum of its bodies, from a network of their places and rotations as the base sees
    them; T turns the base's linear velocity into its axes. A row is zero for what does not move its body, so that M has
    the zeros of a tree's mass matrix (Featherstone 2008, Rigid Body Dynamics Algorithms, chapter 6). Of a tree that
    stands in the world T is the identity, and the network gives its potential as well. Forces of springs, dampers and
    actuators are as the MJCF has them, times learned factors.

    Raises `UserError` at construction for a robot that other forces move (tendons with springs, fluids, activations).
    """

    prior_knowledge: ClassVar = (
        "Lagrange's equations of motion, and where the joints are",
        "gravity, springs, dampers and actuators, started from the MJCF",
        "the scale of the mass matrix and of weight",
    )

    constraints: str = "layer"
    hidden_dims: tuple[int, ...] = (64, 64)
    activation: str = "glu"

    def __post_init__(self):
        check_widths("model.hidden_dims", self.hidden_dims)
        check_activation(self.activation)
        self.check_one_step()
        check_supported("mechanical", self.env.name, unsupported_forces(self.env.mj_model))
        super().__post_init__()

    @nn.compact
    def unconstrained(
        self, states: jax.Array, actions: jax.Array, normalization: Variables, training: bool = False
    ) -> UnconstrainedStep:
        space, model, dt = self.env.space, self.env.mj_model, self.env.dt
        q, v = space.positions(states[-1]), space.qvel(states[-1])
        ground, limbs, kinematics = BaseInvariance.of(model, space.invariant), Limb.every(model), Kinematics.of(model)
        poses = kinematics(space.qpos(states[-1]).at[ground.zero].set(0.0))
        networks = [
            self._network(f"limb{i}", limb, limb.seen(poses.position, poses.rotation)) for i, limb in enumerate(limbs)
        ]

        def each_limb(position: jax.Array, rotation: jax.Array) -> Iterator[tuple[Limb, jax.Array, jax.Array]]:
            """Each limb, the root of its mass matrix and its potential energy."""
            for limb, network in zip(limbs, networks, strict=True):
                entries, height = network(limb.seen(position, rotation))
                yield limb, limb.root(entries), limb.weight * height.sum()

        def lagrangian(position: jax.Array, rotation: jax.Array, v: jax.Array) -> jax.Array:
            total = jnp.zeros(())
            for limb, root, potential in each_limb(position, rotation):
                total += jnp.sum((root @ limb.rates(rotation, v)) ** 2) / 2 - potential
            return total

        force = forces(space, kinematics, lagrangian, poses, jnp.where(ground.linear, 0.0, v), ground.idle)
        inertia = jnp.diag(FLOOR / model.dof_invweight0)
        for limb, root, _ in each_limb(poses.position, poses.rotation):
            inertia += limb.inertia(root, poses.rotation)
        drive, damping = self._driven(q, v, actions[-1])
        tau = drive - force + inertia @ ground.fall
        inertia += jnp.diag(ground.linear * model.dof_armature)  # on which gravity does not act
        return UnconstrainedStep(dt * linalg.solve(inertia + dt * jnp.diag(damping), tau), inertia, damping)

    def _network(self, name: str, limb: Limb, example: jax.Array) -> Network:
        """The network of a limb as a function alone, which may be differentiated."""
        network = Entries(self.hidden_dims, self.activation, limb.mask.size, int(not limb.floats))
        params = self.param(name, lambda key: network.init(key, example)["params"])
        return lambda x: network.apply({"params": params}, x)

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
                if given.implicit:  # but a saturated actuator has the force of its bound, whatever the velocity
                    within = (force > given.lowest) & (force < given.highest)
                    damping = damping - (given.moment**2) @ (within * given.bias[:, 2] * rate)
            tau += given.moment @ jnp.clip(force, given.lowest, given.highest)
        return tau, damping
