"""The schema: what a group may say, and that YAML and Python agree on what it says by default."""

import dataclasses
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from dynax.config.options import options, section
from dynax.config.registry import implementation, modules_of
from dynax.config.schema import CollectConfig, EvalConfig, RenderConfig, TrainingConfig, TrainingRunConfig
from dynax.errors import UserError

CONF = Path(__file__).parents[2] / "conf"
SECTIONS = {"collect": CollectConfig, "training": TrainingRunConfig, "eval": EvalConfig, "render": RenderConfig}


@pytest.mark.parametrize("group", SECTIONS)
def test_defaults_in_python_and_yaml_agree(group):
    yaml = OmegaConf.load(CONF / group / "default.yaml")
    yaml.pop("defaults", None)
    assert section(SECTIONS[group], yaml, group) == SECTIONS[group]()
    assert set(yaml) == {field.name for field in dataclasses.fields(SECTIONS[group])}


@pytest.mark.parametrize("name", modules_of("dynax.architectures"))
def test_defaults_of_networks_in_python_and_yaml_agree(name):
    from dynax.base import BaseDynamicsModel

    yaml = OmegaConf.load(CONF / "model" / f"{name}.yaml")
    cls = implementation("dynax.architectures", name, BaseDynamicsModel, "model.architecture")
    assert yaml.pop("architecture") == name
    assert options(cls, yaml, "model") == _defaults(cls, without=("env", "parent", "name"))


@pytest.mark.parametrize("name", [n for n in modules_of("dynax.envs") if n != "env"])
def test_defaults_of_robots_in_python_and_yaml_agree(name):
    from dynax.envs.env import Env

    yaml = OmegaConf.load(CONF / "env" / f"{name}.yaml")
    cls = implementation("dynax.envs", name, Env, "env.name")
    assert yaml.pop("name") == name
    wanted = _defaults(cls, without=("mjcf", "assets"))
    for key in [key for key in yaml if OmegaConf.is_missing(yaml, key)]:  # the user's to give
        del yaml[key], wanted[key]
    assert options(cls, yaml, "env") == wanted


def _defaults(cls, without):
    fields = [f for f in dataclasses.fields(cls) if f.init and f.name not in without]
    made = {f.name: f.default_factory for f in fields if f.default_factory is not dataclasses.MISSING}
    return {f.name: made[f.name]() if f.name in made else f.default for f in fields}


def test_every_key_has_a_comment():
    files = [file for file in CONF.glob("*/*.yaml") if file.parent.name != "hydra"]
    keys = [(file, line) for file in files for line in file.read_text().splitlines() if re.match(r" *\w+:", line)]
    assert not [key for key in keys if "#" not in key[1] and not re.match(r"defaults:|\w+:$", key[1])]


def test_an_unknown_key_is_told_with_its_nearest_name_and_all_others():
    with pytest.raises(UserError) as error:
        section(CollectConfig, {"num_rolouts": 3}, "collect")
    assert str(error.value) == (
        "unknown key collect.num_rolouts (did you mean `num_rollouts`?); "
        "collect has num_rollouts, rollout_length, seed, backend"
    )


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("num_epochs", "ten", "must be a whole number, not str"),
        ("num_epochs", 1.5, "must be a whole number, not float"),
        ("num_epochs", True, "must be a whole number, not bool"),
        ("num_epochs", None, "must be a whole number, not NoneType"),
        ("learning_rate", "fast", "must be a number, not str"),
        ("gradient_clip", "none", "must be a number, not str"),
        ("optimizer", 3, "must be text, not int"),
    ],
)
def test_a_value_of_another_type_is_told(key, value, wanted):
    with pytest.raises(UserError, match=f"^training.{key}={value} {wanted}$"):
        section(TrainingConfig, {key: value}, "training")


def test_a_whole_number_is_a_number():
    config = section(TrainingConfig, {"gradient_clip": 2}, "training")
    assert isinstance(config.gradient_clip, float)


def test_null_is_allowed_where_a_key_may_be_off():
    config = section(TrainingConfig, {"gradient_clip": None, "ema_decay": None, "patience": None}, "training")
    assert (config.gradient_clip, config.ema_decay, config.patience) == (None, None, None)


def test_a_list_becomes_a_tuple():
    assert section(RenderConfig, OmegaConf.create({"formats": ["gif"]}), "render").formats == ("gif",)


def test_one_word_is_a_list_of_one():
    assert section(RenderConfig, {"formats": "gif"}, "render").formats == ("gif",)


def test_a_number_is_no_list():
    with pytest.raises(UserError, match=re.escape("model.hidden_dims=64 must be a list of int, such as")):
        options(_Widths, {"hidden_dims": 64}, "model")


@dataclass(frozen=True)
class _Place:
    at: float = 0.0


@dataclass(frozen=True)
class _Widths:
    hidden_dims: tuple[int, ...] = ()
    ranges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    place: _Place = field(default_factory=_Place)


def test_a_group_may_hold_names_and_groups():
    given = {"ranges": {"hip": [0, 1]}, "place": {"at": 2}}
    assert _Widths(**options(_Widths, given, "env")) == _Widths((), {"hip": (0.0, 1.0)}, _Place(2.0))
    with pytest.raises(UserError, match=re.escape("env.ranges=3 must name its entries, such as {name: value}")):
        options(_Widths, {"ranges": 3}, "env")
    with pytest.raises(UserError, match=r"unknown key env.place.on; env.place has at"):
        options(_Widths, {"place": {"on": 1}}, "env")


@pytest.mark.parametrize(
    ("group", "key", "value"),
    [
        ("collect", "num_rollouts", 1),
        ("collect", "rollout_length", 0),
        ("collect", "seed", -1),
        ("collect", "backend", "gpu"),
        ("training", "num_epochs", 0),
        ("training", "batch_size", 0),
        ("training", "optimizer", "sgd"),
        ("training", "learning_rate", -1.0),
        ("training", "learning_rate", float("nan")),
        ("training", "final_learning_rate", 1.0),
        ("training", "warmup_steps", -1),
        ("training", "weight_decay", -0.1),
        ("training", "gradient_clip", 0.0),
        ("training", "ema_decay", 1.1),
        ("training", "input_noise", -0.1),
        ("training", "impact_weight", 0),
        ("training", "unroll_epochs", -1),
        ("training", "unroll_horizons", [8, 1]),
        ("training", "unroll_learning_rate", 0.0),
        ("training", "finetune", "newton"),
        ("training", "finetune_steps", 0),
        ("training", "patience", 0),
        ("training", "val_rollouts", 0),
        ("training", "val_fraction", 0.0),
        ("training", "val_fraction", 1.0),
        ("training", "checkpoint_every", 0),
        ("eval", "num_trajectories", 1),
        ("eval", "seconds", 0.0),
        ("eval", "seconds", float("inf")),
        ("eval", "actions", "random"),
        ("eval", "warmup", -1),
        ("render", "width", 10),
        ("render", "fps", 0),
        ("render", "speed", 0.0),
        ("render", "backend", "glx"),
        ("render", "formats", ["avi"]),
        ("render", "formats", []),
    ],
)
def test_a_value_out_of_range_is_told_by_its_key(group, key, value):
    with pytest.raises(UserError, match=rf"^{group}\.{key}="):
        section(SECTIONS[group], {key: value}, group)


def test_keys_that_are_not_the_callers_are_left_alone():
    assert options(CollectConfig, {"name": "x", "seed": 2}, "collect", besides=("name",)) == {"seed": 2}


def test_a_field_no_yaml_may_set_is_an_unknown_key():
    with pytest.raises(UserError, match=r"unknown key collect.seed; collect has num_rollouts, rollout_length, backend"):
        options(CollectConfig, {"seed": 1}, "collect", hidden=("seed",))


def test_an_implementation_that_is_not_there_is_told_with_those_that_are():
    from dynax.base import BaseDynamicsModel

    with pytest.raises(
        UserError, match=r"model.architecture=mpl is not one of lagrangian, mechanical, mlp, .*did you mean `mlp`"
    ):
        implementation("dynax.architectures", "mpl", BaseDynamicsModel, "model.architecture")


def test_the_file_of_the_base_class_is_no_implementation():
    from dynax.envs.env import Env

    with pytest.raises(UserError, match=r"env.name=env is not one of"):
        implementation("dynax.envs", "env", Env, "env.name")


def test_the_schema_needs_neither_jax_nor_mujoco():
    code = "import sys, dynax.config, dynax.errors; print(sorted({'jax', 'mujoco', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_names_that_are_checked_before_jax_are_those_there_are():
    from dynax.config import schema
    from dynax.evaluation import testset
    from dynax.training import losses, second_order

    assert set(schema.TEST_ACTIONS) == set(testset.ACTIONS)
    for name in losses.LOSSES:
        schema.TrainingConfig(loss=name)
    for name in second_order.SAMPLES:
        schema.TrainingConfig(finetune=name)


@pytest.mark.parametrize(
    ("options", "epochs", "horizon"),
    [
        ({}, 10, 1),
        ({"finetune": "lbfgs"}, 11, 1),
        ({"unroll_epochs": 2, "unroll_horizons": (8, 32, 4)}, 16, 32),
        ({"unroll_epochs": 2, "unroll_horizons": ()}, 10, 1),
        ({"unroll_epochs": 0, "unroll_horizons": (8,)}, 10, 1),
    ],
)
def test_a_training_has_so_many_epochs_and_looks_so_far_ahead(options, epochs, horizon):
    config = TrainingConfig(num_epochs=10, **options)
    assert (config.total_epochs, config.horizon) == (epochs, horizon)
