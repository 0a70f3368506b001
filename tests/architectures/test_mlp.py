"""The multilayer perceptron against its own matrices."""

import jax
import jax.numpy as jnp
import numpy as np

from dynax.architectures import MLPDynamicsModel


def network(env, **options):
    """A network and the shapes of its parameters."""
    model = MLPDynamicsModel(env=env, **options)
    inputs = jnp.ones((model.history, model.feature_dim)), jnp.ones((model.history, model.action_dim))
    return model, jax.eval_shape(model.init, jax.random.PRNGKey(0), *inputs)


def test_parameters_are_those_of_its_dense_layers(cart_pole):
    model, variables = network(cart_pole, hidden_dims=(16, 8), history=3)
    inputs = 3 * (model.feature_dim + 1)
    count = sum(x.size for x in jax.tree.leaves(variables))
    assert count == (inputs + 1) * 16 + (16 + 1) * 8 + (8 + 1) * 2


def test_it_is_matrices_and_nonlinearities(cart_pole):
    model = MLPDynamicsModel(env=cart_pole, hidden_dims=(5,), activation="tanh")
    states, actions = (np.random.default_rng(0).normal(size=(1, n)).astype(np.float32) for n in (model.feature_dim, 1))
    variables = jax.tree.map(np.asarray, jax.jit(model.init)(jax.random.PRNGKey(0), states, actions))
    first, second = (variables["params"][f"Dense_{i}"] for i in range(2))
    hidden = np.tanh(np.concatenate([states[0], actions[0]]) @ first["kernel"] + first["bias"])
    np.testing.assert_allclose(
        jax.jit(model.apply)(variables, states, actions), hidden @ second["kernel"] + second["bias"], atol=1e-6
    )


def test_without_hidden_layers_it_is_linear(cart_pole):
    _, variables = network(cart_pole, hidden_dims=())
    assert list(variables["params"]) == ["Dense_0"]
