"""A residual network of dense blocks (He et al. 2016, Deep Residual Learning for Image Recognition)."""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.network import NetworkDynamicsModel
from dynax.components.layers import Hidden, check_activation
from dynax.config.bounds import MAX_LAYERS, MAX_WIDTH
from dynax.errors import check_range


class ResNetDynamicsModel(NetworkDynamicsModel):
    """`num_blocks` blocks of two dense layers. The output of each block is added to its input."""

    width: int = 256
    num_blocks: int = 2
    activation: str = "silu"

    def __post_init__(self) -> None:
        check_range("model.width", self.width, 1, MAX_WIDTH)
        check_range("model.num_blocks", self.num_blocks, 1, MAX_LAYERS)
        check_activation(self.activation)
        super().__post_init__()

    @nn.compact
    def __call__(
        self, features: Float[Array, "h F"], actions: Float[Array, "h A"], training: bool = False
    ) -> Float[Array, " D"]:
        """Return the normalized target."""
        x = nn.Dense(self.width)(jnp.concatenate([features.flatten(), actions.flatten()]))
        for _ in range(self.num_blocks):
            x = x + nn.Dense(self.width)(Hidden(self.width, self.activation)(x))
        return nn.Dense(self.target_dim)(Hidden(self.width, self.activation)(x))
