"""The division of an optimizer among shards: the same updates, and about the same work for each shard."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from dynax.training.optimizers import soap
from dynax.training.optimizers.divided import divided
from dynax.training.shards import Shards

SHAPES = {"a": (9, 4), "b": (4,), "c": [(4, 4), (4, 4), (8, 8)]}


def arrays(seed):
    rng = np.random.default_rng(seed)
    is_shape = lambda x: isinstance(x, tuple)  # noqa: E731
    return jax.tree.map(lambda shape: jnp.asarray(rng.normal(size=shape), jnp.float32), SHAPES, is_leaf=is_shape)


def updates(rule):
    """Return the last of six updates, with the optimizations of a compiled program."""
    state, update = rule.init(arrays(0)), jax.jit(rule.update)
    for seed in range(6):
        change, state = update(arrays(seed), state, arrays(0))
    return change


def test_a_divided_optimizer_makes_the_same_updates():
    whole, parts = soap.scale_by_soap(), divided(soap.scale_by_soap(), Shards(4))
    for one, other in zip(*map(jax.tree.leaves, (updates(whole), updates(parts))), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_single_shard_has_the_whole_optimizer():
    rule = optax.sgd(0.1)
    assert divided(rule, Shards(1)) is rule


def test_each_shard_has_about_the_same_work():
    """The largest two matrices have different shards."""
    state = divided(optax.trace(0.9), Shards(2)).init(arrays(0))
    sizes = [sorted(leaf.shape for leaf in jax.tree.leaves(part)) for part in state.parts]
    assert sizes == [[(8, 8)], [(4,), (4, 4), (4, 4), (9, 4)]]
