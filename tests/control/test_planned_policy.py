"""A planner as the policy of a collection: plans of a group, and what determines them."""

import jax
import numpy as np
import pytest
from small_models import small

from dynax import TrainedModel
from dynax.control.controller import Controller
from dynax.control.planned_policy import GROUP, PlannedPolicy, sha256_of
from dynax.control.planners.cem import Cem
from dynax.control.predictors import LearnedPredictor
from dynax.control.problem import Problem
from dynax.control.tasks.swing_up import SwingUp
from dynax.data.closed_loop import ClosedLoopSource
from dynax.excitations.mixed import Mixed

PLANNER = Cem(samples=8, iterations=1, horizon=0.1, elites=2)


def made(kind, env, planner=PLANNER):
    trained = TrainedModel(*small(kind, env))
    return PlannedPolicy(Problem(env, SwingUp(), planner), trained)


def streams(count):
    return [np.random.SeedSequence(i) for i in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mlp", "transformer"])
def test_trajectories_do_not_depend_on_others(cart_pole, kind):
    policy = made(kind, cart_pole)
    source = ClosedLoopSource(cart_pole, Mixed(), 0, 12, policy=policy, noise=0.3)
    many, few = source.trajectories(0, GROUP + 2, "native")[0], source.trajectories(3, 5, "native")[0]
    np.testing.assert_array_equal(few.states, many.states[3:5])
    np.testing.assert_array_equal(few.actions, many.actions[3:5])
    assert many.actions.std() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mlp", "transformer"])
def test_a_group_plans_as_controllers_do(cart_pole, kind):
    policy, rng = made(kind, cart_pole), np.random.default_rng(0)
    chosen = streams(2)
    act = policy.start([0, 3], chosen)
    controllers = [
        Controller(policy.problem, LearnedPredictor(policy.trained), int(stream.generate_state(1)[0]))
        for stream in chosen
    ]
    states, executed = rng.normal(0, 0.3, (2, 1, 4)), np.zeros((2, 0, 1))
    for _ in range(3):
        actions = act(states, executed)
        expected = [controller(state) for controller, state in zip(controllers, states, strict=True)]
        np.testing.assert_allclose(actions, expected, atol=1e-4)
        executed = np.repeat(np.array(expected)[:, None], policy.repeat, axis=1)
        states = rng.normal(0, 0.3, (2, policy.repeat, 4))


def test_the_identity_contains_the_model_the_task_and_the_planner(cart_pole):
    first, other = made("mlp", cart_pole), made("mlp", cart_pole, Cem(samples=9, iterations=1, horizon=0.1, elites=2))
    assert first.identity["task"]["name"] == "swing_up"
    assert first.identity["planner"]["samples"] == 8
    assert first.identity != other.identity
    assert first.identity["model_sha256"] == other.identity["model_sha256"]
    trained = first.trained
    changed = TrainedModel(trained.model, jax.tree.map(lambda leaf: leaf * 1.001, trained.params))
    assert sha256_of(changed) != sha256_of(trained)
