"""Model-based learning: the experience, the rounds, and their continuation."""

import dataclasses

import numpy as np
import pytest

from dynax.architectures import LagrangianDynamicsModel, MLPDynamicsModel
from dynax.config.schema import LearnConfig, TrainingRunConfig
from dynax.control import planners
from dynax.control.episodes import Episode
from dynax.control.experience import Experience
from dynax.control.learning import Learning
from dynax.control.learning_plot import plot_learning_curve
from dynax.control.tasks.swing_up import SwingUp
from dynax.envs import CartPoleEnv
from dynax.errors import UserError

CEM = {"name": "cem", "period": 0.05, "horizon": 1.0}
SHORT = CEM | {"samples": 8, "elites": 2, "iterations": 1, "horizon": 0.2}
SMALL = LearnConfig(transitions=40, random=16, seconds=0.6, segment=5)


def episode_of(states):
    count = len(states) - 1
    return Episode(states, np.arange(count * 2.0).reshape(count, 2), np.zeros(count), False, np.zeros(1), ())


@pytest.mark.parametrize(("steps", "starts"), [(6, [0, 3]), (7, [0, 3, 4]), (3, [0]), (2, [])])
def test_an_episode_is_cut_into_segments_that_cover_it(cart_pole, steps, starts):
    states = np.arange((steps + 1) * 4.0).reshape(steps + 1, 4)
    episode = episode_of(states)
    experience = Experience(Experience.empty(cart_pole, 3).segments, 0)
    empty = dataclasses.replace(experience.segments, actions=np.zeros((0, 3, 2)))
    experience = Experience(empty, 0).with_episode(episode)
    assert experience.transitions == steps
    assert experience.segments.states[:, 0, 0].tolist() == [4.0 * start for start in starts]
    for start, actions in zip(starts, experience.segments.actions, strict=True):
        np.testing.assert_array_equal(actions, episode.actions[start : start + 3])


def test_transitions_after_a_divergence_are_no_experience(cart_pole):
    states = np.zeros((9, 4))
    states[5:] = np.nan
    episode = dataclasses.replace(episode_of(states), actions=np.zeros((8, 1)))
    experience = Experience.empty(cart_pole, 2).with_episode(episode)
    assert (experience.transitions, len(experience.segments)) == (4, 2)


def test_segments_for_validation_are_spread_over_the_episodes(cart_pole):
    states = np.arange(21.0)[:, None].repeat(4, axis=1)
    episode = dataclasses.replace(episode_of(states), actions=np.zeros((20, 1)))
    train, val = Experience.empty(cart_pole, 2).with_episode(episode).split(0.2)
    assert val.states[:, 0, 0].tolist() == [4.0, 14.0]
    assert len(train) == 8


def learning(model, config=SMALL, planner=SHORT, **training):
    settings = {"num_epochs": 2, "optimizer": "adam"} | training
    return Learning(
        model, SwingUp(), planners.make(planner), config,
        dataclasses.replace(TrainingRunConfig.recipe(model, "learn"), **settings),
    )  # fmt: skip


@pytest.mark.slow
def test_a_restored_learning_continues_with_the_same_bits(tmp_path):
    model = MLPDynamicsModel(env=CartPoleEnv(decimation=5), hidden_dims=(8,))
    whole, first, second = (learning(model) for _ in range(3))
    rounds = list(iter(whole.step, None))
    assert [(r.number, r.transitions) for r in rounds] == [(0, 16), (1, 28), (2, 40)]
    assert rounds[0].loss is None
    assert rounds[1].val_nrmse > 0
    first.step()
    first.step()
    first.train()  # the training of the next round, which is not repeated
    second.restore(first.rounds, first.experience, first.variables, first.fit)
    assert second.step() == rounds[2]
    assert second.step() is None
    np.testing.assert_array_equal(second.experience.segments.states, whole.experience.segments.states)
    plot_learning_curve(tmp_path / "learning.png", rounds, "swing_up")
    assert (tmp_path / "learning.png").stat().st_size > 10_000


@pytest.mark.slow
def test_lagrangian_swings_a_cart_pole_up_after_the_random_transitions():
    """The equations follow from 200 random transitions, so that the first controlled episode is successful."""
    env = CartPoleEnv(decimation=5)
    config = LearnConfig(transitions=320, random=200, seconds=6.0)
    learned = learning(LagrangianDynamicsModel(env=env), config, CEM, num_epochs=20, optimizer="soap")
    random, controlled = learned.step(), learned.step()
    assert not random.success
    assert controlled.success
    assert controlled.val_nrmse < 1e-4
    assert learned.trained().env is env


def test_a_model_must_have_been_trained(cart_pole):
    config = LearnConfig(transitions=100, random=16, seconds=0.6, segment=5)
    model = MLPDynamicsModel(env=cart_pole, hidden_dims=(8,))
    with pytest.raises(UserError, match=r"has not trained a model yet: call step\(\) until a round has trained"):
        learning(model, config).trained()
    with pytest.raises(UserError, match=r"transitions=40 leaves no transitions .* increase it to at least 75"):
        learning(model)
    most = LearnConfig(transitions=10**7, random=10**7, seconds=0.6, segment=5)
    with pytest.raises(UserError, match=r"transitions=10000000 leaves no .* decrease learn.random or learn.seconds$"):
        learning(model, most)
