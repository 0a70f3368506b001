"""The contract of a model: representation, integration, variables and invalid options."""

import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest
from flax import linen as nn
from small_models import MyModel, Still, skewed, unit

from dynax.architectures import MLPDynamicsModel
from dynax.base import BaseDynamicsModel
from dynax.data.simulate import simulate
from dynax.envs import MjcfEnv
from dynax.errors import UserError


def test_a_bare_subclass_has_the_representation_of_the_seed(env):
    model = MyModel(env=env)
    states = env.sample_states(np.random.default_rng(0), 5)
    assert model.feature_dim == model.target_dim == model.state_dim == env.state_dim
    assert np.array_equal(model.features(states), states)


def test_the_custom_model_of_the_seed_predicts(cart_pole):
    model = MyModel(env=cart_pole)
    path = model.rollout(np.zeros((2, 4)), np.zeros((2, 3, 1)), unit(model))
    assert path.shape == (2, 4, 4)


def test_a_delta_is_added_to_the_state(env):
    model = Still(env=env)
    states, change = np.random.default_rng(0).normal(size=(2, 3, env.state_dim))
    assert np.array_equal(model.integrate(states, change), states + change)


def test_an_acceleration_target_is_the_velocity_change(env):
    model, nv = Still(env=env, target="acceleration"), env.space.nv
    states, following = np.random.default_rng(0).normal(size=(2, 3, env.state_dim))
    targets = model.targets(states, following)
    assert targets.shape == (3, model.target_dim) == (3, nv if env.semi_implicit else 2 * nv)
    assert np.array_equal(targets[:, -nv:], following[:, nv:] - states[:, nv:])


@pytest.mark.parametrize("seed", range(3))
def test_exact_velocity_changes_reproduce_mujoco(env, seed):
    rng = np.random.default_rng(seed)
    states = env.sample_states(rng, 400)
    states[:100] *= 1.4  # carts beyond their limits
    actions = rng.uniform(*env.action_bounds, (400, 1, env.action_dim))
    following = simulate(env, states, actions, "native")[:, 1]
    model = Still(env=env, target="acceleration")
    np.testing.assert_allclose(
        model.integrate(states, model.targets(states, following)), following, rtol=1e-12, atol=1e-12
    )


def test_exact_deltas_reproduce_the_state_up_to_whole_turns(env, trajectories):
    states = trajectories[env.name].states
    model = Still(env=env)
    again = model.integrate(states[:, :-1], model.targets(states[:, :-1], states[:, 1:]))
    np.testing.assert_allclose(env.space.difference(again, states[:, 1:]), 0, atol=1e-12)


def test_features_and_actions_are_normalized_and_the_target_is_not(cart_pole):
    class Probe(BaseDynamicsModel):
        @nn.compact
        def __call__(self, states, actions, training=False):
            self.param("none", nn.initializers.zeros, ())
            return states[-1] * actions[-1]

    model = Probe(env=cart_pole)
    variables = skewed(model)
    states, actions = np.random.default_rng(1).normal(size=(1, 4)), np.array([[[0.7]]])
    s, a, t = (variables["normalization"][k] for k in ("features", "actions", "target"))
    change = (states - s["mean"]) / s["std"] * ((0.7 - a["mean"]) / a["std"]) * t["std"] + t["mean"]
    np.testing.assert_allclose(model.rollout(states, actions, variables)[:, 1], states + change, rtol=1e-5)


def test_the_parameters_of_the_network_have_their_own_key(cart_pole):
    assert unit(Still(env=cart_pole))["params"] == {"network": {"zero": 0}}


def test_an_output_of_another_width_is_an_error(cart_pole):
    class TooWide(BaseDynamicsModel):
        @nn.compact
        def __call__(self, states, actions, training=False):
            return nn.Dense(7)(states[-1])

    with pytest.raises(UserError, match=r"TooWide.__call__ must return an array of shape \(4,\), got \(7,\)"):
        unit(TooWide(env=cart_pole))


def test_a_sequence_network_with_one_row_is_an_error(cart_pole):
    class OneRow(Still):
        sequence: ClassVar[bool] = True

    with pytest.raises(UserError, match=r"OneRow.__call__ must return an array of shape \(3, 4\), got \(4,\)"):
        unit(OneRow(env=cart_pole, history=3))


def test_a_model_without_a_network_is_an_error(cart_pole):
    with pytest.raises(NotImplementedError, match="BaseDynamicsModel must define __call__"):
        unit(BaseDynamicsModel(env=cart_pole))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"angles": "sin"}, "model.angles=sin is not one of raw, sincos"),
        ({"target": "velocity"}, "model.target=velocity is not one of delta, acceleration"),
        ({"constraints": "feature"}, "did you mean `features`"),
        ({"history": 0}, "model.history=0 is out of range"),
        ({"ensemble_size": 0}, "model.ensemble_size=0 is out of range"),
        ({"contact_init_scale": 0.0}, "model.contact_init_scale=0"),
    ],
)
def test_an_invalid_option_is_an_error_at_construction(cart_pole, options, message):
    with pytest.raises(UserError, match=message):
        Still(env=cart_pole, **options)


PENDULUM = """<mujoco><option integrator="{}" timestep=".02"/><worldbody><body><joint name="x" axis="0 1 0"/>
<geom type="capsule" fromto="0 0 0 0 0 -1" size=".05"/></body></worldbody>
<actuator><motor joint="x"/></actuator></mujoco>"""


@pytest.mark.parametrize(("integrator", "decimation", "dim"), [("Euler", 1, 1), ("RK4", 1, 2), ("implicitfast", 4, 2)])
def test_without_semi_implicit_steps_a_position_residual_is_predicted(integrator, decimation, dim):
    env = MjcfEnv(xml="toy.xml", mjcf=PENDULUM.format(integrator), decimation=decimation)
    model, rng = Still(env=env, target="acceleration"), np.random.default_rng(0)
    assert model.target_dim == dim
    states, actions = env.sample_states(rng, 50), rng.uniform(-1, 1, (50, 1, 1))
    following = simulate(env, states, actions, "native")[:, 1]
    change = model.targets(states, following)
    np.testing.assert_allclose(model.integrate(states, change), following, atol=1e-13)


@pytest.mark.slow
def test_a_robot_without_actuators_can_be_predicted():
    fall = '<mujoco><worldbody><body><joint type="slide" axis="0 0 1"/><geom size=".1"/></body></worldbody></mujoco>'
    model = MLPDynamicsModel(env=MjcfEnv(xml="fall.xml", mjcf=fall), hidden_dims=(4,))
    assert model.rollout(np.zeros((2, 2)), np.zeros((2, 3, 0)), unit(model)).shape == (2, 4, 2)


@pytest.mark.slow
def test_the_custom_model_of_the_readme_works_in_a_script(tmp_path):
    """The class is defined in `__main__`, as in a notebook."""
    (tmp_path / "custom.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "custom.py"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["(2,", "4,", "2)"]


SCRIPT = """import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dynax.base import BaseDynamicsModel
from dynax.envs import PendulumEnv


class MyModel(BaseDynamicsModel):
    @nn.compact
    def __call__(self, states, actions, training=False):
        x = jnp.concatenate([states.flatten(), actions.flatten()])
        x = nn.Dense(256)(x)
        x = nn.relu(x)
        return nn.Dense(self.state_dim)(x)


model = MyModel(env=PendulumEnv())
variables = model.create(jax.random.PRNGKey(0), model.identity_normalization())
print(model.rollout(np.zeros((2, 2)), np.zeros((2, 3, 1)), variables).shape)
"""
