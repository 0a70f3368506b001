"""The embedding of a robot's configuration, and its potential, as functions with learned coefficients."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.envs.state_space import StateSpace

MAX_PRODUCTS = 81  # with more products, p and V are networks
HIDDEN_DIMS = (32, 32)

Functions = tuple[Callable[[jax.Array], jax.Array], Callable[[jax.Array], jax.Array]]


@dataclass(frozen=True, eq=False)
class Embedding:
    """An embedding p(q) (K,) and a potential V(q) of the positions (nv,) of hinges and slides.

    Every point of a chain of hinges and slides is linear in the products of {1, sin q_i, cos q_i} and {1, q_i}, and so
    are the exact p and V. With more than `MAX_PRODUCTS` products, p and V are networks of the sines, cosines and slide
    positions. Both are linear in positions on which nothing depends.
    """

    space: StateSpace
    size: int  # entries of p, K

    def functions(self, param: Callable[..., Any]) -> Functions:
        """Return p and V.

        Args:
            param: the method `param` of a flax module, which owns the coefficients.
        """
        if num_products(self.space) or self.space.invariant.all():
            both = self._polynomial(param)
        else:
            both = self._network(param)
        return lambda q: both(q)[: self.size], lambda q: both(q)[self.size]

    def _polynomial(self, param: Callable[..., Any]) -> Callable[[jax.Array], jax.Array]:
        invariant = self.space.invariant
        count = int(invariant.sum()) + num_products(self.space)
        weights = param("embedding", nn.initializers.normal(0.5), (self.size + 1, count))
        return lambda q: weights @ jnp.concatenate([q[invariant], products(self.space, q)])

    def _network(self, param: Callable[..., Any]) -> Callable[[jax.Array], jax.Array]:
        invariant, hinge = self.space.invariant, self.space.hinge
        hinges, slides = hinge & ~invariant, ~hinge & ~invariant
        linear = param("embedding", nn.initializers.normal(0.5), (self.size + 1, int(invariant.sum())))
        sizes = [2 * int(hinges.sum()) + int(slides.sum()), *HIDDEN_DIMS, self.size + 1]
        kernels = [
            param(f"kernel_{i}", nn.initializers.lecun_normal(), shape)
            for i, shape in enumerate(itertools.pairwise(sizes))
        ]

        def both(q: jax.Array) -> jax.Array:
            x = jnp.concatenate([jnp.sin(q[hinges]), jnp.cos(q[hinges]), q[slides]])
            for kernel in kernels[:-1]:
                x = nn.tanh(x @ kernel)
            return linear @ q[invariant] + x @ kernels[-1]

        return both


def num_products(space: StateSpace) -> int:
    """Return the number of products of one term of each joint, without the constant; 0 if there are too many."""
    terms = np.where(space.hinge, 3, 2)[~space.invariant]
    count = int(np.prod(terms)) - 1
    return count if count < MAX_PRODUCTS else 0


def products(space: StateSpace, q: Float[Any, " nv"]) -> Float[Array, " P"]:
    """Return all products of one term of each joint, {1, sin q, cos q} or {1, q}, without the constant."""
    result = jnp.ones(1)
    for j in np.flatnonzero(~space.invariant):
        terms = [jnp.ones_like(q[j]), jnp.sin(q[j]), jnp.cos(q[j])] if space.hinge[j] else [1.0, q[j]]
        result = jnp.outer(result, jnp.stack(terms)).ravel()
    return result[1:]
