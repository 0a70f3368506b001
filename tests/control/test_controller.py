"""Controllers: predictors, histories of states, and episodes on the true plant."""

import jax.numpy as jnp
import numpy as np
import pytest
from small_models import small

from dynax import TrainedModel, control
from dynax.config.schema import PlanConfig
from dynax.control import planners, predictors
from dynax.control.comparison import compare
from dynax.control.controller import Controller, RandomPolicy
from dynax.control.episodes import run_episode
from dynax.control.problem import Problem
from dynax.control.tasks.balance import Balance
from dynax.control.tasks.reach import Reach
from dynax.control.tasks.swing_up import SwingUp
from dynax.data.simulate import simulate
from dynax.errors import UserError

SHORT = {"name": "cem", "horizon": 0.1, "samples": 8, "elites": 2, "iterations": 1, "knots": 3}


@pytest.fixture(scope="module")
def trained(cart_pole):
    return TrainedModel(*small("mlp", cart_pole))


def problem_of(env, task=None, **options):
    return Problem(env, task or SwingUp(), planners.make(SHORT | options))


@pytest.mark.parametrize("name", ["mujoco", pytest.param("mjx", marks=pytest.mark.slow)])
def test_the_simulators_predict_the_true_path(trained, name):
    env = trained.env
    predictor = predictors.make(name, trained)
    state, actions = np.array([0.1, 2.0, 0.5, 1.0]), np.random.default_rng(0).uniform(-1, 1, (3, 5, 1))
    path = np.asarray(predictor.predict(None, state[None], np.zeros((0, 1)), actions))
    predictor.close()
    np.testing.assert_allclose(path, simulate(env, np.tile(state, (3, 1)), actions, "native"), atol=1e-5)


def test_a_trained_model_predicts_as_its_rollout(trained):
    predictor = predictors.make("model", trained)
    state, actions = np.array([0.1, 2.0, 0.5, 1.0], np.float32), np.ones((3, 5, 1), np.float32)
    path = predictor.predict(trained.params, state[None], np.zeros((0, 1), np.float32), actions)
    np.testing.assert_array_equal(path, trained.rollout(np.tile(state, (3, 1)), actions))


@pytest.mark.parametrize("propagation", ["each", "mixed"])
def test_the_particles_of_an_ensemble_have_their_own_predictions(cart_pole, propagation):
    """The return of a candidate is the mean of the returns of the particles."""
    ensemble = TrainedModel(*small("mlp", cart_pole, ensemble_size=3))
    problem = problem_of(cart_pole, propagation=propagation)
    predictor = predictors.make("model", ensemble, propagation)
    state, actions = np.array([0.1, 2.0, 0.5, 1.0], np.float32), jnp.ones((2, 10, 1))
    paths = predictor.predict(ensemble.params, state[None], np.zeros((0, 1), np.float32), actions)
    assert paths.shape == (3, 2, 11, 4)
    separate = [problem.returns(path, actions) for path in paths]
    np.testing.assert_allclose(problem.returns(paths, actions), np.mean(separate, axis=0), rtol=1e-6)
    controller = control.make(ensemble, SwingUp(), problem.planner)
    assert controller(np.zeros(4)).shape == (1,)
    assert controller.plan.best_paths.shape == (8, 11, 4)
    single = TrainedModel(*small("mlp", cart_pole))
    assert predictors.make("model", single, propagation).predict(
        single.params, state[None], np.zeros((0, 1), np.float32), actions
    ).shape == (2, 11, 4)


def test_members_with_a_memory_cannot_be_mixed(cart_pole):
    ensemble = TrainedModel(*small("transformer", cart_pole, ensemble_size=2))
    with pytest.raises(UserError, match=r"propagation=mixed is not possible with model\.architecture=transformer"):
        predictors.make("model", ensemble, "mixed")


def test_a_controller_returns_actions_in_the_range(trained):
    controller = control.make(trained, SwingUp(), planners.make(SHORT))
    assert controller.plan is None  # the state of the compilation is forgotten
    action = controller(np.zeros(4))
    assert action.shape == (1,)
    assert np.abs(action).max() <= 1
    assert controller.plan.actions.shape == (10, 1)
    assert controller.plan.best_paths.shape == (8, 11, 4)
    np.testing.assert_array_equal(controller.plan.actions[0], controller.plan.actions[1])  # one period is two steps


def test_the_seed_of_a_controller_determines_its_actions(trained):
    controller = control.make(trained, SwingUp(), planners.make(SHORT), seed=7)
    first = controller(np.zeros(4))
    controller.reset()
    assert controller(np.zeros(4)) == first
    controller.reset(8)
    assert controller(np.zeros(4)) != first


def test_a_measurement_that_is_not_finite_is_an_error(trained):
    controller = control.make(trained, SwingUp(), planners.make(SHORT))
    with pytest.raises(UserError, match="states must be finite, but a measurement is NaN"):
        controller(np.array([0, np.nan, 0, 0]))


@pytest.mark.slow
def test_a_model_with_a_history_needs_all_states(cart_pole):
    model = TrainedModel(*small("transformer", cart_pole))
    controller = Controller(problem_of(cart_pole), predictors.make("model", model))
    controller(np.zeros(4))
    with pytest.raises(UserError, match="states must contain the 2 states since the last call"):
        controller(np.zeros(4))
    controller(np.ones((2, 4)))
    with pytest.raises(UserError, match=r"states must have shape \(4,\) or \(n, 4\)"):
        controller(np.zeros(3))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mlp", pytest.param("transformer", marks=pytest.mark.slow)])
def test_an_episode_is_a_trajectory_of_the_plant(cart_pole, kind):
    problem, model = problem_of(cart_pole), TrainedModel(*small(kind, cart_pole))
    controller = Controller(problem, predictors.make("model", model))
    episode = run_episode(problem, controller, np.zeros(4), 0.1, 3, keep_plans=True)
    assert len(episode.plans) == len(episode.planning_s) == 5
    assert episode.rewards.shape == (10,)
    assert not episode.success
    path = simulate(cart_pole, np.zeros((1, 4)), episode.actions[None], "native")[0]
    np.testing.assert_array_equal(episode.states, path)
    again = run_episode(problem, controller, np.zeros(4), 0.1, 3)
    np.testing.assert_array_equal(again.actions, episode.actions)
    assert episode.total == pytest.approx(episode.rewards.sum())


def test_an_episode_ends_with_a_divergence(cart_pole):
    episode = run_episode(problem_of(cart_pole), RandomPolicy(problem_of(cart_pole)), np.full(4, 1e9), 0.1, 0)
    assert np.isnan(episode.states[-1]).all()
    assert np.isfinite(episode.rewards).all()
    assert not episode.success


@pytest.mark.slow
def test_planning_with_the_plant_balances_a_pole(trained):
    config = PlanConfig(episodes=1, seconds=0.8, compare=("mujoco", "random"))
    planner = planners.make({"name": "icem", "horizon": 0.3, "samples": 16, "elites": 4})
    results = compare(trained, Balance(), planner, config).summary()["results"]
    assert results["mujoco"]["successes"] == 1
    assert results["mujoco"]["return_mean"] > results["random"]["return_mean"]


def test_a_task_that_does_not_fit_is_an_error(trained):
    with pytest.raises(UserError, match="does not fit the robot cart_pole"):
        control.make(trained, Reach())
    with pytest.raises(UserError, match="task=swing is not one of acrobot-swingup, balance"):
        control.make(trained, "swing")
    with pytest.raises(UserError, match="planner=cme is not one of cem, icem, mppi"):
        control.make(trained, "swing_up", "cme")
    with pytest.raises(UserError, match="predictor=mujoko is not one of model, mujoco, mjx"):
        control.make(trained, "swing_up", predictor="mujoko")
