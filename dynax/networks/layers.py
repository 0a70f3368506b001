"""Hidden layers: an affine map and the nonlinearity that a config names."""

from collections.abc import Callable

import jax
from flax import linen as nn

from dynax.errors import check_choice

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "gelu": nn.gelu,
    "relu": nn.relu,
    "silu": nn.silu,
    "tanh": nn.tanh,
}
GATED = "glu"


class Hidden(nn.Module):
    """`width` units of the given activation.

    `glu` multiplies an affine map by the sigmoid of another (Dauphin et al. 2017, Language Modeling with Gated
    Convolutional Networks): equations of motion consist of products. The gate is bounded, so that what is rare and far
    from the mean does not grow from layer to layer.
    """

    width: int
    activation: str

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        if self.activation == GATED:
            return nn.Dense(self.width)(x) * nn.sigmoid(nn.Dense(self.width)(x))
        return ACTIVATIONS[self.activation](nn.Dense(self.width)(x))


def check_activation(name: str) -> None:
    """Raise `UserError` for a nonlinearity that is not there."""
    check_choice("model.activation", name, [*ACTIVATIONS, GATED])
