"""What is learned of a robot's constraints: their compliance, and a mass matrix where the model has none."""

import math

import jax
import jax.numpy as jnp
from flax import linen as nn

from dynax.mechanics.constraints.layer import ConstraintLayer, ContactMotions, UnconstrainedStep
from dynax.networks.mass_matrix import Inertia
from dynax.representation.frames import Frame


class LearnedConstraints(nn.Module):
    """Bends a free motion at the robot's stops, rubs at its joints, and keeps bodies from running through each other.

    Where constraints begin is the MJCF's. How hard they are and how strongly they rub starts there too, and is learned
    as a factor for each row of a joint and each pair of geoms: of K, B and D, and of the friction's bound; or it stays
    as it is, without `learned`. The mass matrix is the model's own, or else is learned as a network of the positions.
    Only its ratio to the compliance matters, so that it needs no unit.
    """

    layer: ConstraintLayer
    frame: Frame | None = None  # in which the mass matrix is learned, if it is
    contact_init_scale: float = 1.0  # the factors of contacts before anything is learned
    learned: bool = True  # otherwise the factors stay as they are

    @nn.compact
    def __call__(
        self,
        state: jax.Array,
        free: UnconstrainedStep,
        start: jax.Array | None = None,
        contact_motion: ContactMotions | None = None,
    ) -> jax.Array:
        """The change of velocity (nv,) from `state` (S,); see `ConstraintLayer`."""
        inertia = free.inertia
        if inertia is None:
            inertia = Inertia(self.layer.space, self.layer.joints.dof_invweight, self.frame)(state)
        factors = {name: self._factor(name, shape) for name, shape in self.layer.factor_shapes.items()}
        return self.layer(state, free, inertia, factors, start, contact_motion)

    def _factor(self, name: str, shape: tuple[int, ...]) -> jax.Array:
        start = self.contact_init_scale if name.startswith("contact_") else 1.0
        if not self.learned:
            return jnp.full(shape, start)
        return jnp.exp(self.param(name, nn.initializers.constant(math.log(start)), shape))
