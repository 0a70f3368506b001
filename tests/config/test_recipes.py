"""`TrainingConfig.recipe(model)` returns the settings that the command line composes; tests/cli compares all."""

from itertools import product

from recipes import model_of

from dynax.config.registries import ARCHITECTURES, ENVS
from dynax.config.schema import TrainingConfig

NAMES = list(product(sorted(ENVS.builtin), sorted(ARCHITECTURES.builtin)))


def test_a_recipe_depends_on_architecture_and_robot():
    recipes = {names: TrainingConfig.recipe(model_of(*names)) for names in NAMES}
    assert type(recipes["pendulum", "mlp"]) is TrainingConfig
    assert (recipes["pendulum", "mlp"].num_epochs, recipes["pendulum", "mlp"].impact_weight) == (8, 4)
    assert (recipes["cart_pole", "mlp"].num_epochs, recipes["cart_pole", "mlp"].impact_weight) == (36, 4)
    assert recipes["mjcf", "lagrangian"].finetune == "levenberg_marquardt"
    assert recipes["hopper", "rigid"] == TrainingConfig()


def test_a_model_from_outside_has_the_default_recipe():
    assert TrainingConfig.recipe(model_of("pendulum", "my_model")) == TrainingConfig()
