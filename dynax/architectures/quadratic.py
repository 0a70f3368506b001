"""A polynomial of the velocities, quadratic as in the equations of motion, with coefficients from a network."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn

from dynax.base import DynamicsModel, check_widths
from dynax.errors import UserError
from dynax.networks.layers import Hidden, check_activation


class QuadraticDynamicsModel(DynamicsModel):
    """The change is W(q) [1, u, v, v_i v_j (i >= j)], W a network of the positions alone.

    M(q) dv/dt + c(q, v) = tau has this form exactly, for a chain without constraints whose actuators are linear: the
    Coriolis and centrifugal terms c are quadratic in v (Featherstone 2008, Rigid Body Dynamics Algorithms, chapter 3).
    """

    prior_knowledge: ClassVar = ("velocities enter as in the equations of motion",)

    constraints: str = "layer"
    hidden_dims: tuple[int, ...] = (128, 128)
    activation: str = "glu"

    def __post_init__(self):
        check_widths("model.hidden_dims", self.hidden_dims)
        check_activation(self.activation)
        if self.history != 1:
            raise UserError(f"model.history={self.history}: the quadratic model sees the present alone, history=1")
        super().__post_init__()

    @nn.compact
    def __call__(self, states: jax.Array, actions: jax.Array, training: bool = False) -> jax.Array:
        positions, velocities, _ = self.representation.sizes
        position, velocity, rest = jnp.split(states[-1], [positions, positions + velocities])
        x = jnp.concatenate([position, rest, jnp.ones(1)])  # one, so that there is something to see without positions
        for width in self.hidden_dims:
            x = Hidden(width, self.activation)(x)
        products = jnp.outer(velocity, velocity)[jnp.tril_indices(velocities)]
        terms = jnp.concatenate([jnp.ones(1), actions[-1], velocity, products])
        return nn.Dense(self.target_dim * terms.size)(x).reshape(self.target_dim, -1) @ terms
