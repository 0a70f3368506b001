"""`TrainingConfig.recipe(model)` returns the settings that the command line composes."""

from itertools import product
from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from dynax.cli.composition import resolvers
from dynax.config.locations import conf_directory
from dynax.config.options import section
from dynax.config.registry import ARCHITECTURES, ENVS
from dynax.config.schema import TrainingConfig, TrainingRunConfig

NAMES = list(product(sorted(ENVS.builtin), sorted(ARCHITECTURES.builtin)))


@pytest.fixture(scope="module")
def composed():
    """The config group `training` as Hydra composes it."""
    resolvers.register()
    with initialize_config_dir(str(conf_directory()), version_base="1.3"):
        yield lambda env, model: compose("train", [f"env={env}", f"model={model}"]).training


def model_of(env, architecture):
    """Return an object with the attributes of a model that a recipe depends on."""
    return SimpleNamespace(architecture=architecture, env=ENVS.get(env, "env").__new__(ENVS.get(env, "env")))


@pytest.mark.slow
@pytest.mark.parametrize(("env", "architecture"), NAMES)
def test_every_recipe_equals_the_composed_config(composed, env, architecture):
    training = OmegaConf.to_container(composed(env, architecture), resolve=True)
    assert TrainingRunConfig.recipe(model_of(env, architecture)) == section(TrainingRunConfig, training, "training")


def test_a_recipe_depends_on_architecture_and_robot():
    recipes = {names: TrainingConfig.recipe(model_of(*names)) for names in NAMES}
    assert type(recipes["pendulum", "mlp"]) is TrainingConfig
    assert (recipes["pendulum", "mlp"].num_epochs, recipes["pendulum", "mlp"].impact_weight) == (8, 4)
    assert (recipes["cart_pole", "mlp"].num_epochs, recipes["cart_pole", "mlp"].impact_weight) == (50, 4)
    assert recipes["mjcf", "lagrangian"].finetune == "levenberg_marquardt"
    assert recipes["hopper", "rigid"] == TrainingConfig()


def test_a_model_from_outside_has_the_default_recipe():
    assert TrainingConfig.recipe(model_of("pendulum", "my_model")) == TrainingConfig()
