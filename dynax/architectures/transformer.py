"""A causal transformer over a window of states and actions (GPT-2: Radford et al. 2019)."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.network import NetworkDynamicsModel
from dynax.errors import UserError, check_range
from dynax.networks.layers import Hidden


class Block(nn.Module):
    """Causal attention, then a gated layer three times as wide. Each reads the normalized stream and adds to it."""

    num_heads: int
    dropout: float

    @nn.compact
    def __call__(self, x: Float[Array, "h width"], training: bool) -> Float[Array, "h width"]:
        """Return the stream after the block."""
        length, width = x.shape
        drop = nn.Dropout(self.dropout, deterministic=not training)
        qkv = nn.Dense(3 * width)(nn.LayerNorm()(x)).reshape(length, 3, self.num_heads, -1)
        query, key, value = qkv[:, 0], qkv[:, 1], qkv[:, 2]
        mixed = jax.nn.dot_product_attention(query, key, value, is_causal=True).reshape(length, width)
        x = x + drop(nn.Dense(width)(mixed))
        wide = Hidden(3 * width, "glu")(nn.LayerNorm()(x))
        return x + drop(nn.Dense(width)(wide))


class TransformerDynamicsModel(NetworkDynamicsModel):
    """One token for each state and action of the last `history` steps, and a target after each of them.

    A gated layer reads the tokens before any layer normalizes them, so that it can form products of their entries.
    """

    history: int = 10
    width: int = 64
    num_layers: int = 2
    num_heads: int = 4
    dropout: float = 0.0

    sequence: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("width", "num_layers", "num_heads"):
            check_range(f"model.{name}", getattr(self, name), 1)
        check_range("model.dropout", self.dropout, 0, 0.99)
        if self.width % self.num_heads:
            raise UserError(f"model.width={self.width} must be a multiple of model.num_heads={self.num_heads}")
        super().__post_init__()

    @nn.compact
    def __call__(
        self, states: Float[Array, "h F"], actions: Float[Array, "h A"], training: bool = False
    ) -> Float[Array, "h D"]:
        """Return the normalized target after each state."""
        position = self.param("position", nn.initializers.normal(0.02), (self.history, self.width))
        tokens = Hidden(2 * self.width, "glu")(jnp.concatenate([states, actions], axis=-1))
        x = nn.Dense(self.width)(tokens) + position
        for _ in range(self.num_layers):
            x = Block(self.num_heads, self.dropout)(x, training)
        return nn.Dense(self.target_dim)(x)  # without a layer norm, because the scale of the output matters
