"""A polynomial of the velocities with coefficients from a network."""

from typing import ClassVar

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.network import NetworkDynamicsModel, constant
from dynax.components.layers import Hidden, check_activation, check_widths


class QuadraticDynamicsModel(NetworkDynamicsModel):
    """The target is W(q) [1, u, v, v_i v_j (i >= j)], where W is a network of the positions.

    For a chain without constraints and with linear actuators, M(q) dv/dt + c(q, v) = tau has exactly this form. The
    Coriolis and centrifugal terms c are quadratic in v (Featherstone 2008, Rigid Body Dynamics Algorithms, chapter 3).
    """

    prior_knowledge: ClassVar[tuple[str, ...]] = ("dependence on velocities as in the equations of motion",)

    constraints: str = "layer"
    history: int = constant(1)
    hidden_dims: tuple[int, ...] = (128, 128)
    activation: str = "glu"

    def __post_init__(self) -> None:
        check_widths("model.hidden_dims", self.hidden_dims)
        check_activation(self.activation)
        super().__post_init__()

    @nn.compact
    def __call__(
        self, features: Float[Array, "1 F"], actions: Float[Array, "1 A"], training: bool = False
    ) -> Float[Array, " D"]:
        """Return the normalized target."""
        positions, velocities, _ = self.representation.sizes
        position, velocity, rest = jnp.split(features[-1], [positions, positions + velocities])
        x = jnp.concatenate([position, rest, jnp.ones(1)])  # the one is an input for robots without position features
        for width in self.hidden_dims:
            x = Hidden(width, self.activation)(x)
        products = jnp.outer(velocity, velocity)[jnp.tril_indices(velocities)]
        terms = jnp.concatenate([jnp.ones(1), actions[-1], velocity, products])
        return nn.Dense(self.target_dim * terms.size)(x).reshape(self.target_dim, -1) @ terms
