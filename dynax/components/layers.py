"""Dense layers."""

from collections.abc import Callable, Sequence

import jax
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.config.bounds import MAX_LAYERS, MAX_WIDTH
from dynax.errors import UserError, check_choice, check_range

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "gelu": nn.gelu,
    "relu": nn.relu,
    "silu": nn.silu,
    "tanh": nn.tanh,
}
GATED = "glu"


class Hidden(nn.Module):
    """A dense layer with an activation.

    `glu` multiplies an affine map by the sigmoid of another affine map (Dauphin et al. 2017, Language Modeling with
    Gated Convolutional Networks), because equations of motion consist of products. The gate is bounded, so rare inputs
    far from the mean do not grow from layer to layer.
    """

    width: int
    activation: str

    @nn.compact
    def __call__(self, x: Float[Array, "... n"]) -> Float[Array, "... width"]:
        """Return the outputs of the layer."""
        if self.activation == GATED:
            return nn.Dense(self.width)(x) * nn.sigmoid(nn.Dense(self.width)(x))
        return ACTIVATIONS[self.activation](nn.Dense(self.width)(x))


def dense_network(x: Float[Array, " n"], widths: Sequence[int], activation: str, size: int) -> Float[Array, " m"]:
    """Return the output of hidden layers of these widths and a linear layer of `size` units.

    The layers become submodules of the flax module whose compact method calls this function.
    """
    for width in widths:
        x = Hidden(width, activation)(x)
    return nn.Dense(size)(x)


def check_activation(name: str) -> None:
    """Raise `UserError` unless `name` is an activation."""
    check_choice("model.activation", name, [*ACTIVATIONS, GATED])


def check_widths(where: str, widths: Sequence[int]) -> None:
    """Raise `UserError` unless every layer has at least one unit, and neither layers nor units are too many."""
    if isinstance(widths, str) or not isinstance(widths, Sequence):
        raise UserError(f"{where}={widths!r} must be a list of numbers, such as [64, 64]", where)
    if len(widths) > MAX_LAYERS:
        raise UserError(f"{where} has {len(widths):,} layers: at most {MAX_LAYERS} are allowed", where)
    for width in widths:
        check_range(where, width, 1, MAX_WIDTH)
