"""Lagrange's equations with networks for the mass matrix and the potential."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.structured import StructuredDynamicsModel
from dynax.base import Variables
from dynax.components.contact_cache import ContactCache
from dynax.components.joint_forces import JointForces
from dynax.components.layers import Hidden, check_activation, check_widths
from dynax.components.parts import part
from dynax.math import linalg
from dynax.mechanics.constraints import UnconstrainedStep
from dynax.mechanics.kinematics import Kinematics
from dynax.mechanics.lagrange import bias_force
from dynax.mechanics.limbs import MIN_INERTIA, BaseInvariance, Limb
from dynax.mjcf.actuation import Actuation
from dynax.mjcf.unsupported_forces import check_supported, unsupported_forces

Network = Callable[[jax.Array], Any]  # inputs of a limb -> outputs of `Entries`


class Entries(nn.Module):
    """The network of a limb: entries of a root of its mass matrix, and its potential energy if its base is fixed."""

    hidden_dims: tuple[int, ...]
    activation: str
    entries: int
    potentials: int

    @nn.compact
    def __call__(self, x: Float[Array, " inputs"]) -> tuple[Float[Array, " entries"], Float[Array, " potentials"]]:
        """Return the entries and the potentials."""
        small = nn.initializers.variance_scaling(0.01, "fan_in", "truncated_normal")
        deep = x
        for width in self.hidden_dims:
            deep = Hidden(width, self.activation)(deep)
        # The momenta of a body are linear in its rotation and position.
        out = nn.Dense(self.entries + self.potentials, kernel_init=small)(jnp.concatenate([deep, x]))
        return out[: self.entries], out[self.entries :]


class MechanicalDynamicsModel(StructuredDynamicsModel):
    """Lagrange's equations of motion. Networks of the poses of the bodies give the mass matrix and the potential.

        M = 1e-4 S^2 + sum over limbs of T^T S G^T G S T  S = diag(1 / sqrt(dof_invweight0))
        c = forces from this kinetic energy               `mechanics.lagrange`
        tau = B u - k (q - q0) - D v + M g                gravity accelerates a floating base
        dv = dt (M + dt D)^-1 (tau - c)                   MuJoCo's Euler, implicit in damping; D is 0 for RK4

    G of a limb has one row for each momentum of its bodies. Its network reads their positions and rotations in the base
    frame. T rotates the linear velocity of the base into the axes of the base. A row is zero for degrees of freedom
    that do not move its body. M therefore has the zeros of the mass matrix of a tree (Featherstone 2008, Rigid Body
    Dynamics Algorithms, chapter 6). For a tree with a fixed base, T is the identity and the network also gives the
    potential. Forces of springs, dampers and actuators are those of the MJCF with learned factors.

    Raises:
        UserError: for a robot with forces that the equations do not contain, for example tendon springs, fluids or
            activations.
    """

    prior_knowledge: ClassVar[tuple[str, ...]] = (
        "Lagrange's equations of motion and the joint frames",
        "gravity, springs, dampers and actuators, initialized from the MJCF",
        "scale of the mass matrix and of weight",
    )

    hidden_dims: tuple[int, ...] = (64, 64)
    activation: str = "glu"

    def __post_init__(self) -> None:
        check_widths("model.hidden_dims", self.hidden_dims)
        check_activation(self.activation)
        check_supported("mechanical", self.env.name, unsupported_forces(self.env.mj_model))
        super().__post_init__()

    @part
    def base(self) -> BaseInvariance:
        """The invariances of the bases of the robot."""
        return BaseInvariance.of(self.env.mj_model, self.env.space.invariant)

    @part
    def limbs(self) -> list[Limb]:
        """The limbs of the robot."""
        return Limb.all_of(self.env.mj_model)

    @part
    def kinematics(self) -> Kinematics:
        """The forward kinematics of the robot."""
        return Kinematics.of(self.env.mj_model)

    @part
    def joint_forces(self) -> JointForces:
        """The forces of springs, dampers and actuators."""
        return JointForces(Actuation.of(self.env.mj_model))

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
        space, model, dt, base = self.env.space, self.env.mj_model, self.env.timestep, self.base
        q, v = space.positions(states[-1]), space.qvel(states[-1])
        poses = self.kinematics(space.qpos(states[-1]).at[base.invariant_qpos].set(0.0))
        inputs = [limb.relative_poses(poses.position, poses.rotation) for limb in self.limbs]
        pairs = enumerate(zip(self.limbs, inputs, strict=True))
        networks = [self._network(f"limb{i}", limb, x) for i, (limb, x) in pairs]

        def roots(position: jax.Array, rotation: jax.Array) -> Iterator[tuple[Limb, jax.Array, jax.Array]]:
            """Yield each limb, the root of its mass matrix and its potential energy."""
            for limb, network in zip(self.limbs, networks, strict=True):
                entries, height = network(limb.relative_poses(position, rotation))
                yield limb, limb.root(entries), limb.weight * height.sum()

        def lagrangian(position: jax.Array, rotation: jax.Array, v: jax.Array) -> jax.Array:
            total = jnp.zeros(())
            for limb, root, potential in roots(position, rotation):
                total += jnp.sum((root @ limb.rates(rotation, v)) ** 2) / 2 - potential
            return total

        relative_v = jnp.where(base.base_translation, 0.0, v)
        force = bias_force(space, self.kinematics, lagrangian, poses, relative_v, base.invariant)
        mass_matrix = jnp.diag(MIN_INERTIA / model.dof_invweight0)
        for limb, root, _ in roots(poses.position, poses.rotation):
            mass_matrix += limb.mass_matrix(root, poses.rotation)
        drive, damping = self.joint_forces(self.param, q, v, actions[-1][: model.nu])
        tau = drive - force + mass_matrix @ base.gravity
        mass_matrix += jnp.diag(base.base_translation * model.dof_armature)  # gravity does not act on armature
        implicit = self.env.implicit_damping * damping
        return UnconstrainedStep(dt * linalg.solve(mass_matrix + dt * jnp.diag(implicit), tau), mass_matrix, implicit)

    def _network(self, name: str, limb: Limb, example: jax.Array) -> Network:
        """Return the network of a limb as a pure function, so that `bias_force` can differentiate it."""
        network = Entries(self.hidden_dims, self.activation, limb.mask.size, int(not limb.floating_base))
        params = self.param(name, lambda key: network.init(key, example)["params"])
        return lambda x: network.apply({"params": params}, x)
