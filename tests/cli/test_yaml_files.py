"""All YAML files: they compose, they are valid, and every key has a comment."""

import re
from itertools import product
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from recipes import model_of

from dynax.cli.command_table import CONFIGURED
from dynax.cli.composition import conf, resolvers
from dynax.cli.composition.check import check
from dynax.config.options import section
from dynax.config.schema import TrainingRunConfig

FILES = sorted(conf.directory().rglob("*.yaml"))
XML = conf.directory().parent / "dynax" / "envs" / "assets" / "pendulum.xml"


def options(group):
    return sorted(file.stem for file in (conf.directory() / group).glob("*.yaml"))


@pytest.fixture(scope="module")
def composed():
    """A function that composes a config, including the part of Hydra, from overrides."""
    resolvers.register()
    with initialize_config_dir(str(conf.directory()), version_base="1.3"):
        yield lambda command, *overrides: compose(command, list(overrides), return_hydra_config=True)


def matrix():
    """Yield every command with every option of each of its groups.

    The recipes of two architectures depend on the robot. These architectures are combined with every robot.
    """
    yield from (("collect", [f"env={env}"]) for env in options("env"))
    yield from (("collect", [f"excitation={excitation}"]) for excitation in options("excitation"))
    pairs = {*product(options("env"), ["mlp", "mechanical"]), *product(["cart_pole"], options("model"))}
    yield from (("train", [f"env={env}", f"model={model}"]) for env, model in sorted(pairs))
    yield from (("train", [f"training={training}"]) for training in options("training"))
    yield from (("eval", [f"eval={option}", "run=."]) for option in options("eval"))
    yield from (("render", [f"render={option}", "run=."]) for option in options("render"))
    yield from (("plan", [f"plan={option}", "task=reach", "run=."]) for option in options("plan"))
    yield from (("plan", [f"task={task}", "planner=icem", "run=."]) for task in options("task"))
    yield from (("plan", ["task=reach", f"planner={planner}", "run=."]) for planner in options("planner"))
    yield from (("learn", [f"learn={option}", "task=reach"]) for option in options("learn"))
    yield from (("learn", [f"model={model}", "task=reach"]) for model in options("model"))
    yield from (("export", [f"export={option}", "run=."]) for option in options("export"))


@pytest.mark.slow
def test_every_combination_composes_and_is_valid(composed):
    """The training settings of each robot with each network are those of `TrainingConfig.recipe(model)`."""
    for command, overrides in matrix():
        xml = [f"env.xml={XML}"] if "env=mjcf" in overrides else []
        cfg = composed(command, *overrides, *xml)
        assert cfg.hydra.run.dir.startswith(f"outputs/{command}/")
        assert cfg.hydra.job.name == command
        assert not cfg.hydra.job.chdir
        check(command, OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"]))
        if overrides[0].startswith("env=") and command == "train":
            training = OmegaConf.to_container(cfg.training, resolve=True)
            recipe = TrainingRunConfig.recipe(model_of(*(override.partition("=")[2] for override in overrides)))
            assert recipe == section(TrainingRunConfig, training, "training")


def test_the_recipes_of_other_architectures_do_not_depend_on_the_robot():
    folders = {path.name for path in (conf.directory() / "training" / "recipe").iterdir() if path.is_dir()}
    assert folders == {"mlp", "mechanical"}


def test_every_group_belongs_to_a_command(composed):
    assert conf.groups() - {"hydra"} <= set().union(*(conf.keys(command) for command in CONFIGURED))


@pytest.mark.slow
def test_smoke_overrides_the_recipe_of_a_model_and_reduces_the_data(composed):
    default = composed("train")
    for model in options("model"):
        cfg = composed("train", f"model={model}", "training=smoke")
        assert cfg.training.num_epochs < default.training.num_epochs
        assert cfg.collect.num_rollouts < default.collect.num_rollouts
    cfg = composed("train", "training=smoke", "collect.num_rollouts=7")
    assert cfg.collect.num_rollouts == 7


def test_training_few_uses_the_constraint_layer_by_default(composed):
    assert composed("train").model.constraints == "features"
    assert composed("train", "training=few", "model=transformer").model.constraints == "layer"
    assert composed("train", "training=few", "model.constraints=features").model.constraints == "features"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(Path(file).relative_to(conf.directory())))
def test_every_key_has_a_comment(file):
    if "hydra" in file.relative_to(conf.directory()).parts:
        return
    content = yaml.safe_load(file.read_text())
    content.pop("hydra", None)
    for key in leaves(content):
        assert re.search(rf"^ *{key}:.* # .", file.read_text(), re.MULTILINE), f"{key} has no comment"


def leaves(node):
    for key, value in node.items():
        if key != "defaults":
            yield from leaves(value) if isinstance(value, dict) else [key]
