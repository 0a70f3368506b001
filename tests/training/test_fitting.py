"""`train_dynamics_model`: a training in one call."""

import jax
import pytest
from toys import ADAM, Linear, epochs, same

from dynax.config.schema import TrainingConfig
from dynax.errors import UserError
from dynax.training import train_dynamics_model

SHORT = TrainingConfig(num_epochs=2, batch_size=64, **ADAM)


@pytest.mark.slow
def test_the_returned_variables_are_the_best(slide, sliding):
    model = Linear(env=slide)
    variables = train_dynamics_model(model, *sliding, SHORT, jax.random.PRNGKey(0), slide)
    assert same(variables["params"], epochs(model, sliding, SHORT)[-1].state.best)


@pytest.mark.slow
def test_the_default_key_is_that_of_the_seed(slide, sliding):
    one, other = (train_dynamics_model(Linear(env=slide), *sliding, SHORT, rng) for rng in (None, jax.random.key(0)))
    assert same(one, other)


def test_a_model_of_another_robot_is_rejected(slide, sliding, cart_pole):
    with pytest.raises(UserError, match="the model belongs to the robot slide, but env is cart_pole"):
        train_dynamics_model(Linear(env=slide), *sliding, env=cart_pole)


def test_data_of_another_robot_are_rejected(cart_pole, sliding):
    with pytest.raises(UserError, match=r"data have state and action sizes \(2, 1\), but cart_pole expects \(4, 1\)"):
        train_dynamics_model(Linear(env=cart_pole), *sliding)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": Linear}, "model must be a model, .*, not the class Linear"),
        ({"train_dataset": ([], [])}, "train_dataset must be .*Trajectories, not tuple"),
        ({"val_dataset": None}, "val_dataset must be .*Trajectories, not NoneType"),
        ({"config": {"num_epochs": 1}}, "config must be a TrainingConfig, not dict"),
    ],
)
def test_arguments_of_other_types_are_named(slide, sliding, changed, message):
    arguments = {"model": Linear(env=slide), "train_dataset": sliding[0], "val_dataset": sliding[1]}
    with pytest.raises(UserError, match=f"^{message}$"):
        train_dynamics_model(**arguments | changed)
