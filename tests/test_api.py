"""The Python API: the quick start of docs/python.md with smaller numbers."""

import re
from pathlib import Path

import jax
import numpy as np
import pytest

from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.excitations.uniform import Uniform
from dynax.utils import collect_and_prepare_data

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
QUICK_START = """\
import jax
from dynax import TrainingConfig, train_dynamics_model
from dynax.architectures import MLPDynamicsModel
from dynax.envs import PendulumEnv
from dynax.utils import collect_and_prepare_data

# Create environment
env = PendulumEnv()

# Collect data
rng = jax.random.PRNGKey(0)
train_dataset, val_dataset = collect_and_prepare_data(
    env=env,
    num_rollouts=50,
    rollout_length=100,
    rng=rng,
)

# Create model
model = MLPDynamicsModel(env=env, hidden_dims=(500, 500))

# Train
trained_params = train_dynamics_model(
    model=model,
    train_dataset=train_dataset,
    val_dataset=val_dataset,
    config=TrainingConfig(num_epochs=100, batch_size=512),
    rng=rng,
    env=env,
)
"""


def smaller(code, **sizes):
    """Return the code with smaller numbers."""
    for name, size in sizes.items():
        code, count = re.subn(rf"\b{name}=(\d+|\(.*?\))", f"{name}={size}", code)
        assert count == 1, name
    return code


@pytest.fixture(scope="module")
def names():
    """The variables of the quick start, after a run with smaller numbers."""
    variables = {}
    sizes = {"num_rollouts": 10, "rollout_length": 30, "hidden_dims": (32, 32), "num_epochs": 20, "batch_size": 64}
    exec(smaller(QUICK_START, **sizes), variables)
    return variables


def test_the_docs_have_the_quick_start():
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert blocks[0] == QUICK_START


@pytest.mark.slow
def test_the_quick_start_collects_trajectories(names):
    train, val = names["train_dataset"], names["val_dataset"]
    assert isinstance(train, Trajectories)
    assert (train.states.shape, val.states.shape) == ((9, 31, 2), (1, 31, 2))


@pytest.mark.slow
def test_several_models_are_trained_as_one_program(names):
    [block] = [b for b in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "TrainingGroup" in b]
    variables = dict(names)
    exec(smaller(block, num_epochs=2), variables)
    assert len(variables["params"]) == 8
    assert [training.epoch for training in variables["group"].trainings] == [2] * 8


@pytest.mark.slow
def test_a_rollout_uses_the_parameters_of_the_quick_start(names):
    val = names["val_dataset"]
    path = names["model"].rollout(val.states[:, 0], val.actions, params=names["trained_params"])
    assert path.shape == val.states.shape
    assert np.array_equal(path[:, 0], val.states[:, 0].astype(np.float32))
    assert np.isfinite(path).all()


@pytest.mark.slow
def test_a_trained_model_is_more_accurate_than_an_untrained_model(names):
    model, val, trained = (names[name] for name in ("model", "val_dataset", "trained_params"))
    untrained = model.create(jax.random.PRNGKey(1), trained["normalization"])
    trained_error, untrained_error = (
        model.rollout(val.states[:, 0], val.actions, params=p) - val.states for p in (trained, untrained)
    )
    assert np.abs(trained_error[:, 1]).mean() < 0.5 * np.abs(untrained_error[:, 1]).mean()


def collect(env, **options):
    return collect_and_prepare_data(
        env=env, num_rollouts=10, rollout_length=5, **{"rng": jax.random.PRNGKey(0)} | options
    )


def test_the_key_determines_the_data(cart_pole):
    one, same, other = (collect(cart_pole, rng=jax.random.PRNGKey(seed))[0].states for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_keys_of_either_kind_give_the_same_data(cart_pole):
    assert np.array_equal(collect(cart_pole)[0].states, collect(cart_pole, rng=jax.random.key(0))[0].states)


def test_data_are_split_by_trajectory(cart_pole):
    """Each trajectory is in one of the two sets."""
    train, val = collect(cart_pole, val_fraction=0.3)
    assert (len(train), len(val)) == (7, 3)
    larger, _ = collect(cart_pole, val_fraction=0.1)
    assert np.array_equal(np.concatenate([train.states, val.states])[:9], larger.states)


def test_the_excitation_can_be_chosen(cart_pole):
    assert not np.array_equal(collect(cart_pole, excitation=Uniform())[0].actions, collect(cart_pole)[0].actions)


def test_a_single_trajectory_is_rejected(cart_pole):
    with pytest.raises(UserError, match="num_rollouts=1 is out of range"):
        collect_and_prepare_data(env=cart_pole, num_rollouts=1, rollout_length=5, rng=jax.random.PRNGKey(0))
