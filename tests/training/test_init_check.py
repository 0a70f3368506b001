"""A training that starts from given variables."""

import dataclasses

import jax
import numpy as np
import pytest
from toys import ADAM, Dropping, Linear, same

from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.training import Training, TrainingSet, train_dynamics_model
from dynax.training.normalization import normalization_of

STILL = TrainingConfig(num_epochs=1, batch_size=64, learning_rate=1e-60, final_learning_rate=0.0, ema_decay=None)


@pytest.fixture(scope="module")
def variables(slide, sliding):
    """Variables of a linear model, and its model."""
    model = Linear(env=slide)
    return model.create(jax.random.PRNGKey(7), normalization_of(model, sliding[0]))


@pytest.fixture(scope="module")
def larger(sliding):
    """Data with another normalization."""
    return [Trajectories(3 * part.states, 3 * part.actions) for part in sliding]


def test_parameters_and_normalization_are_those_of_the_start(slide, larger, variables):
    found = train_dynamics_model(Linear(env=slide), *larger, STILL, init=variables)
    assert same(found, variables)


def test_the_given_variables_outlive_the_training(slide, larger, variables):
    before = jax.tree.map(np.array, variables)
    training = Training(Linear(env=slide), *larger, dataclasses.replace(STILL, **ADAM), 0, variables)
    training.step()
    assert same(variables, before)
    assert not same(training.variables()["params"], before["params"])


def test_a_prepared_training_set_needs_the_normalization_of_the_start(slide, larger, variables):
    model = Linear(env=slide)
    prepared = TrainingSet.of(model, larger[0], variables["normalization"])
    assert same(Training(model, prepared, larger[1], STILL, 0, variables).variables(), variables)
    with pytest.raises(UserError, match="init has another normalization than the training set"):
        Training(model, TrainingSet.of(model, larger[0]), larger[1], STILL, 0, variables)


def test_variables_of_another_model_are_rejected(slide, sliding, variables):
    with pytest.raises(UserError, match=r"^init does not fit the model: normalization/target/mean has shape \(1,\),"):
        Training(Dropping(env=slide), *sliding, STILL, 0, variables)
