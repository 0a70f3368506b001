"""The residual network against its definition."""

import jax
import jax.numpy as jnp
import numpy as np

from dynax.architectures import ResNetDynamicsModel


def test_the_output_of_a_block_is_added_to_its_input(cart_pole):
    model = ResNetDynamicsModel(env=cart_pole, width=6, num_blocks=2, activation="tanh")
    states, actions = (np.random.default_rng(0).normal(size=(1, n)).astype(np.float32) for n in (model.feature_dim, 1))
    variables = jax.tree.map(np.asarray, jax.jit(model.init)(jax.random.PRNGKey(0), states, actions))

    def dense(i, x, params=variables["params"]):
        return x @ params[f"Dense_{i}"]["kernel"] + params[f"Dense_{i}"]["bias"]

    def hidden(i, x):
        return np.tanh(dense(0, x, variables["params"][f"Hidden_{i}"]))

    x = dense(0, np.concatenate([states[0], actions[0]]))
    for block in range(2):
        x = x + dense(block + 1, hidden(block, x))
    np.testing.assert_allclose(jax.jit(model.apply)(variables, states, actions), dense(3, hidden(2, x)), atol=1e-5)


def test_more_blocks_are_more_parameters(cart_pole):
    def count(blocks):
        model = ResNetDynamicsModel(env=cart_pole, width=6, num_blocks=blocks, activation="silu")
        inputs = jnp.ones((1, model.feature_dim)), jnp.ones((1, 1))
        return sum(x.size for x in jax.tree.leaves(jax.eval_shape(model.init, jax.random.PRNGKey(0), *inputs)))

    assert count(2) - count(1) == 2 * (6 * 6 + 6)
