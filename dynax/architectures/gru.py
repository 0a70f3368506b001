"""A gated recurrent unit over a window of states and actions (Cho et al. 2014, arXiv:1406.1078)."""

from typing import ClassVar

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.network import NetworkDynamicsModel
from dynax.components.layers import Hidden
from dynax.errors import check_range


class GRUDynamicsModel(NetworkDynamicsModel):
    """A recurrent network that reads the last `history` states and actions, and a target after each of them.

    Its memory starts at zero in each window. A gated layer forms products of the inputs before the recurrence, and the
    output is a function of the memory and of the current inputs.
    """

    history: int = 20
    width: int = 64
    num_layers: int = 1

    sequence: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_range("model.width", self.width, 1)
        check_range("model.num_layers", self.num_layers, 1)
        super().__post_init__()

    @nn.compact
    def __call__(
        self, features: Float[Array, "h F"], actions: Float[Array, "h A"], training: bool = False
    ) -> Float[Array, "h D"]:
        """Return the normalized target after each state."""
        inputs = Hidden(2 * self.width, "glu")(jnp.concatenate([features, actions], axis=-1))
        x = nn.Dense(self.width)(inputs)
        for _ in range(self.num_layers):
            x = x + jnp.asarray(nn.RNN(nn.GRUCell(self.width))(x))
        return nn.Dense(self.target_dim)(Hidden(2 * self.width, "glu")(jnp.concatenate([x, inputs], axis=-1)))
