"""Parts and programs of a model: they are built once, and freed with the model."""

import gc
import weakref

import jax
import numpy as np
import pytest
from small_models import Still, unit

from dynax.architectures import MechanicalDynamicsModel, MLPDynamicsModel
from dynax.envs import MjcfEnv
from dynax.representation.representation import Representation

SLIDE = """<mujoco><worldbody><body><joint name="x" type="slide"/><geom size=".1"/></body></worldbody>
<actuator><motor joint="x"/></actuator></mujoco>"""
FALLING = """<mujoco><worldbody><geom type="plane" size="5 5 1"/><body pos="0 0 .1">
<joint name="z" type="slide" axis="0 0 1"/><geom size=".1"/></body></worldbody>
<actuator><motor joint="z"/></actuator></mujoco>"""


@pytest.mark.slow
def test_models_their_programs_and_their_mujoco_models_are_freed():
    references, counts = [], []
    gc.collect()
    gc.freeze()  # the objects of other tests, which would make every collection slow
    for seed in range(50):
        env = MjcfEnv(xml="slide.xml", mjcf=SLIDE)
        model = Still(env=env, target="acceleration")
        if seed % 10 == 0:  # programs take seconds to compile
            variables = model.create(jax.random.PRNGKey(seed), model.identity_normalization())
            model.rollout(np.zeros((2, 2)), np.zeros((2, 3, 1)), variables)
            del variables
        references += [weakref.ref(x) for x in (model, env, env.mj_model, model.representation)]
        del env, model
        gc.collect()
        counts.append(sum(reference() is not None for reference in references))
    gc.unfreeze()
    assert counts[-1] == 0
    assert max(counts) <= 4


@pytest.mark.slow
def test_a_model_with_contacts_is_freed():
    env = MjcfEnv(xml="falling.xml", mjcf=FALLING)
    model = MLPDynamicsModel(env=env, hidden_dims=(4,), refinement_dims=(4,), refinement_steps=1)
    variables = unit(model)
    states = env.sample_states(np.random.default_rng(0), 2)
    model.contact_cache(states)
    model.rollout(states, np.zeros((2, 2, env.action_dim)), variables)
    references = [weakref.ref(x) for x in (model, env, env.mj_model, model.network_step)]
    del env, model, variables
    gc.collect()
    assert [reference() for reference in references] == [None] * 4


@pytest.mark.slow
def test_parts_are_built_once_for_all_traces(cart_pole, monkeypatch):
    built, of = [], Representation.of
    monkeypatch.setattr(Representation, "of", lambda *args: built.append(args) or of(*args))
    model = MechanicalDynamicsModel(env=cart_pole, hidden_dims=(4,), constraints="none")
    variables = unit(model)
    for number in (1, 2):
        states = cart_pole.sample_states(np.random.default_rng(0), number)
        model.rollout(states, np.zeros((number, 2, cart_pole.action_dim)), variables)
    assert len(built) == 1
    assert model.limbs is model.clone().limbs is not model.clone(ensemble_size=2).limbs
