"""A residual network of dense blocks (He et al. 2016, Deep Residual Learning for Image Recognition)."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from dynax.base import DynamicsModel
from dynax.errors import check_range
from dynax.networks.layers import Hidden, check_activation


class ResNetDynamicsModel(DynamicsModel):
    """`num_blocks` blocks of two dense layers each, every block added to what came before it."""

    width: int = 256
    num_blocks: int = 2
    activation: str = "silu"

    def __post_init__(self):
        check_range("model.width", self.width, 1)
        check_range("model.num_blocks", self.num_blocks, 1)
        check_activation(self.activation)
        super().__post_init__()

    @nn.compact
    def __call__(self, states: jax.Array, actions: jax.Array, training: bool = False) -> jax.Array:
        x = nn.Dense(self.width)(jnp.concatenate([states.flatten(), actions.flatten()]))
        for _ in range(self.num_blocks):
            x = x + nn.Dense(self.width)(Hidden(self.width, self.activation)(x))
        return nn.Dense(self.target_dim)(Hidden(self.width, self.activation)(x))
