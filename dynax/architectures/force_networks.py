"""The networks of `model=residual`: from the features and actions of a window to the last hidden layer.

The layers become submodules of the flax module whose compact method calls the function.
"""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.transformer import Block
from dynax.components.layers import Hidden, check_activation, check_widths
from dynax.errors import UserError, check_choice

HEADS = 4  # attention heads of a block
WINDOW_NETWORKS = ("gru", "transformer")  # whose first layer has a fixed form

Network = Callable[[Float[Array, "h n"], Sequence[int], str], Float[Array, " m"]]


def dense(inputs: Float[Array, "h n"], widths: Sequence[int], activation: str) -> Float[Array, " m"]:
    """Return the last hidden layer of a multilayer perceptron that reads the whole window.

    Args:
        inputs: features and actions, oldest first.
        widths: units of each layer.
        activation: the activation.
    """
    x = inputs.ravel()
    for width in widths:
        x = Hidden(width, activation)(x)
    return x


def recurrent(inputs: Float[Array, "h n"], widths: Sequence[int], activation: str) -> Float[Array, " m"]:
    """Return the last memory of gated recurrent units, and a gated layer of the last inputs; see `dense`."""
    x = inputs
    for width in widths:
        x = jnp.asarray(nn.RNN(nn.GRUCell(width))(x))
    return jnp.concatenate([x[-1], Hidden(widths[-1], "glu")(inputs[-1])])


def attention(inputs: Float[Array, "h n"], widths: Sequence[int], activation: str) -> Float[Array, " m"]:
    """Return the last token of attention blocks over the window; see `dense`."""
    width = widths[0]
    x, none = nn.Dense(width)(Hidden(2 * width, "glu")(inputs)), jnp.zeros((0, width), inputs.dtype)
    for _ in widths:
        x, _ = Block(HEADS, len(inputs), 0.0)(x, (none, none), False)
    return x[-1]


NETWORKS: dict[str, Network] = {"mlp": dense, "gru": recurrent, "transformer": attention}


def check_network(network: str, widths: Sequence[int], activation: str) -> None:
    """Raise `UserError` unless a network of this kind can have layers of these widths.

    Args:
        network: name of the network.
        widths: units of each layer.
        activation: the activation of an mlp.
    """
    check_choice("model.network", network, list(NETWORKS))
    check_widths("model.hidden_dims", widths)
    check_activation(activation)
    if network in WINDOW_NETWORKS and not widths:
        raise UserError(f"model.hidden_dims=[] is empty: model.network={network} needs at least one layer")
    if network == "transformer" and (len(set(widths)) > 1 or widths[0] % HEADS):
        raise UserError(
            f"model.hidden_dims={list(widths)} must have equal entries that are multiples of {HEADS} with "
            "model.network=transformer, such as [32, 32]"
        )
