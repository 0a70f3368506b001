"""Mappings with names of the user's robot on the command line."""

import pytest
from hydra import compose, initialize_config_dir

from dynax.cli.composition import conf, resolvers
from dynax.cli.composition.mappings import encode_mappings, restore_mappings
from dynax.errors import UserError

NAMES = ("joint0", "left/hip.x", "b b", "左.膝=1", "it's", "$x", "${y}", "on", "1", "a\\", "c]")


def composed(*overrides):
    resolvers.register()
    with initialize_config_dir(version_base="1.3", config_dir=str(conf.directory())):
        cfg = compose("train", overrides=["env=mjcf", "env.xml=x", *encode_mappings(overrides)])
    restore_mappings(cfg)
    return cfg.env


@pytest.mark.parametrize("key", ["action_range", "reset.ranges"])
@pytest.mark.parametrize("prefix", ["", "+", "++"])
def test_a_mapping_without_quotes(key, prefix):
    env = composed(f"{prefix}env.{key}={{joint0:[-1,1e-3],left/hip.x:[-0.5, 2],左.膝=1:[0,1]}}")
    mapping = env.action_range if key == "action_range" else env.reset.ranges
    assert mapping == {"joint0": [-1, 1e-3], "left/hip.x": [-0.5, 2], "左.膝=1": [0, 1]}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_name_in_quotes(name):
    quoted = "'" + name.replace("'", "''") + "'"
    assert composed(f"env.action_range={{{quoted}: [-1, 1]}}").action_range == {name: [-1, 1]}


def test_an_empty_mapping():
    assert composed("env.action_range={}").action_range == {}


@pytest.mark.parametrize("value", ["abc", "", "'{'"])
def test_another_text_is_not_a_mapping(value):
    with pytest.raises(UserError, match=r"env.action_range=.* must be a mapping, such as \{name: value\}"):
        composed(f"env.action_range={value}")


def test_several_mappings_are_the_values_of_a_sweep():
    [argument] = encode_mappings(["env.action_range={a:[-1,1]},{b:[-2,2]}"])
    assert argument == """env.action_range='{"a": [-1, 1]}','{"b": [-2, 2]}'"""


@pytest.mark.parametrize(
    "argument", ["env.action_range=5", "training=smoke", "-m", "env.action_range={a:[1}", "a={b:1}"]
)
def test_other_arguments_are_unchanged(argument):
    assert encode_mappings([argument]) == [argument]
