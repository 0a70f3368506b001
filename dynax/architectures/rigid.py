"""System identification: equations of motion of rigid bodies with unknown constants."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.network import constant
from dynax.architectures.rigid_bodies import RigidBodyModel
from dynax.base import Variables
from dynax.components.contact_cache import ContactCache
from dynax.mechanics import rigid_body
from dynax.mechanics.constraints import UnconstrainedStep

DIAGONAL = ("Ixx", "Iyy", "Izz")


class RigidDynamicsModel(RigidBodyModel):
    """Rigid bodies at the joints of the MJCF, for system identification without a network.

    The equations of motion (`RigidBodyModel`) are linear in their constants. So `dynax.identification` finds them by
    linear least squares. The scale of all forces is given.

    For real machines, `friction` adds dry friction and a constant force (`components.friction`) and damping to every
    degree of freedom, and armature (rotor inertia) to those that an actuator drives. Their speeds enter nonlinearly, so
    that the constants are then fitted to simulation errors.
    """

    prior_knowledge: ClassVar[tuple[str, ...]] = (
        "equations of rigid bodies, joints and frames, and the mass or one gain of each tree: system identification",
    )

    compliance: str = constant("learned")  # identification leaves its factors at their initial values
    ensemble_size: int = constant(1)

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
        constants = {name: self.param(name, lambda key, x=labels: _initial(x)) for name, labels in self.labels.items()}
        return self.unconstrained_step(constants, states[-1], actions[-1])


def _initial(labels: tuple[str, ...]) -> jax.Array:
    """Return initial constants: bodies of 1 kg at the origin of their frames; 0.1 for diagonal inertias and others."""
    names = [label.rpartition(" ")[2] for label in labels]
    values = {"m": 1.0} | {name: 0.0 for name in rigid_body.PARAMETER_NAMES if name != "m" and name not in DIAGONAL}
    return jnp.array([values.get(name, 0.1) for name in names])
