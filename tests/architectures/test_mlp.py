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
    model, variables = network(cart_pole, hidden_dims=(16, 8), activation="silu", history=3)
    inputs = 3 * (model.feature_dim + 1)
    count = sum(x.size for x in jax.tree.leaves(variables))
    assert count == (inputs + 1) * 16 + (16 + 1) * 8 + (8 + 1) * 2


def test_it_is_matrices_and_nonlinearities(cart_pole):
    model = MLPDynamicsModel(env=cart_pole, hidden_dims=(5,), activation="tanh")
    states, actions = (np.random.default_rng(0).normal(size=(1, n)).astype(np.float32) for n in (model.feature_dim, 1))
    variables = jax.tree.map(np.asarray, jax.jit(model.init)(jax.random.PRNGKey(0), states, actions))
    first, second = variables["params"]["Hidden_0"]["Dense_0"], variables["params"]["Dense_0"]
    hidden = np.tanh(np.concatenate([states[0], actions[0]]) @ first["kernel"] + first["bias"])
    np.testing.assert_allclose(
        jax.jit(model.apply)(variables, states, actions), hidden @ second["kernel"] + second["bias"], atol=1e-6
    )


def test_without_hidden_layers_it_is_linear(cart_pole):
    _, variables = network(cart_pole, hidden_dims=())
    assert list(variables["params"]) == ["Dense_0"]


def test_a_gated_layer_holds_products(cart_pole):
    """Of a map and the sigmoid of another, in the order in which they stand."""
    model = MLPDynamicsModel(env=cart_pole, hidden_dims=(5,), activation="glu")
    states, actions = (np.random.default_rng(0).normal(size=(1, n)).astype(np.float32) for n in (model.feature_dim, 1))
    variables = jax.tree.map(np.asarray, jax.jit(model.init)(jax.random.PRNGKey(0), states, actions))
    last, hidden = variables["params"]["Dense_0"], variables["params"]["Hidden_0"]
    x = np.concatenate([states[0], actions[0]])
    value, gate = (x @ hidden[f"Dense_{i}"]["kernel"] + hidden[f"Dense_{i}"]["bias"] for i in range(2))
    wanted = value / (1 + np.exp(-gate)) @ last["kernel"] + last["bias"]
    np.testing.assert_allclose(jax.jit(model.apply)(variables, states, actions), wanted, atol=1e-6)
