"""The check of data that enter a training."""

import logging

import jax
import numpy as np
import pytest

from dynax.architectures import MLPDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv, PendulumEnv
from dynax.errors import UserError
from dynax.math import rotations
from dynax.training import data_check
from dynax.training.random_key import raw_key

FLYING = """<mujoco><worldbody><body><freejoint/><geom size=".1"/></body></worldbody></mujoco>"""
STEPS = 30


@pytest.fixture(scope="module")
def pendulum():
    """A model, and trajectories of constant acceleration from positions 0."""
    model = MLPDynamicsModel(PendulumEnv(), hidden_dims=(4,))
    velocities = np.linspace([1.0, -2.0], [2.0, 3.0], STEPS + 1, axis=1)
    positions = np.cumsum(velocities * model.env.dt, axis=1)
    return model, Trajectories(np.stack([positions, velocities], axis=2), np.zeros((2, STEPS, 1)))


@pytest.fixture(scope="module")
def flying():
    """The space and the states of a body that turns and falls."""
    space = MjcfEnv(FLYING).space
    velocity = np.concatenate([np.linspace([0, 0, 0.0], [0, 0, -9.0], STEPS), np.full((STEPS, 3), 2.0)], axis=1)
    states = [np.array([0, 0, 1, 1, 0, 0, 0, *velocity[0]])]
    for v in velocity[1:]:
        states.append(space.add(states[-1], np.concatenate([space.dt * v, v - states[-1][7:]])))
    return space, np.array(states)[None]


def scaled(data, position, velocity):
    return Trajectories(data.states * [position, velocity], data.actions)


@pytest.mark.parametrize(
    ("position", "velocity", "cause"),
    [
        (1, 1, None),
        (57.3, 1, "the positions are in degrees, but MuJoCo has radians"),
        (1, 57.3, "the velocities are in degrees per s, but MuJoCo has radians"),
        (5, 1, "5 times as large, as with a time step of"),
        (-1, 1, "check its unit, its sign"),
    ],
)
def test_the_likely_cause_of_a_mismatch_is_logged(pendulum, caplog, position, velocity, cause):
    model, data = pendulum
    with caplog.at_level(logging.WARNING):
        data_check.check_data(model, scaled(data, position, velocity), "training")
    assert [cause in record.message for record in caplog.records] == ([True] if cause else [])


def test_noise_of_data_at_rest_is_not_a_mismatch(pendulum):
    model, data = pendulum
    states = np.zeros_like(data.states) + 1e-7 * np.random.default_rng(0).normal(size=data.states.shape)
    assert data_check.mismatch(model.env.space, states.astype(np.float32)) is None


def test_the_order_of_quaternions_is_recognized(flying):
    space, states = flying
    assert data_check.mismatch(space, states) is None
    wrong = states.copy()
    wrong[..., 3:7] = rotations.normalized(states[..., 3:7])[..., [1, 2, 3, 0]]
    assert "in the order x, y, z, w" in data_check.mismatch(space, wrong)


def test_quaternions_must_have_unit_length(flying):
    _, states = flying
    model = MLPDynamicsModel(MjcfEnv(FLYING), hidden_dims=(4,))
    wrong = states.copy()
    wrong[0, 7, 3:7] *= 2
    with pytest.raises(UserError, match=r"in the states of the training data\[0, 7\] has the length 2"):
        data_check.check_data(model, Trajectories(wrong, np.zeros((1, STEPS - 1, 0))), "training")


@pytest.mark.parametrize("n", [0, 2])
def test_empty_data_are_rejected(pendulum, n):
    model, data = pendulum
    empty = Trajectories(data.states[:n, :1], data.actions[:n, :0])
    with pytest.raises(UserError, match="the validation data contain no transition"):
        data_check.check_data(model, empty, "validation")


def test_other_types_are_rejected(pendulum):
    with pytest.raises(UserError, match="Trajectories, not tuple"):
        data_check.check_data(pendulum[0], (1, 2), "training")


def test_an_integer_is_a_seed():
    assert np.array_equal(raw_key(3), jax.random.PRNGKey(3))
    for wrong in (-1, "0", None, True, np.zeros(2)):
        with pytest.raises(UserError, match="rng"):
            raw_key(wrong)


def test_too_many_parameters_are_rejected_before_they_are_allocated(pendulum):
    from dynax.training.memory_check import check_parameters

    huge = MLPDynamicsModel(pendulum[0].env, hidden_dims=(60_000, 60_000, 60_000))
    with pytest.raises(UserError, match=r"parameters needs about .* GB of memory, but"):
        check_parameters(huge, TrainingConfig())
    with pytest.raises(UserError, match="an update with a batch of 10,000,000 needs"):
        check_parameters(MLPDynamicsModel(pendulum[0].env, hidden_dims=(5000,)), TrainingConfig(batch_size=10**7))
