"""Contacts that are detected once for a whole dataset."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_models import unit

from dynax.architectures import MLPDynamicsModel, TransformerDynamicsModel
from dynax.components import contact_cache
from dynax.envs import MjcfEnv

ROD = """<mujoco><worldbody><geom type="plane" size="5 5 1"/>
<body pos="0 0 .1"><joint name="z" type="slide" axis="0 0 1"/><joint axis="0 1 0"/>
<geom type="capsule" size=".05" fromto="-.2 0 0 .2 0 0"/></body></worldbody>
<actuator><motor joint="z"/></actuator></mujoco>"""


SIZES = {
    MLPDynamicsModel: {"hidden_dims": (8,), "refinement_dims": (8,), "refinement_steps": 1},
    TransformerDynamicsModel: {"width": 8, "num_layers": 1, "num_heads": 1},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "constraints"),
    [(MLPDynamicsModel, "features"), (MLPDynamicsModel, "layer"), (TransformerDynamicsModel, "features")],
)
def test_predictions_with_and_without_a_contact_cache_are_equal(network, constraints):
    env, rng = MjcfEnv(xml="rod.xml", mjcf=ROD), np.random.default_rng(0)
    model = network(env=env, history=2, constraints=constraints, **SIZES[network])
    states, actions = rng.uniform(-0.2, 0.2, (6, 2, 4)).astype(np.float32), np.zeros((6, 2, 1), np.float32)
    variables = unit(model)
    cache = jax.tree.map(lambda x: x.reshape(6, 2, *x.shape[1:]), model.contact_cache(states.reshape(12, 4)))
    predict = jax.jit(model.predict_delta)
    cached = predict(variables, states, actions, contact_cache=cache)
    np.testing.assert_allclose(cached, predict(variables, states, actions), rtol=1e-5, atol=1e-6)
    other = jax.tree.map(lambda x: x + 1 if x.dtype == jnp.float32 else x, cache)
    assert np.abs(predict(variables, states, actions, contact_cache=other) - cached).max() > 1e-3


def test_without_contacts_there_is_no_cache(cart_pole):
    assert MLPDynamicsModel(env=cart_pole).contact_cache(np.zeros((3, 4))) is None
    assert MLPDynamicsModel(env=cart_pole, constraints="layer").contact_cache(np.zeros((3, 4))) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [{}, {"constraints": "features"}, {"constraints": "layer", "target": "acceleration"}]
)
def test_refinement_and_layer_use_the_nearest_contacts_of_the_cache(options):
    model = MLPDynamicsModel(env=MjcfEnv(xml="rod.xml", mjcf=ROD), hidden_dims=(4,), **options)
    cache = model.contact_cache(np.zeros((3, 4), np.float32))
    assert {x.shape[0] for x in jax.tree.leaves(cache.nearest)} == {3}
    assert (cache.features is None) == (model.constraints == "layer")


def test_features_that_would_not_fit_into_memory_are_not_stored(monkeypatch):
    model = MLPDynamicsModel(env=MjcfEnv(xml="rod.xml", mjcf=ROD), hidden_dims=(4,))
    states = np.zeros((3, 4))
    features = model.contact_cache(states).features
    assert features.dtype == np.float32
    monkeypatch.setattr(contact_cache, "MAX_FEATURE_BYTES", features.nbytes - 1)
    assert model.contact_cache(states).features is None
