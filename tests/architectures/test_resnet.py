"""The residual network against its definition."""

import jax
import jax.numpy as jnp
import numpy as np

from dynax.architectures import ResNetDynamicsModel


def test_blocks_are_added_to_what_came_before(cart_pole):
    model = ResNetDynamicsModel(env=cart_pole, width=6, num_blocks=2, activation="tanh")
    states, actions = (np.random.default_rng(0).normal(size=(1, n)).astype(np.float32) for n in (model.feature_dim, 1))
    variables = jax.tree.map(np.asarray, jax.jit(model.init)(jax.random.PRNGKey(0), states, actions))

    # flax numbers layers in the order in which they are made: the outer layer of a block before its inner one
    def dense(i, x):
        return x @ variables["params"][f"Dense_{i}"]["kernel"] + variables["params"][f"Dense_{i}"]["bias"]

    x = dense(0, np.concatenate([states[0], actions[0]]))
    for outer, inner in ((1, 2), (3, 4)):
        x = x + dense(outer, np.tanh(dense(inner, np.tanh(x))))
    np.testing.assert_allclose(jax.jit(model.apply)(variables, states, actions), dense(5, np.tanh(x)), atol=1e-5)


def test_more_blocks_are_more_parameters(cart_pole):
    def count(blocks):
        model = ResNetDynamicsModel(env=cart_pole, width=6, num_blocks=blocks)
        inputs = jnp.ones((1, model.feature_dim)), jnp.ones((1, 1))
        return sum(x.size for x in jax.tree.leaves(jax.eval_shape(model.init, jax.random.PRNGKey(0), *inputs)))

    assert count(2) - count(1) == 2 * (6 * 6 + 6)
