"""Robots with unobserved coordinates (`env.observe`)."""

import numpy as np
import pytest
from small_models import ACTIVE, given, legged, representation, small, steps
from toys import epochs

from dynax.architectures import MLPDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.evaluation import metrics


@pytest.fixture(scope="module")
def active():
    return MjcfEnv(xml="active.xml", mjcf=ACTIVE)


OBSERVED = {
    "only positions": ("double_cart_pole", ("qpos",)),
    "one joint": ("double_cart_pole", ("hinge_1",)),
}


@pytest.fixture(params=[*OBSERVED, "positions of a floating base", "one limited joint", "joints but no activation"])
def partly_observed(request, robots, active):
    """A robot with unobserved coordinates of several kinds."""
    if request.param == "one limited joint":
        return type(robots["three_link"])(observe=(robots["three_link"].space.joints[1],))
    if request.param == "joints but no activation":
        return MjcfEnv(xml="active.xml", mjcf=ACTIVE, observe=active.space.joints)
    if request.param == "positions of a floating base":
        return legged(observe=("qpos",))
    name, what = OBSERVED[request.param]
    return type(robots[name])(observe=what)


def disturbed(env, states):
    """The same states with other values of unobserved coordinates."""
    noise = np.random.default_rng(5).normal(size=(*states.shape[:-1], env.space.tangent_dim))
    return env.space.add(states, noise * ~env.space.observed)


def test_a_model_observes_the_observed_coordinates_of_its_robot(partly_observed):
    model = MLPDynamicsModel(env=partly_observed)
    assert np.array_equal(model.observed, partly_observed.space.observed)
    assert 0 < model.observed.sum() < len(model.observed)


@pytest.mark.slow
@pytest.mark.parametrize("constraints", ["none", "features"])
@pytest.mark.parametrize("target", ["delta", "acceleration"])
@pytest.mark.parametrize("angles", ["raw", "sincos"])
def test_no_unobserved_coordinate_enters_a_feature_or_a_target(partly_observed, angles, target, constraints):
    maps = representation(partly_observed, target, angles=angles, constraints=constraints)
    states = 1.3 * steps(partly_observed)  # some beyond their limits
    states = partly_observed.space.add(states, np.zeros((*states.shape[:-1], partly_observed.space.tangent_dim)))
    others = disturbed(partly_observed, states)
    assert not np.array_equal(others, states)
    np.testing.assert_allclose(maps.features(others), maps.features(states), atol=1e-12)
    first, second = (maps.targets(x[:, :-1], x[:, 1:]) for x in (states, others))
    np.testing.assert_allclose(second, first, atol=1e-12)


@pytest.mark.slow
def test_no_unobserved_coordinate_enters_a_prediction(partly_observed):
    model, variables = small("mlp", partly_observed, history=2)
    states, actions = given(partly_observed, 2, 30)
    path, other_path = (
        np.asarray(model.rollout(x, actions, variables), float) for x in (states, disturbed(partly_observed, states))
    )
    error = partly_observed.space.difference(path, other_path)[..., partly_observed.space.observed]
    np.testing.assert_allclose(error, 0, atol=1e-5)
    change = partly_observed.space.difference(path[:, 0], path[:, -1])
    assert np.abs(change[..., partly_observed.space.observed]).max() > 1e-3
    np.testing.assert_allclose(change[..., ~partly_observed.space.observed], 0, atol=1e-6)  # it keeps its initial value


def test_no_unobserved_coordinate_is_scored(partly_observed):
    truth = steps(partly_observed)
    predicted = partly_observed.space.add(truth, np.full((*truth.shape[:-1], partly_observed.space.tangent_dim), 1e-3))
    scale = metrics.state_std(partly_observed.space, truth)
    one, other = (
        metrics.normalized_error(partly_observed.space, truth, x, scale)
        for x in (predicted, disturbed(partly_observed, predicted))
    )
    np.testing.assert_allclose(one, other, rtol=1e-9)
    assert one.min() > 0


def test_the_exact_target_leads_to_the_next_observed_coordinates(partly_observed):
    paths, maps = steps(partly_observed), representation(partly_observed)
    reached = maps.integrate(paths[:, :-1], maps.targets(paths[:, :-1], paths[:, 1:]))
    error = partly_observed.space.difference(paths[:, 1:], reached)[..., partly_observed.space.observed]
    np.testing.assert_allclose(error, 0, atol=1e-9)


@pytest.mark.slow
def test_a_model_of_a_partly_observed_robot_can_be_trained(partly_observed):
    paths = steps(partly_observed, n=6)
    rng = np.random.default_rng(0)
    data = Trajectories(paths, rng.uniform(-1, 1, (len(paths), paths.shape[1] - 1, partly_observed.action_dim)))
    widths = {"hidden_dims": (8,), "refinement_dims": (8,), "refinement_steps": 1}
    model = MLPDynamicsModel(env=partly_observed, history=2, **widths)
    stages = {"num_epochs": 1, "unroll_epochs": 1, "unroll_horizons": (2,)}
    config = TrainingConfig(batch_size=32, optimizer="adam", input_noise=0.1, **stages)
    last = epochs(model, data.split(0.3), config)[-1].metrics
    assert np.isfinite([last.loss, last.val_nrmse]).all()


def test_a_constraint_layer_needs_a_completely_observed_robot(partly_observed):
    with pytest.raises(UserError, match=r"constraints=layer needs completely observed .* env.observe=all"):
        MLPDynamicsModel(env=partly_observed, constraints="layer")
