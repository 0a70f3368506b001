"""The stages of a training, and that it goes on from any of them without a trace."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from toys import ADAM, Drift, Dropping, Linear, Sequence, epochs, same

from dynax.base import BaseDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.training import fitting, stages
from dynax.training.training_set import window_ends


def test_an_epoch_sees_every_transition_about_once(slide):
    config = TrainingConfig(batch_size=30)
    assert stages.batches(Linear(env=slide), config, 100) == (30, 3)
    assert stages.batches(Sequence(env=slide), config, 100) == (10, 3)  # three predictions a window


def test_a_batch_is_at_most_all_there_is(slide):
    assert stages.batches(Linear(env=slide), TrainingConfig(batch_size=512), 7) == (7, 1)
    assert stages.batches(Sequence(env=slide), TrainingConfig(batch_size=2), 7)[0] == 1


def test_transitions_around_impacts_are_shown_as_often_as_asked(slide, sliding, monkeypatch):
    hit = np.random.default_rng(0).random(sliding[0].actions.shape[:2]) < 0.2
    monkeypatch.setattr(stages, "impacts", lambda env, states: hit)
    last = window_ends(sliding[0], 2)
    shown, count = np.unique(stages.oversample_impacts(slide, sliding[0], last, 3), return_counts=True)
    np.testing.assert_array_equal(shown, last)
    np.testing.assert_array_equal(count, np.where(hit.ravel()[last], 3, 1))
    assert stages.oversample_impacts(slide, sliding[0], last, 1) is last


# Seven epochs: two of one step, two of each horizon, and the polish.
STAGES = TrainingConfig(
    num_epochs=2, batch_size=64, **ADAM, input_noise=0.01, unroll_epochs=2, unroll_horizons=(2, 4),
    unroll_learning_rate=1e-3, finetune="lbfgs", finetune_steps=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def staged(slide, sliding):
    """A training through all stages without a break."""
    return epochs(Dropping(env=slide), sliding, STAGES)


def test_epochs_are_counted_through_all_stages(staged):
    assert [e.number for e in staged] == [int(e.state.epoch) for e in staged] == list(range(1, 8))
    assert STAGES.total_epochs == 7


@pytest.mark.slow
@pytest.mark.parametrize("done", range(1, 7))
def test_going_on_in_any_stage_is_going_straight_through(slide, sliding, staged, done):
    rest = epochs(Dropping(env=slide), sliding, STAGES, staged[done - 1].state)
    assert same([e.state for e in rest], [e.state for e in staged[done:]])
    assert [(e.number, e.loss, e.val_nrmse) for e in rest] == [(e.number, e.loss, e.val_nrmse) for e in staged[done:]]


def test_a_finished_training_goes_on_no_further(slide, sliding, staged):
    assert epochs(Dropping(env=slide), sliding, STAGES, staged[-1].state) == []


def test_the_best_is_the_best_of_all_stages(staged):
    best = min(staged, key=lambda e: e.val_nrmse)
    assert int(staged[-1].state.best_epoch) == best.number
    assert same(staged[-1].state.best, best.state.ema)


def test_every_later_stage_starts_from_the_best(slide, sliding):
    """One that changes nothing shows where it has started: not from the last parameters, which are worse."""
    config = dataclasses.replace(STAGES, unroll_learning_rate=1e-30, finetune="none")
    begun, normalization = fitting.start(Linear(env=slide), sliding[0], config, jax.random.PRNGKey(0))
    good = jax.tree.map(lambda x: 0 * x, begun.params)
    state = begun.replace(best=good, best_error=jnp.float32(0), best_epoch=jnp.int32(1), epoch=jnp.int32(2))
    for epoch in epochs(Linear(env=slide), sliding, config, state, normalization):
        assert all(np.abs(x).max() < 1e-20 for x in jax.tree.leaves(epoch.state.params))


def test_patience_ends_one_step_training_alone(slide, sliding):
    still = {"learning_rate": 1e-30, "final_learning_rate": 0.0, "unroll_learning_rate": 1e-30, "ema_decay": None}
    config = dataclasses.replace(STAGES, num_epochs=6, patience=2, finetune="none", **still)
    told = epochs(Drift(env=slide), sliding, config)
    assert [e.number for e in told] == [1, 2, 3, 7, 8, 9, 10]
    assert [e.number for e in epochs(Drift(env=slide), sliding, config, told[3].state)] == [8, 9, 10]


def test_predictions_longer_than_the_trajectories_are_told_at_the_start(slide, sliding):
    config = dataclasses.replace(STAGES, unroll_horizons=(2, 41))
    with pytest.raises(UserError, match=r"trajectories of 40 steps are too short .* training.unroll_horizons of 41"):
        fitting.start(Linear(env=slide), sliding[0], config, jax.random.PRNGKey(0))
    fitting.start(Linear(env=slide), sliding[0], dataclasses.replace(config, unroll_epochs=0), jax.random.PRNGKey(0))


class Ahead(BaseDynamicsModel):
    """Cannot have the damping of the slide: it knows one gain, of the action."""

    target: str = "acceleration"

    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("gain", nn.initializers.zeros, ()) * actions[-1]


def test_training_on_several_steps_lowers_the_open_loop_error(slide):
    """Of a model that cannot have the damping of the slide, and has to make up for it: its one step is then worse."""
    rng = np.random.default_rng(0)
    states, actions = slide.sample_states(rng, 32), np.repeat(rng.uniform(-1, 1, (32, 1, 1)), 60, axis=1)
    data = Trajectories(simulate(slide, 0 * states, actions, "native"), actions).split(0.25)
    config = TrainingConfig(
        num_epochs=40, batch_size=64, **ADAM | {"learning_rate": 0.03}, loss="mse", ema_decay=None, unroll_epochs=10,
        unroll_horizons=(40,), unroll_learning_rate=0.01,
    )  # fmt: skip
    told = epochs(Ahead(env=slide), data, config)
    assert told[-1].val_nrmse < 0.7 * told[39].val_nrmse
