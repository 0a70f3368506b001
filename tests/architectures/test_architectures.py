"""Every network: built from its YAML, of the right shape, and clear about options that make no sense."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from omegaconf import OmegaConf

from dynax import architectures
from dynax.config import modules_of
from dynax.errors import UserError

CONF = Path(__file__).parents[2] / "conf" / "model"
EACH = pytest.mark.parametrize("name", modules_of("dynax.architectures"))


def group(architecture, **changes):
    return OmegaConf.merge(OmegaConf.load(CONF / f"{architecture}.yaml"), changes)


@EACH
def test_it_is_built_from_its_yaml(name, cart_pole):
    model = architectures.make(cart_pole, group(name))
    inputs = jnp.ones((model.history, model.feature_dim)), jnp.ones((model.history, model.action_dim))
    output, _ = jax.eval_shape(lambda: model.init_with_output(jax.random.PRNGKey(0), *inputs))
    assert output.shape == ((model.history, model.target_dim) if model.sequence else (model.target_dim,))


@EACH
def test_the_good_representation_is_the_default(name, cart_pole):
    model = architectures.make(cart_pole, group(name))
    options = (model.angles, model.target, model.constraints, model.drop_invariant)
    assert options == ("sincos", "acceleration", "features", True)


@EACH
def test_the_representation_of_the_seed_is_one_override_away(name, cart_pole):
    model = architectures.make(
        cart_pole, group(name, target="delta", angles="raw", constraints="none", drop_invariant=False)
    )
    assert model.feature_dim == model.target_dim == model.state_dim


@EACH
def test_it_takes_a_history(name, cart_pole):
    model = architectures.make(cart_pole, group(name, history=4))
    assert model.history == 4


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
            "model.activation=rleu is not one of gelu, relu, silu, tanh .did you mean `relu`",
        ),
        ("resnet", {"width": 0}, "model.width=0 is out of range"),
        ("resnet", {"num_blocks": 0}, "model.num_blocks=0 is out of range"),
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
