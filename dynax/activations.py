"""The nonlinearities a network may choose by name."""

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


def check_activation(name: str) -> None:
    """Raise `UserError` for a nonlinearity that is not there."""
    check_choice("model.activation", name, ACTIVATIONS)
