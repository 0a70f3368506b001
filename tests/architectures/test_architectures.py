"""All architectures: their YAML, their options, shapes and invariances."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hypothesis import given, settings
from hypothesis import strategies as st
from marks import slow
from omegaconf import OmegaConf

from dynax import architectures
from dynax.cli.composition import conf
from dynax.errors import UserError

NAMES = ("gru", "lagrangian", "mechanical", "mlp", "quadratic", "residual", "resnet", "rigid", "transformer")
EACH = pytest.mark.parametrize("name", NAMES)
STRUCTURED = ("lagrangian", "mechanical", "residual", "rigid")  # equations of motion
GENERIC = pytest.mark.parametrize("name", [name for name in NAMES if name not in STRUCTURED])
PRESENT = (*STRUCTURED, "quadratic")  # models of equations, which use the constraint layer


@cache
def composed(architecture):
    """Return the options of an architecture from its YAML file."""
    with initialize_config_dir(str(conf.directory()), version_base="1.3"):
        return OmegaConf.create(OmegaConf.to_container(compose("train", [f"model={architecture}"]).model))


def group(architecture, **changes):
    return OmegaConf.merge(composed(architecture), changes)


def variables(model, seed=0):
    """Variables with a random normalization."""
    rng = np.random.default_rng(seed)
    sizes = {name: len(each["mean"]) for name, each in model.identity_normalization().items()}
    statistics = {k: {"mean": rng.normal(0, 0.1, n), "std": rng.uniform(0.5, 2, n)} for k, n in sizes.items()}
    return model.create(jax.random.PRNGKey(seed), jax.tree.map(np.float32, statistics))


def following(model):
    """The shape of the states that follow seven states."""
    inputs = jnp.ones((7, model.history, model.state_dim)), jnp.ones((7, model.history, model.action_dim))
    return jax.eval_shape(lambda: model.predict(variables(model), *inputs)).shape


@EACH
def test_it_is_built_from_its_yaml(name, cart_pole):
    assert following(architectures.make(cart_pole, group(name))) == (7, 4)


NETWORK = {
    "angles",
    "target",
    "constraints",
    "compliance",
    "contact_init_scale",
    "drop_invariant",
    "frame",
    "ensemble_size",
    "head",
}
LAYER = {"constraints", "contact_init_scale"}
OPTIONS = {
    "lagrangian": LAYER | {"embedding_dim", "friction", "compliance", "ensemble_size", "history"},
    "mechanical": LAYER | {"hidden_dims", "activation", "compliance", "ensemble_size", "history"},
    "quadratic": NETWORK | {"hidden_dims", "activation"},
    "resnet": NETWORK | {"width", "num_blocks", "activation", "history"},
    "residual": LAYER
    | {"network", "window", "output", "hidden_dims", "activation"}
    | {"base", "constants", "friction", "finetune_base"}
    | {"compliance", "ensemble_size", "history"},
    "rigid": LAYER | {"friction", "history"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_architecture_has_only_options_that_it_uses(name):
    assert set(group(name)) - {"architecture"} == OPTIONS[name]


@pytest.mark.slow
@GENERIC
def test_a_generic_network_supports_every_robot(name, env):
    assert following(architectures.make(env, group(name, constraints="features"))) == (7, env.state_dim)


@EACH
def test_the_good_representation_is_the_default(name, cart_pole):
    model = architectures.make(cart_pole, group(name))
    chosen = (model.angles, model.target, model.constraints, model.drop_invariant)
    assert chosen == ("sincos", "acceleration", "layer" if name in PRESENT else "features", True)


@GENERIC
def test_the_representation_of_the_seed_is_one_override_away(name, cart_pole):
    model = architectures.make(
        cart_pole, group(name, target="delta", angles="raw", constraints="none", drop_invariant=False)
    )
    assert model.feature_dim == model.target_dim == model.state_dim


@pytest.mark.parametrize("name", [name for name in NAMES if name != "quadratic"])
def test_it_takes_a_history(name, cart_pole):
    model = architectures.make(cart_pole, group(name, history=5))
    assert model.history == 5


def test_the_quadratic_model_has_no_option_history(cart_pole):
    with pytest.raises(UserError, match=r"unknown key model.history"):
        architectures.make(cart_pole, group("quadratic", history=4))


@pytest.mark.slow
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
    "gru": {"width": 8, "history": 3},
    "transformer": {"width": 8, "num_heads": 2, "history": 3},
}
RAIL = {"cart_pole": 1.8, "double_cart_pole": 3.8}  # half length, m


MOVED = [name for name in NAMES if name not in ("residual", "rigid")]  # they round their sums over bodies


@pytest.fixture(
    scope="module",
    params=[
        "mlp-cart_pole",
        *slow(*(f"{name}-cart_pole" for name in MOVED if name != "mlp")),
        *slow("mlp-double_cart_pole", "lagrangian-double_cart_pole"),
    ],
)
def predicted(request, robots):
    """A model with random weights, its unconstrained change and its target, as functions of states and actions."""
    name, robot = request.param.split("-")
    model = architectures.make(robots[robot], group(name, **SMALL[name]))
    values = variables(model)

    def free(states, actions):
        network = {"params": values["params"]["network"]}
        return model.apply(network, states, actions, values["normalization"], method="unconstrained").change

    return model, RAIL[robot], jax.jit(free), jax.jit(lambda s, a: model.predict_delta(values, s[None], a[None])[0, 0])


@pytest.mark.slow
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_moving_the_cart_within_its_rail_changes_no_prediction(predicted, seed):
    model, rail, *functions = predicted
    rng = np.random.default_rng(seed)
    states = rng.uniform(-9, 9, (model.history, model.state_dim))
    states[:, 0] = rng.uniform(-0.1, 0.1, model.history)
    displaced = states + np.array([rng.uniform(-1, 1) * (rail - 0.2), *np.zeros(model.state_dim - 1)])
    actions = rng.uniform(-1, 1, (model.history, 1))
    for function in functions:
        before, after = (function(*map(np.float32, (x, actions))) for x in (states, displaced))
        assert np.array_equal(before, after)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_within_the_rail_no_constraint_is_active(predicted, seed):
    model, rail, free, constrained = predicted
    rng = np.random.default_rng(seed)
    states = rng.uniform(-9, 9, (model.history, model.state_dim))
    states[:, 0] = rng.uniform(-rail, rail, model.history)
    args = [np.float32(x) for x in (states, rng.uniform(-1, 1, (model.history, 1)))]
    np.testing.assert_allclose(constrained(*args), free(*args), rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@EACH
def test_equal_options_make_equal_models(name, cart_pole):
    one, other = (architectures.make(cart_pole, group(name)) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)


@EACH
def test_an_unknown_option_is_an_error(name, cart_pole):
    with pytest.raises(UserError, match=r"unknown key model.foo; model has "):
        architectures.make(cart_pole, group(name, foo=1))


@pytest.mark.parametrize("key", ["env", "parent", "name"])
def test_fields_of_flax_are_no_options(key, cart_pole):
    with pytest.raises(UserError, match=f"unknown key model.{key}"):
        architectures.make(cart_pole, group("mlp", **{key: "x"}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "change", "message"),
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
        ("mechanical", {"target": "delta"}, "unknown key model.target"),
        ("mechanical", {"constraints": "features"}, "model.architecture=mechanical has no features: .* none or layer"),
        ("residual", {"constants": [1.0]}, r"model.constants has 1 numbers, but cart_pole needs \d+"),
        ("residual", {"friction": True}, "model.friction=true needs the constants of an identified model"),
        ("residual", {"base": "x"}, "model.base=x needs the constants of an identified model"),
        ("rigid", {"ensemble_size": 2}, "unknown key model.ensemble_size"),
        ("quadratic", {"hidden_dims": [0]}, "model.hidden_dims=0 is out of range"),
        ("quadratic", {"activation": "rleu"}, "model.activation=rleu is not one of gelu, "),
        ("lagrangian", {"embedding_dim": 1}, "model.embedding_dim=1 is out of range: it must be at least 2"),
        ("lagrangian", {"frame": "world"}, "unknown key model.frame"),
        ("gru", {"num_layers": 0}, "model.num_layers=0 is out of range"),
        ("transformer", {"num_heads": 0}, "model.num_heads=0 is out of range"),
        ("transformer", {"num_heads": 3}, "model.width=64 must be a multiple of model.num_heads=3"),
        ("transformer", {"dropout": 1.0}, "model.dropout=1 is out of range"),
    ],
)
def test_an_invalid_option_is_an_error(name, change, message, cart_pole):
    with pytest.raises(UserError, match=message):
        architectures.make(cart_pole, group(name, **change))


@pytest.mark.slow
def test_widths_may_come_as_a_list(cart_pole):
    model = architectures.MLPDynamicsModel(env=cart_pole, hidden_dims=[4])
    variables = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    assert model.rollout(np.zeros((1, 4)), np.zeros((1, 2, 1)), variables).shape == (1, 3, 4)
