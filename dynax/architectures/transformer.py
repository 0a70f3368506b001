"""A causal transformer over a window of states and actions (GPT-2: Radford et al. 2019), with banded attention.

Each attention block of the network reads only the last `band` tokens (Beltagy et al. 2020, Longformer). With L blocks,
the output after a token then depends on exactly 1 + L (band - 1) tokens, and this is the history. The keys and values
of a token are the same in each window that contains these tokens. A rollout can therefore keep them, and compute one
token per step. Positions enter as a learned bias for each distance of two tokens (Raffel et al. 2020, T5).
"""

import functools
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.network import NetworkDynamicsModel
from dynax.components.layers import Hidden
from dynax.config.bounds import MAX_HISTORY, MAX_LAYERS, MAX_WIDTH
from dynax.errors import UserError, check_range

Memory = tuple[tuple[jax.Array, jax.Array], ...]  # keys and values of the last `band` tokens of each block, (k, width)


class Block(nn.Module):
    """Banded attention, then a gated layer three times as wide. Each reads the normalized stream and adds to it."""

    num_heads: int
    band: int  # tokens that a token attends to, including itself
    dropout: float

    @nn.compact
    def __call__(
        self, x: Float[Array, "n width"], past: tuple[jax.Array, jax.Array], training: bool
    ) -> tuple[Float[Array, "n width"], tuple[jax.Array, jax.Array]]:
        """Return the stream after the block, and keys and values of the last tokens.

        Args:
            x: the stream of consecutive tokens.
            past: keys and values of the tokens before them, (k, width) each.
            training: whether dropout is active.
        """
        width = x.shape[1]
        drop = nn.Dropout(self.dropout, deterministic=not training)
        query, *recent = jnp.split(nn.Dense(3 * width)(nn.LayerNorm()(x)), 3, axis=1)
        key, value = (jnp.concatenate([_last(old, self.band - 1), new]) for old, new in zip(past, recent, strict=True))
        x = x + drop(nn.Dense(width)(self._attend(query, key, value)))
        wide = Hidden(3 * width, "glu")(nn.LayerNorm()(x))
        return x + drop(nn.Dense(width)(wide)), (_last(key, self.band), _last(value, self.band))

    def _attend(
        self, query: Float[Array, "n width"], key: Float[Array, "k width"], value: Float[Array, "k width"]
    ) -> Float[Array, "n width"]:
        """Return the mean of the values that each query attends to. The last query belongs to the last key.

        Sums over the band are written out, and sums over the entries of a head are products with a constant matrix. XLA
        compiles reductions over these axes to code that is several times slower.
        """
        bias = self.param("bias", nn.initializers.normal(0.02), (self.band, self.num_heads))
        heads = np.kron(np.eye(self.num_heads), np.ones((query.shape[1] // self.num_heads, 1))).astype(np.float32)
        scale = (query.shape[1] // self.num_heads) ** -0.5
        before = len(query) + self.band - 1 - len(key)  # tokens of the first band that do not exist
        key, value = (jnp.pad(x, ((before, 0), (0, 0))) for x in (key, value))
        token = np.arange(self.band)[::-1, None] + np.arange(len(query))  # (band, n), by age
        scores = (query * key[token]) @ heads * scale + bias[:, None]
        scores = jnp.where((token >= before)[..., None], scores, -jnp.inf)
        largest = functools.reduce(jnp.maximum, scores)
        weights = jnp.exp(scores - largest)
        return functools.reduce(jnp.add, (weights / sum(weights)) @ heads.T * value[token])


def _last(tokens: Float[Array, "k width"], count: int) -> Float[Array, "m width"]:
    return tokens[max(0, len(tokens) - count) :]


class TransformerDynamicsModel(NetworkDynamicsModel):
    """One token for each state and action of the last `history` steps, and a target after each of them.

    A gated layer reads the tokens before any layer normalizes them, so that it can form products of their entries.
    """

    history: int = 11
    width: int = 64
    num_layers: int = 2
    num_heads: int = 4
    dropout: float = 0.0

    sequence: ClassVar[bool] = True
    has_memory: ClassVar[bool] = True

    def __post_init__(self) -> None:
        largest = {"history": MAX_HISTORY, "width": MAX_WIDTH, "num_layers": MAX_LAYERS, "num_heads": MAX_WIDTH}
        for name, most in largest.items():
            check_range(f"model.{name}", getattr(self, name), 1, most)
        check_range("model.dropout", self.dropout, 0, 0.99)
        if self.width % self.num_heads:
            raise UserError(f"model.width={self.width} must be a multiple of model.num_heads={self.num_heads}")
        if (self.history - 1) % self.num_layers:
            low = self.history - 1 - (self.history - 1) % self.num_layers + 1
            raise UserError(
                f"model.history={self.history} must be 1 plus a multiple of model.num_layers={self.num_layers}, "
                f"such as {low} or {low + self.num_layers}"
            )
        super().__post_init__()

    @property
    def band(self) -> int:
        """Tokens that each block reads."""
        return 1 + (self.history - 1) // self.num_layers

    def __call__(
        self, features: Float[Array, "h F"], actions: Float[Array, "h A"], training: bool = False
    ) -> Float[Array, "h D"]:
        """Return the normalized target after each state."""
        return self.extend(None, features, actions, training)[1]

    @nn.compact
    def extend(
        self,
        memory: Memory | None,
        features: Float[Array, "n F"],
        actions: Float[Array, "n A"],
        training: bool = False,
    ) -> tuple[Memory, Float[Array, "n D"]]:
        """Return the normalized targets after further states, and the memory that includes them.

        Args:
            memory: result of the call with the states before; None if there are none.
            features: normalized features.
            actions: normalized actions.
            training: whether dropout is active.
        """
        tokens = Hidden(2 * self.width, "glu")(jnp.concatenate([features, actions], axis=-1))
        x = nn.Dense(self.width)(tokens)
        if memory is None:
            none = jnp.zeros((0, self.width), x.dtype)
            memory = ((none, none),) * self.num_layers
        blocks = []
        for past in memory:
            x, recent = Block(self.num_heads, self.band, self.dropout)(x, past, training)
            blocks.append(recent)
        return tuple(blocks), nn.Dense(self.target_dim)(x)  # no layer norm, because the scale of the output matters
