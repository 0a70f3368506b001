"""Every network: built from its YAML, of the right shape, and clear about options that make no sense."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marks import slow
from omegaconf import OmegaConf

from dynax import architectures
from dynax.config.registry import ARCHITECTURES
from dynax.errors import UserError

CONF = Path(__file__).parents[2] / "conf" / "model"
NAMES = ARCHITECTURES.names()
EACH = pytest.mark.parametrize("name", NAMES)
EQUATIONS = ("lagrangian", "mechanical", "rigid")  # models that know the form of the equations of motion
GENERIC = pytest.mark.parametrize("name", [name for name in NAMES if name not in EQUATIONS])
PRESENT = (*EQUATIONS, "quadratic")  # models that see the present alone


def group(architecture, **changes):
    return OmegaConf.merge(OmegaConf.load(CONF / f"{architecture}.yaml"), changes)


def variables(model, seed=0):
    """Variables with a normalization that is nowhere trivial."""
    rng = np.random.default_rng(seed)
    width = {"features": model.feature_dim, "actions": model.action_dim, "target": model.target_dim}
    statistics = {k: {"mean": rng.normal(0, 0.1, n), "std": rng.uniform(0.5, 2, n)} for k, n in width.items()}
    return model.create(jax.random.PRNGKey(seed), jax.tree.map(np.float32, statistics))


def following(model):
    """The shape of what follows seven states."""
    inputs = jnp.ones((7, model.history, model.state_dim)), jnp.ones((7, model.history, model.action_dim))
    return jax.eval_shape(lambda: model.predict(variables(model), *inputs)).shape


@EACH
def test_it_is_built_from_its_yaml(name, cart_pole):
    assert following(architectures.make(cart_pole, group(name))) == (7, 4)


@GENERIC
def test_a_generic_network_is_of_any_robot(name, env):
    assert following(architectures.make(env, group(name, constraints="features"))) == (7, env.state_dim)


@EACH
def test_the_good_representation_is_the_default(name, cart_pole):
    model = architectures.make(cart_pole, group(name))
    options = (model.angles, model.target, model.constraints, model.drop_invariant)
    assert options == ("sincos", "acceleration", "layer" if name in PRESENT else "features", True)


@GENERIC
def test_the_representation_of_the_seed_is_one_override_away(name, cart_pole):
    model = architectures.make(
        cart_pole, group(name, target="delta", angles="raw", constraints="none", drop_invariant=False)
    )
    assert model.feature_dim == model.target_dim == model.state_dim


@pytest.mark.parametrize("name", [name for name in NAMES if name not in PRESENT])
def test_it_takes_a_history(name, cart_pole):
    model = architectures.make(cart_pole, group(name, history=4))
    assert model.history == 4


@pytest.mark.parametrize("name", PRESENT)
def test_a_model_of_the_present_takes_no_history(name, cart_pole):
    with pytest.raises(UserError, match=r"history=1"):
        architectures.make(cart_pole, group(name, history=4))


@GENERIC
@pytest.mark.parametrize("name_of_robot", ["cart_pole", "three_link"])
def test_it_takes_a_constraint_layer(name, name_of_robot, robots):
    model = architectures.make(robots[name_of_robot], group(name, constraints="layer"))
    params = jax.eval_shape(lambda: variables(model))["params"]
    assert set(params) == {"network", "layer"}
    assert {"stiffness", "damping", "weight", "bound", "Inertia_0"} == set(params["layer"])


SMALL = {
    "lagrangian": {},
    "mechanical": {"hidden_dims": [8]},
    "mlp": {"hidden_dims": [8, 8]},
    "quadratic": {"hidden_dims": [8]},
    "resnet": {"width": 8},
    "transformer": {"width": 8, "num_heads": 2, "history": 3},
}
RAIL = {"cart_pole": 1.8, "double_cart_pole": 3.8}  # m, either way


MOVED = [name for name in NAMES if name != "rigid"]  # of which the sums over bodies are rounded


@pytest.fixture(
    scope="module",
    params=[*(f"{name}-cart_pole" for name in MOVED), *slow(*(f"{name}-double_cart_pole" for name in MOVED))],
)
def predicted(request, robots):
    """A network of random weights, as a function from states and actions to the free and the bent change."""
    name, robot = request.param.split("-")
    model = architectures.make(robots[robot], group(name, **SMALL[name]))
    given_ = variables(model)

    def free(states, actions):
        network = {"params": given_["params"]["network"]}
        return model.apply(network, states, actions, given_["normalization"], method="unconstrained").change

    return model, RAIL[robot], jax.jit(free), jax.jit(lambda s, a: model.predict_delta(given_, s[None], a[None])[0, 0])


@pytest.mark.slow
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_moving_the_cart_inside_its_rail_changes_nothing(predicted, seed):
    model, rail, *functions = predicted
    rng = np.random.default_rng(seed)
    states = rng.uniform(-9, 9, (model.history, model.state_dim))
    states[:, 0] = rng.uniform(-0.1, 0.1, model.history)
    moved = states + np.array([rng.uniform(-1, 1) * (rail - 0.2), *np.zeros(model.state_dim - 1)])
    actions = rng.uniform(-1, 1, (model.history, 1))
    for function in functions:
        before, after = (function(*map(np.float32, (x, actions))) for x in (states, moved))
        assert np.array_equal(before, after)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_inside_the_rail_no_constraint_acts(predicted, seed):
    model, rail, free, bent = predicted
    rng = np.random.default_rng(seed)
    states = rng.uniform(-9, 9, (model.history, model.state_dim))
    states[:, 0] = rng.uniform(-rail, rail, model.history)
    args = [np.float32(x) for x in (states, rng.uniform(-1, 1, (model.history, 1)))]
    np.testing.assert_allclose(bent(*args), free(*args), rtol=1e-4, atol=1e-4)


@EACH
def test_equal_options_make_equal_models(name, cart_pole):
    """So that a rollout compiled for one serves the other."""
    one, other = (architectures.make(cart_pole, group(name)) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)


@EACH
def test_an_option_it_does_not_have_is_refused(name, cart_pole):
    with pytest.raises(UserError, match=r"unknown key model.foo; model has angles"):
        architectures.make(cart_pole, group(name, foo=1))


@pytest.mark.parametrize("key", ["env", "parent", "name"])
def test_what_flax_keeps_in_a_module_is_no_option(key, cart_pole):
    with pytest.raises(UserError, match=f"unknown key model.{key}"):
        architectures.make(cart_pole, group("mlp", **{key: "x"}))


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("mlp", {"hidden_dims": [16, 0]}, "model.hidden_dims=0 is out of range"),
        (
            "mlp",
            {"activation": "rleu"},
            r"model.activation=rleu is not one of gelu, .*did you mean `relu`",
        ),
        ("resnet", {"width": 0}, "model.width=0 is out of range"),
        ("resnet", {"num_blocks": 0}, "model.num_blocks=0 is out of range"),
        ("mechanical", {"hidden_dims": [0]}, "model.hidden_dims=0 is out of range"),
        ("mechanical", {"target": "delta"}, "model.architecture=mechanical .* needs .* model.target=acceleration"),
        ("rigid", {"target": "delta"}, "model.architecture=rigid .* needs .* model.target=acceleration"),
        ("quadratic", {"hidden_dims": [0]}, "model.hidden_dims=0 is out of range"),
        ("quadratic", {"activation": "rleu"}, "model.activation=rleu is not one of gelu, "),
        ("lagrangian", {"embedding_dim": 1}, "model.embedding_dim=1 is out of range: it must be at least 2"),
        ("lagrangian", {"target": "delta"}, "model.architecture=lagrangian .* needs .* model.target=acceleration"),
        ("transformer", {"num_heads": 0}, "model.num_heads=0 is out of range"),
        ("transformer", {"num_heads": 3}, "model.width=64 must be a multiple of model.num_heads=3"),
        ("transformer", {"dropout": 1.0}, "model.dropout=1 is out of range"),
    ],
)
def test_an_option_that_makes_no_sense_is_told(name, change, told, cart_pole):
    with pytest.raises(UserError, match=told):
        architectures.make(cart_pole, group(name, **change))


def test_widths_may_come_as_a_list(cart_pole):
    model = architectures.MLPDynamicsModel(env=cart_pole, hidden_dims=[4])
    widths = {"features": model.feature_dim, "actions": 1, "target": model.target_dim}
    statistics = {k: {"mean": np.zeros(n), "std": np.ones(n)} for k, n in widths.items()}
    variables = model.create(jax.random.PRNGKey(0), statistics)
    assert model.rollout(np.zeros((1, 4)), np.zeros((1, 2, 1)), variables).shape == (1, 3, 4)
