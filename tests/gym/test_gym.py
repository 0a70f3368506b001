"""Environments around a trained model: Gymnasium's own check, equal results of all forms, and the ends of episodes."""

import dataclasses
import warnings

import gymnasium
import jax
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from small_models import small

import dynax.gym
from dynax import TrainedModel
from dynax.control.tasks.swing_up import SwingUp
from dynax.data.simulate import simulate
from dynax.errors import UserError
from dynax.uncertainty.calibration import LEVELS, Calibration


class Falling(SwingUp):
    """A task that ends when the cart is fast."""

    def terminated(self, env, qpos, qvel):
        return abs(qvel[0]) > 0.5


@pytest.fixture(scope="module")
def trained(cart_pole):
    return TrainedModel(*small("mlp", cart_pole))


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    return trained.save(tmp_path_factory.mktemp("saved") / "model")


@pytest.mark.slow
def test_the_environment_passes_the_check_of_gymnasium_without_warnings(saved):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(dynax.gym.make(saved, task="swing_up"))
    env = gymnasium.make("dynax/swing_up-v0", run=saved, seconds=0.1)
    assert env.reset(seed=1)[0].shape == (5,)  # cosine and sine of the pole, and three other coordinates
    ends = [env.step(env.action_space.sample())[3] for _ in range(5)]
    assert ends == [False] * 4 + [True]


def test_a_step_is_a_prediction_of_the_model(trained):
    env = dynax.gym.make(trained, "swing_up")
    env.reset(seed=0)
    before = np.asarray(env._state.history)
    observation, reward, *_ = env.step(np.array([0.5]))
    path = np.asarray(trained.rollout(before, np.full((1, 2, 1), 0.5, np.float32)))[0]
    expected = [np.cos(path[-1, 1]), np.sin(path[-1, 1]), path[-1, 0], *path[-1, 2:]]
    np.testing.assert_allclose(observation, expected, rtol=1e-5, atol=1e-6)
    assert 0 <= reward <= 2  # two control steps


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mlp", pytest.param("transformer", marks=pytest.mark.slow)])
def test_robots_of_a_vector_are_independent_and_reset(cart_pole, kind):
    trained = TrainedModel(*small(kind, cart_pole))
    envs = dynax.gym.make_vec(trained, "swing_up", num_envs=3, seconds=0.06)
    first, _ = envs.reset(seed=0)
    assert len(np.unique(first[:, 2])) == 3
    ends = []
    for _ in range(4):
        observation, reward, terminated, truncated, _ = envs.step(np.array([[-1], [0], [1]]))
        assert not terminated.any()
        ends.append(truncated.tolist())
    assert ends == [[False] * 3, [False] * 3, [True] * 3, [False] * 3]
    assert (reward == 0).all()  # of the step that resets
    assert np.abs(observation[:, 2]).max() < 0.05
    assert envs.observation_space.contains(observation)
    again, _ = envs.reset(seed=0)
    np.testing.assert_array_equal(first, again)


def test_gymnasium_makes_vectors(saved):
    envs = gymnasium.make_vec("dynax/balance-v0", num_envs=2, vectorization_mode="vector_entry_point", run=saved)
    assert envs.reset(seed=0)[0].shape == (2, 5)


def test_the_functions_can_be_compiled_and_scanned(trained):
    env = dynax.gym.functional(trained, "swing_up", initial=np.array([[0.0, 1.0, 0.0, 0.0]]))

    @jax.jit
    def episode(key):
        state = jax.vmap(env.reset)(jax.random.split(key, 4))
        step = lambda state, _: (jax.vmap(env.step)(state, np.zeros((4, 1), np.float32)),) * 2  # noqa: E731
        return state, jax.lax.scan(step, state, None, 5)[1]

    state, states = episode(jax.random.key(0))
    np.testing.assert_allclose(state.history[:, 0, 1], 1)
    assert states.reward.shape == (5, 4)
    assert states.steps[:, 0].tolist() == [1, 2, 3, 4, 5]


def test_episodes_end_by_the_task_and_by_divergence(trained):
    fast, lost = np.array([[0.0, 0.0, 9.0, 0.0]]), np.array([[2e4, 0.0, 0.0, 0.0]])
    for task, initial in ((Falling(), fast), (SwingUp(), lost)):
        env = dynax.gym.make(trained, task, initial=initial)
        env.reset(seed=0)
        observation, reward, terminated, truncated, _ = env.step(np.zeros(1))
        assert (terminated, truncated) == (True, False)
        assert env.observation_space.contains(observation)
        assert np.isfinite(reward)


def test_mujoco_can_take_the_place_of_the_model(trained, cart_pole):
    """Robots of a vector start in different states, and each follows MuJoCo's own step."""
    envs = dynax.gym.make_vec(trained, "swing_up", num_envs=3, predictor="mujoco")
    envs.reset(seed=0)
    first, actions = np.asarray(envs._state.history)[:, 0], np.array([[-1.0], [0.2], [1.0]], np.float32)
    envs.step(actions)
    low, high = cart_pole.action_bounds
    scaled = np.repeat((low + (actions + 1) / 2 * (high - low))[:, None], 2, axis=1)
    expected = simulate(cart_pole, first.astype(float), scaled.astype(float), "native")[:, -1]
    np.testing.assert_allclose(envs._state.history[:, 0], expected, rtol=1e-5, atol=1e-5)


@pytest.fixture(scope="module")
def ensemble(cart_pole):
    """Return an ensemble with a calibration in which the spread is the error."""
    trained = TrainedModel(*small("mlp", cart_pole, ensemble_size=3))
    factors = np.ones((len(LEVELS), 2, 4))
    return dataclasses.replace(trained, calibration=Calibration(np.ones(4), np.array([1, 50]), factors, 1.0))


def test_an_episode_ends_at_the_trust_horizon(ensemble):
    """The end is in the period that contains the trust horizon of the same prediction."""
    initial, threshold = np.array([[0.0, 1.0, 0.0, 0.0]]), 0.05
    env = dynax.gym.make(ensemble, "swing_up", initial=initial, trust=threshold, seconds=1.0)
    env.reset(seed=0)
    steps = 0
    truncated = False
    while not truncated:
        *_, truncated, _ = env.step(np.zeros(1))
        steps += 1
    low, high = ensemble.env.action_bounds
    actions = np.tile((low + high) / 2, (1, 100, 1))
    seconds = float(ensemble.trust_horizon(initial, actions, threshold)[0])
    assert 0.04 < seconds < 0.96
    assert (steps - 1) * 0.02 < seconds <= steps * 0.02 + 1e-9


def test_wrong_arguments_are_errors(trained):
    with pytest.raises(UserError, match="predictor=mjx is not one of"):
        dynax.gym.make(trained, "swing_up", predictor="mjx")
    with pytest.raises(UserError, match="trust needs a calibrated ensemble"):
        dynax.gym.make(trained, "swing_up", trust=0.1)
    with pytest.raises(UserError, match="task=swing is not one of"):
        dynax.gym.make(trained, "swing")
    with pytest.raises(UserError, match="does not fit the robot cart_pole"):
        dynax.gym.make(trained, "reach")
    with pytest.raises(UserError, match=r"initial must have shape \(P, 4\), got \(3, 3\)"):
        dynax.gym.make(trained, "swing_up", initial=np.zeros((3, 3)))
    with pytest.raises(UserError, match="num_envs=0 is out of range"):
        dynax.gym.make_vec(trained, "swing_up", num_envs=0)
    with pytest.raises(gymnasium.error.ResetNeeded):
        dynax.gym.make(trained, "swing_up").step(np.zeros(1))
