"""The contract of a model: representation, integration, rollout, memory, and invalid options."""

import gc
import subprocess
import sys
import weakref
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from marks import slow

from dynax.architectures import MechanicalDynamicsModel, MLPDynamicsModel, TransformerDynamicsModel
from dynax.base import BaseDynamicsModel
from dynax.data.simulate import simulate
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.representation.representation import Representation


class MyModel(BaseDynamicsModel):
    """The custom model of the first README."""

    @nn.compact
    def __call__(self, states, actions, training=False):
        x = jnp.concatenate([states.flatten(), actions.flatten()])
        x = nn.Dense(256)(x)
        x = nn.relu(x)
        return nn.Dense(self.state_dim)(x)


class Still(BaseDynamicsModel):
    """A network that always returns zero, to test the computation around it."""

    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("zero", nn.initializers.zeros, ()) * jnp.ones(self.target_dim)


class Digits(BaseDynamicsModel):
    """Every coordinate moves by a number whose digits are the actions of the history, the newest last."""

    sequence: ClassVar[bool] = False

    @nn.compact
    def __call__(self, states, actions, training=False):
        one = self.param("one", nn.initializers.ones, ())
        return one * jnp.full(self.target_dim, jnp.sum(actions[:, 0] * 10.0 ** jnp.arange(self.history)[::-1]))


class SequenceDigits(Digits):
    """The same at every position of the history."""

    sequence: ClassVar[bool] = True

    @nn.compact
    def __call__(self, states, actions, training=False):
        number = self.param("one", nn.initializers.zeros, ())
        numbers = []
        for action in actions[:, 0]:
            number = 10 * number + action
            numbers.append(jnp.full(self.target_dim, number))
        return jnp.stack(numbers)


def unit(model):
    """Variables with the identity normalization."""
    return model.create(jax.random.PRNGKey(0), model.identity_normalization())


def skewed(model, seed=0):
    """Variables with a random normalization."""
    rng = np.random.default_rng(seed)
    sizes = {name: len(each["mean"]) for name, each in model.identity_normalization().items()}
    statistics = {k: {"mean": rng.normal(0, 0.1, n), "std": rng.uniform(0.5, 2, n)} for k, n in sizes.items()}
    return model.create(jax.random.PRNGKey(seed), jax.tree.map(np.float32, statistics))


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


@pytest.mark.parametrize("history", [1, 3])
def test_rollout_starts_at_the_given_state(cart_pole, history):
    model = MyModel(env=cart_pole, history=history)
    states = np.random.default_rng(0).normal(size=(5, history, 4)).astype(np.float32)
    path = model.rollout(states, np.zeros((5, history + 6, 1)), unit(model))
    assert path.shape == (5, 8, 4)
    assert np.array_equal(path[:, 0], states[:, -1])


def test_without_a_history_states_may_come_with_or_without_its_axis(cart_pole):
    model = MyModel(env=cart_pole)
    states, actions = np.random.default_rng(0).normal(size=(5, 4)), np.ones((5, 3, 1))
    variables = unit(model)
    assert np.array_equal(model.rollout(states, actions, variables), model.rollout(states[:, None], actions, variables))


def test_rollouts_of_numpy_and_jax_arrays_are_equal(cart_pole):
    model = MyModel(env=cart_pole)
    states, actions = np.random.default_rng(0).normal(size=(5, 4)), np.ones((5, 3, 1))
    variables = unit(model)
    by_jax = model.rollout(jnp.asarray(states), jnp.asarray(actions), variables)
    assert np.array_equal(model.rollout(states, actions, variables), by_jax)


@pytest.mark.parametrize("network", [Digits, SequenceDigits])
def test_each_step_reads_the_actions_of_its_own_history(cart_pole, network):
    model = network(env=cart_pole, history=3)
    actions = np.array([1, 2, 3, 4, 5, 6.0]).reshape(1, 6, 1)  # the first two belong to the first two states
    path = model.rollout(np.zeros((1, 3, 4)), actions, unit(model))
    assert path.shape == (1, 5, 4)
    assert np.diff(path[0, :, 0]).tolist() == [123, 234, 345, 456]


@pytest.mark.parametrize("target", ["delta", "acceleration"])
def test_rollout_is_the_plain_loop(cart_pole, target):
    class Net(BaseDynamicsModel):
        @nn.compact
        def __call__(self, states, actions, training=False):
            return nn.Dense(self.target_dim)(
                jnp.tanh(nn.Dense(8)(jnp.concatenate([states.flatten(), actions.flatten()])))
            )

    model = Net(env=cart_pole, history=3, target=target, angles="sincos")
    variables = skewed(model)
    rng = np.random.default_rng(0)
    states, actions = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 7, 1))
    wanted = [plain_rollout(model, variables, s, a) for s, a in zip(states, actions, strict=True)]
    np.testing.assert_allclose(model.rollout(states, actions, variables), wanted, rtol=1e-4, atol=1e-4)


def plain_rollout(model, variables, states, actions):
    """Return one trajectory, computed step by step as the documentation describes."""
    norm, states, network = variables["normalization"], list(states), jax.jit(model.apply)
    for t in range(len(actions) - model.history + 1):
        features = (model.features(np.array(states[t:])) - norm["features"]["mean"]) / norm["features"]["std"]
        inputs = (actions[t : t + model.history] - norm["actions"]["mean"]) / norm["actions"]["std"]
        output = np.asarray(
            network({"params": variables["params"]["network"]}, *np.float32([features]), *np.float32([inputs]))
        )
        states.append(model.integrate(states[-1], output * norm["target"]["std"] + norm["target"]["mean"]))
    return states[model.history - 1 :]


@pytest.mark.parametrize(
    ("history", "states", "actions", "message"),
    [
        (1, (2, 3), (2, 5, 1), r"states must have shape \(B, 1, 4\), got \(2, 1, 3\)"),
        (1, (4,), (2, 5, 1), r"states must have shape \(B, 1, 4\), got \(4,\)"),
        (3, (2, 4), (2, 5, 1), r"states must have shape \(B, 3, 4\), got \(2, 4\)"),
        (3, (2, 2, 4), (2, 5, 1), r"states must have shape \(B, 3, 4\), got \(2, 2, 4\)"),
        (1, (2, 4), (2, 5, 2), r"actions must have shape \(2, 0 \+ T, 1\) .*, got \(2, 5, 2\)"),
        (1, (2, 4), (3, 5, 1), r"actions must have shape \(2, 0 \+ T, 1\) .*, got \(3, 5, 1\)"),
        (1, (2, 4), (2, 5), r"actions must have shape \(2, 0 \+ T, 1\) .*, got \(2, 5\)"),
        (3, (2, 3, 4), (2, 2, 1), r"actions must have shape \(2, 2 \+ T, 1\) .*, got \(2, 2, 1\)"),
    ],
)
def test_arrays_of_wrong_shapes_are_an_error(cart_pole, history, states, actions, message):
    model = Still(env=cart_pole, history=history)
    with pytest.raises(ValueError, match=message):
        model.rollout(np.zeros(states), np.zeros(actions), {})


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


@pytest.mark.parametrize(
    ("integrator", "decimation", "target", "message"),
    [
        ("Euler", 4, "acceleration", r"env.decimation=1 \(now 4\)"),
        ("RK4", 1, "acceleration", r"an integrator other than RK4 \(now RK4\)"),
        ("Euler", 1, "delta", r"model.target=acceleration \(now delta\)"),
    ],
)
def test_a_constraint_layer_needs_semi_implicit_steps(integrator, decimation, target, message):
    env = MjcfEnv(xml="toy.xml", mjcf=PENDULUM.format(integrator), decimation=decimation)
    with pytest.raises(UserError, match=f"model.constraints=layer needs .*{message}.* use model.constraints=features"):
        MLPDynamicsModel(env=env, constraints="layer", target=target)


def test_contact_init_scale_is_the_initial_factor_of_contact_parameters(hopper):
    model = MLPDynamicsModel(env=hopper, hidden_dims=(8,), constraints="layer", contact_init_scale=1.4)
    layer = unit(model)["params"]["layer"]
    for name in ("stiffness", "damping", "weight", "friction"):
        np.testing.assert_allclose(layer[f"contact_{name}"], np.log(1.4), rtol=1e-6)
    assert not np.any(layer["stiffness"])


@pytest.mark.parametrize(
    ("kind", "learned"), [(MLPDynamicsModel, {"Inertia_0"}), *slow((MechanicalDynamicsModel, set()))]
)
def test_without_learned_compliance_a_layer_has_the_parameters_of_the_mjcf(hopper, kind, learned):
    """Its predictions are those of a layer with initial factors."""
    keeps, learns = (
        kind(env=hopper, hidden_dims=(8,), constraints="layer", compliance=compliance)
        for compliance in ("mjcf", "learned")
    )
    kept, free = unit(keeps), unit(learns)
    assert set(kept["params"].get("layer", {})) == learned
    assert set(free["params"]["layer"]) > learned
    rollout = hopper.sample_states(np.random.default_rng(0), 4), np.zeros((4, 20, hopper.action_dim))
    np.testing.assert_allclose(keeps.rollout(*rollout, kept), learns.rollout(*rollout, free), atol=1e-5)


def test_a_robot_without_actuators_can_be_predicted():
    fall = '<mujoco><worldbody><body><joint type="slide" axis="0 0 1"/><geom size=".1"/></body></worldbody></mujoco>'
    model = MLPDynamicsModel(env=MjcfEnv(xml="fall.xml", mjcf=fall), hidden_dims=(4,))
    assert model.rollout(np.zeros((2, 2)), np.zeros((2, 3, 0)), unit(model)).shape == (2, 4, 2)


def test_rollout_is_differentiable_in_its_actions(cart_pole):
    model = MyModel(env=cart_pole)
    variables = unit(model)
    gradient = jax.grad(lambda actions: model.rollout(jnp.ones((1, 4)), actions, variables)[0, -1, 0])(
        jnp.ones((1, 3, 1))
    )
    assert np.isfinite(gradient).all()
    assert np.any(gradient != 0)


ROD = """<mujoco><worldbody><geom type="plane" size="5 5 1"/>
<body pos="0 0 .1"><joint name="z" type="slide" axis="0 0 1"/><joint axis="0 1 0"/>
<geom type="capsule" size=".05" fromto="-.2 0 0 .2 0 0"/></body></worldbody>
<actuator><motor joint="z"/></actuator></mujoco>"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "options"),
    [
        (MLPDynamicsModel, {"history": 2}),
        (TransformerDynamicsModel, {"history": 2, "width": 8, "num_layers": 1, "num_heads": 1}),
        (MLPDynamicsModel, {"history": 2, "constraints": "layer"}),
        (TransformerDynamicsModel, {"history": 2, "width": 8, "num_layers": 1, "num_heads": 1, "constraints": "layer"}),
    ],
)
def test_predictions_with_and_without_a_contact_cache_are_equal(network, options):
    model, rng = network(env=MjcfEnv(xml="rod.xml", mjcf=ROD), **options), np.random.default_rng(0)
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


@pytest.mark.parametrize(
    "options", [{}, {"constraints": "features"}, {"constraints": "layer", "target": "acceleration"}]
)
def test_refinement_and_layer_use_the_nearest_contacts_of_the_cache(options):
    model = MLPDynamicsModel(env=MjcfEnv(xml="rod.xml", mjcf=ROD), hidden_dims=(4,), **options)
    cache = model.contact_cache(np.zeros((3, 4), np.float32))
    assert {x.shape[0] for x in jax.tree.leaves(cache.nearest)} == {3}
    assert (cache.features is None) == (model.constraints == "layer")


SLIDE = """<mujoco><worldbody><body><joint name="x" type="slide"/><geom size=".1"/></body></worldbody>
<actuator><motor joint="x"/></actuator></mujoco>"""


def test_models_their_programs_and_their_mujoco_models_are_freed():
    references, counts = [], []
    for seed in range(50):
        env = MjcfEnv(xml="slide.xml", mjcf=SLIDE)
        model = Still(env=env, target="acceleration")
        variables = model.create(jax.random.PRNGKey(seed), model.identity_normalization())
        model.rollout(np.zeros((2, 2)), np.zeros((2, 3, 1)), variables)
        references += [weakref.ref(x) for x in (model, env, env.mj_model, model.representation)]
        del env, model, variables
        gc.collect()
        counts.append(sum(reference() is not None for reference in references))
    assert counts[-1] == 0
    assert max(counts) <= 4


def test_a_model_with_contacts_is_freed(hopper):
    env = type(hopper)()
    model = MLPDynamicsModel(env=env, hidden_dims=(4,), refinement_dims=(4,), refinement_steps=1)
    variables = unit(model)
    states = env.sample_states(np.random.default_rng(0), 2)
    model.contact_cache(states)
    model.rollout(states, np.zeros((2, 2, env.action_dim)), variables)
    references = [weakref.ref(x) for x in (model, env, env.mj_model, model.predictor)]
    del env, model, variables
    gc.collect()
    assert [reference() for reference in references] == [None] * 4


def test_parts_are_built_once_for_all_traces(hopper, monkeypatch):
    built, of = [], Representation.of
    monkeypatch.setattr(Representation, "of", lambda *args: built.append(args) or of(*args))
    model = MechanicalDynamicsModel(env=hopper, hidden_dims=(4,), constraints="none")
    variables = unit(model)
    for number in (1, 2):
        states = hopper.sample_states(np.random.default_rng(0), number)
        model.rollout(states, np.zeros((number, 2, hopper.action_dim)), variables)
    assert len(built) == 1
    assert model.limbs is model.clone().limbs is not model.clone(ensemble_size=2).limbs


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
