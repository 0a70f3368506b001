"""The multilayer perceptron against its own matrices."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.architectures import MLPDynamicsModel, description
from dynax.envs import MjcfEnv
from dynax.errors import UserError


def network(env, **options):
    """Return a model and the shapes of its parameters."""
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


def test_a_gated_layer_is_a_product(cart_pole):
    """It multiplies the first affine map by the sigmoid of the second."""
    model = MLPDynamicsModel(env=cart_pole, hidden_dims=(5,), activation="glu")
    states, actions = (np.random.default_rng(0).normal(size=(1, n)).astype(np.float32) for n in (model.feature_dim, 1))
    variables = jax.tree.map(np.asarray, jax.jit(model.init)(jax.random.PRNGKey(0), states, actions))
    last, hidden = variables["params"]["Dense_0"], variables["params"]["Hidden_0"]
    x = np.concatenate([states[0], actions[0]])
    value, gate = (x @ hidden[f"Dense_{i}"]["kernel"] + hidden[f"Dense_{i}"]["bias"] for i in range(2))
    expected = value / (1 + np.exp(-gate)) @ last["kernel"] + last["bias"]
    np.testing.assert_allclose(jax.jit(model.apply)(variables, states, actions), expected, atol=1e-6)


BALL = """<mujoco><option timestep=".005"/><worldbody><geom type="plane" size="5 5 1"/>
<body pos="0 0 .1"><freejoint name="root"/><geom size=".1"/></body></worldbody></mujoco>"""


@pytest.mark.parametrize("refinement_steps", [0, 2])
def test_a_skip_adds_one_matrix_to_the_first_network(refinement_steps):
    def params(skip):
        model = MLPDynamicsModel(
            env=MjcfEnv(mjcf=BALL), hidden_dims=(5,), refinement_steps=refinement_steps, refinement_dims=(4,), skip=skip
        )
        return jax.eval_shape(lambda: model.create(jax.random.PRNGKey(0), model.identity_normalization()))["params"]

    plain, skipping = (jax.tree.leaves(params(skip)) for skip in (False, True))
    assert len(skipping) == len(plain) + 1


@pytest.fixture(scope="module")
def ball():
    return MjcfEnv(xml="ball.xml", mjcf=BALL)


def random_model(env):
    """Return a model with the identity normalization and random parameters that are not zero."""
    model = MLPDynamicsModel(env=env, hidden_dims=(8,), refinement_dims=(8,), refinement_steps=2)
    variables = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    params = jax.tree.map(lambda x: x + 0.1, variables["params"])
    return model, {**variables, "params": params}


@pytest.fixture(scope="module")
def refined(ball):
    return random_model(ball)


def state_at(height, *, speed=0.0, spin=0.0):
    """Return a state of the ball `height` above the floor, m."""
    return np.array([[0, 0, 0.1 + height, 1, 0, 0, 0, speed, 0, -1, 0, spin, 0]], np.float32)


NO_ACTION = np.zeros((1, 1, 0), np.float32)


@partial(jax.jit, static_argnums=0)
def predict_delta(model, *arguments):
    return model.predict_delta(*arguments)


def change(model, variables, state):
    return np.asarray(predict_delta(model, variables, state[:, None], NO_ACTION))[0, 0]


@pytest.mark.slow
def test_a_robot_with_contacts_has_one_more_network_than_refinement_steps(ball, cart_pole):
    for steps in (3, 0):
        model = MLPDynamicsModel(env=ball, hidden_dims=(8,), refinement_dims=(8,), refinement_steps=steps)
        variables = jax.eval_shape(
            lambda key, m=model: m.create(key, m.identity_normalization()), jax.random.PRNGKey(0)
        )
        assert sum(name.startswith("Hidden") for name in variables["params"]["network"]) == 1 + steps
    assert MLPDynamicsModel(env=cart_pole).network_step.residual_inputs is None


@pytest.mark.slow
def test_without_active_constraints_refinement_changes_nothing(refined):
    model, variables = refined
    last = {name: x for name, x in variables["params"]["network"].items() if name not in ("Hidden_0", "Dense_0")}
    other = {"params": {"network": {**variables["params"]["network"], **jax.tree.map(lambda x: 2 * x, last)}}}
    for height, same in ((0.05, True), (-0.001, False)):
        pair = [change(model, v, state_at(height)) for v in (variables, {**variables, **other})]
        assert np.array_equal(*pair) == same


@pytest.mark.slow
def test_the_unconstrained_network_has_no_contact_features_and_no_invariant_velocities(refined):
    model, variables = refined
    assert model.representation.dropped_velocities.tolist() == [True] * 3 + [False] * 3
    high = change(model, variables, state_at(0.05))  # depends on height, which is a position feature
    assert not np.array_equal(change(model, variables, state_at(0.05, spin=1.0)), high)
    np.testing.assert_array_equal(change(model, variables, state_at(0.05, speed=3.0)), high)
    low = state_at(-0.001)
    assert not np.allclose(change(model, variables, state_at(-0.001, speed=3.0)), change(model, variables, low))


def test_without_semi_implicit_steps_or_contact_features_there_is_no_refinement(ball):
    for options in ({"target": "delta"}, {"constraints": "none"}, {"constraints": "layer"}):
        assert MLPDynamicsModel(env=ball, **options).network_step.residual_inputs is None
    sticky = BALL.replace('<geom type="plane"', '<geom type="plane" surfacevel="1 0 0"')
    for env in (MjcfEnv(xml="ball.xml", mjcf=BALL, decimation=2), MjcfEnv(xml="ball.xml", mjcf=sticky)):
        model = MLPDynamicsModel(env=env)
        assert model.network_step.residual_inputs is None
        assert any("model.refinement_steps=4 has no effect" in note for note in description.notes(model))
    assert not description.notes(MLPDynamicsModel(env=ball))


@pytest.mark.parametrize("options", [{"refinement_steps": -1}, {"refinement_dims": (0,)}])
def test_invalid_refinement_options_are_an_error(ball, options):
    with pytest.raises(UserError, match=rf"model\.{next(iter(options))}"):
        MLPDynamicsModel(env=ball, **options)
