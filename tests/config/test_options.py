"""Conversion of config groups into dataclasses: types, lists, nested groups, and errors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest
from omegaconf import OmegaConf

from dynax.config.options import defaults, options, section
from dynax.config.schema import CollectConfig, RenderConfig, TrainingConfig
from dynax.envs import KeyframeReset
from dynax.errors import UserError
from dynax.excitations.ou import Ou


@dataclass(frozen=True)
class Place:
    at: float = 0.0


@dataclass(frozen=True)
class Options:
    hidden_dims: tuple[int, ...] = ()
    ranges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    place: Place = field(default_factory=Place)


def test_an_unknown_key_is_an_error_with_a_suggestion():
    with pytest.raises(UserError) as error:
        section(CollectConfig, {"num_rolouts": 3}, "collect")
    assert str(error.value) == (
        "unknown key collect.num_rolouts (did you mean `num_rollouts`?); "
        "collect has num_rollouts, rollout_length, seed, backend, policy, policy_noise"
    )


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("num_epochs", "ten", "must be a whole number, not str"),
        ("num_epochs", 1.5, "must be a whole number, not float"),
        ("num_epochs", True, "must be a whole number, not bool"),
        ("num_epochs", None, "must be a whole number, not null"),
        ("learning_rate", "fast", "must be a number, not str"),
        ("gradient_clip", "none", "must be a number, not str"),
        ("optimizer", 3, "must be text, not int"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error(key, value, wanted):
    with pytest.raises(UserError, match=f"^training.{key}={'null' if value is None else value} {wanted}$"):
        section(TrainingConfig, {key: value}, "training")


def test_an_integer_becomes_a_float():
    config = section(TrainingConfig, {"gradient_clip": 2}, "training")
    assert isinstance(config.gradient_clip, float)


def test_an_optional_key_may_be_null():
    config = section(TrainingConfig, {"gradient_clip": None, "ema_decay": None, "patience": None}, "training")
    assert (config.gradient_clip, config.ema_decay, config.patience) == (None, None, None)


def test_a_list_becomes_a_tuple():
    assert section(RenderConfig, OmegaConf.create({"formats": ["gif"]}), "render").formats == ("gif",)


def test_a_string_becomes_a_list_of_one():
    assert section(RenderConfig, {"formats": "gif"}, "render").formats == ("gif",)


def test_a_number_is_not_a_list():
    with pytest.raises(UserError, match=re.escape("model.hidden_dims=64 must be a list of numbers, such as")):
        options(Options, {"hidden_dims": 64}, "model")


def test_a_group_may_contain_mappings_and_groups():
    given = {"ranges": {"hip": [0, 1]}, "place": {"at": 2}}
    assert Options(**options(Options, given, "env")) == Options((), {"hip": (0.0, 1.0)}, Place(2.0))
    with pytest.raises(UserError, match=re.escape("env.ranges=3 must be a mapping, such as {name: value}")):
        options(Options, {"ranges": 3}, "env")
    with pytest.raises(UserError, match=r"unknown key env.place.on; env.place has at"):
        options(Options, {"place": {"on": 1}}, "env")


def test_keys_besides_the_fields_are_ignored():
    assert options(CollectConfig, {"name": "x", "seed": 2}, "collect", besides=("name",)) == {"seed": 2}


def test_a_hidden_field_is_an_unknown_key():
    with pytest.raises(UserError, match=r"unknown key collect.seed; collect has num_rollouts, rollout_length, backend"):
        options(CollectConfig, {"seed": 1}, "collect", hidden=("seed",))


def test_defaults_are_yaml_values():
    assert defaults(Options) == {"hidden_dims": [], "ranges": {}, "place": {"at": 0.0}}
    assert defaults(Options, hidden=("place",)) == {"hidden_dims": [], "ranges": {}}


def test_a_field_without_a_default_is_mandatory():
    @dataclass
    class Needs:
        path: str

    assert defaults(Needs) == {"path": "???"}


@pytest.mark.parametrize(
    ("create", "message"),
    [
        (lambda: TrainingConfig(num_epochs=1.5), "num_epochs=1.5 must be a whole number, not float"),
        (lambda: TrainingConfig(unroll_horizons=5), r"unroll_horizons=5 must be a list of numbers, such as \[1, 2\]"),
        (lambda: TrainingConfig(unroll_horizons=(2.5,)), "unroll_horizons=2.5 must be a whole number, not float"),
        (lambda: TrainingConfig(seed=True), "seed=True must be a whole number, not bool"),
        (lambda: RenderConfig(formats=5), r"formats=5 must be a list of names, such as \[a, b\]"),
        (lambda: Ou(std="1"), "std=1 must be a number, not str"),
        (lambda: KeyframeReset(ranges=[]), r"ranges=\[\] must be a mapping"),
    ],
)
def test_wrong_types_in_python_are_errors_of_the_user(create, message):
    with pytest.raises(UserError, match=f"^{message}"):
        create()


def test_values_of_numpy_become_values_of_python():
    config = TrainingConfig(num_epochs=np.int64(3), learning_rate=np.float32(0.5), unroll_horizons=np.array([2, 3]))
    assert (config.num_epochs, config.learning_rate, config.unroll_horizons) == (3, 0.5, (2, 3))
    assert [type(x) for x in (config.num_epochs, config.learning_rate, *config.unroll_horizons)] == [
        int,
        float,
        int,
        int,
    ]
