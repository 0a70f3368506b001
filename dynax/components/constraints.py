"""The constraint layer with learned parameters."""

import math
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.components.mass_matrix import Inertia
from dynax.envs.env import Env
from dynax.errors import UserError
from dynax.mechanics.collision.contacts import Contacts, SlotContacts
from dynax.mechanics.constraints import ConstraintLayer, ContactRows, JointRows, UnconstrainedStep
from dynax.mechanics.constraints.layer import ContactMotions
from dynax.representation.frames import BaseFrame, WorldFrame
from dynax.representation.representation import Representation
from dynax.representation.targets import AccelerationTarget, target_of


class LearnedConstraints(nn.Module):
    """Joint limits, joint friction and contacts, applied to an unconstrained step.

    The MJCF gives the configurations in which constraints are active. The compliance K, B and D of each joint row and
    each pair of geoms, and the bound of its friction, are those of the MJCF times a factor. The factors are learned,
    or constant without `learned`. If the model has no mass matrix, a network computes one from the positions. Only its
    ratio to the compliance matters, so its unit is arbitrary.
    """

    layer: ConstraintLayer
    frame: BaseFrame | None = None  # axes of the learned mass matrix; the world by default
    contact_init_scale: float = 1.0  # initial factor of the contact parameters
    learned: bool = True  # learn the factors

    @nn.compact
    def __call__(
        self,
        state: Float[Array, " S"],
        unconstrained: UnconstrainedStep,
        initial_change: Float[Array, " nv"] | None = None,
        contact_motion: ContactMotions | None = None,
    ) -> Float[Array, " nv"]:
        """Return the constrained change of velocity.

        Args:
            state: the state of the robot.
            unconstrained: the unconstrained step from this state.
            initial_change: change of velocity from which the solver starts.
            contact_motion: the motion at the contacts of the state, if it is already known.
        """
        mass_matrix = unconstrained.mass_matrix
        if mass_matrix is None:
            frame = self.frame or WorldFrame(self.layer.space.nv)
            mass_matrix = Inertia(self.layer.space, self.layer.joints.dof_invweight, frame)(state)
        factors = {name: self._factor(name, shape) for name, shape in self.layer.factor_shapes.items()}
        return self.layer(state, unconstrained, mass_matrix, factors, initial_change, contact_motion)

    def _factor(self, name: str, shape: tuple[int, ...]) -> jax.Array:
        initial = self.contact_init_scale if name.startswith("contact_") else 1.0
        if not self.learned:
            return jnp.full(shape, initial)
        return jnp.exp(self.param(name, nn.initializers.constant(math.log(initial)), shape))


@dataclass(frozen=True, eq=False)
class ConstraintStage:
    """The last stage of a step: from an unconstrained step to a target."""

    representation: Representation
    module: LearnedConstraints | None  # None if no constraint acts on the robot

    def init(self, rng: jax.Array, state: Float[Array, " S"], unconstrained: UnconstrainedStep) -> dict[str, Any]:
        """Return {"layer": parameters} of the constraint layer, or an empty dictionary without parameters."""
        if self.module is None:
            return {}
        layer = self.module.layer
        motion = layer.contact_motion(state, layer.absent_contacts())
        velocity_step = replace(unconstrained, change=unconstrained.change[: self._nv])
        variables = self.module.init(rng, state, velocity_step, None, motion)
        return {"layer": variables["params"]} if "params" in variables else {}

    def __call__(
        self,
        params: Any,
        state: Float[Array, " S"],
        unconstrained: UnconstrainedStep,
        true_target: Float[Array, " D"] | None = None,
        nearest: dict[int, SlotContacts] | None = None,
    ) -> Float[Array, " D"]:
        """Return the target of one step.

        Args:
            params: parameters of the constraint layer.
            state: the state before the step.
            unconstrained: the unconstrained step.
            true_target: the target in the data. The solver starts from there.
            nearest: the nearest contacts, if they are already known.
        """
        initial_change = None if true_target is None else self.representation.to_world(state, true_target)[: self._nv]
        constrained = self.constrained(params, state, unconstrained, initial_change, nearest)
        return self.representation.to_base(state, constrained)

    def constrained(
        self,
        params: Any,
        state: Float[Array, " S"],
        unconstrained: UnconstrainedStep,
        initial_change: Float[Array, " nv"] | None = None,
        nearest: dict[int, SlotContacts] | None = None,
    ) -> Float[Array, " D"]:
        """Return the target of one step along the axes of the world.

        Args:
            params, state, unconstrained, nearest: see `__call__`.
            initial_change: change of velocity from which the solver starts.
        """
        change, nv = unconstrained.change, self._nv
        if self.module is None:
            return change
        motion = None if nearest is None else self.module.layer.contact_motion(state, nearest)
        velocity_step = replace(unconstrained, change=change[:nv])
        constrained: Any = self.module.apply({"params": params}, state, velocity_step, initial_change, motion)
        return jnp.concatenate([constrained, change[nv:]])

    @property
    def _nv(self) -> int:
        return self.representation.env.space.nv


def constraint_layer(env: Env) -> ConstraintLayer | None:
    """Return the constraint layer of a robot, or None if it has no joint limits, joint friction or contacts.

    It acts on a physics step.
    """
    joints, contacts = JointRows.of(env.mj_model), Contacts.of(env.mj_model)
    if not len(joints) and contacts is None:
        return None
    rows = ContactRows.of(env.mj_model, contacts) if contacts else None
    return ConstraintLayer(replace(env.space, dt=env.timestep), joints, contact_rows=rows, contacts=contacts)


def check_layer(env: Env, target: str) -> None:
    """Raise `UserError` unless a constraint layer can act on the steps of a robot with this target."""
    if not isinstance(target_of(env, target), AccelerationTarget) or not env.space.observed.all():
        raise UserError(
            "model.constraints=layer needs completely observed semi-implicit steps. Set "
            f"model.target=acceleration (now {target}), env.decimation=1 (now {env.decimation}), env.observe=all and "
            f"an integrator other than RK4 (now {env.integrator}); or use model.constraints=features"
        )
