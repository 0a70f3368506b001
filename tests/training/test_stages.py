"""The stages of a training, and a training that continues in each of them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from toys import ADAM, Drift, Dropping, Linear, Sequence, epochs, same, start

from dynax.base import BaseDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.training.epoch_size import epoch_size
from dynax.training.stages import stages_of


def test_an_epoch_uses_every_transition_about_once(slide):
    config = TrainingConfig(batch_size=30)
    assert epoch_size(Linear(env=slide), config, 100) == (30, 3)
    assert epoch_size(Sequence(env=slide), config, 100) == (10, 3)  # three predictions per window


def test_a_batch_contains_at_most_all_windows(slide):
    assert epoch_size(Linear(env=slide), TrainingConfig(batch_size=512), 7) == (7, 1)
    assert epoch_size(Sequence(env=slide), TrainingConfig(batch_size=2), 7)[0] == 1


# Seven epochs: two of one step, two of each horizon, and one of second-order fine-tuning.
STAGES = TrainingConfig(
    num_epochs=2, batch_size=64, **ADAM, input_noise=0.01, unroll_epochs=2, unroll_horizons=(2, 4),
    unroll_learning_rate=1e-3, finetune="lbfgs", finetune_steps=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def uninterrupted(slide, sliding):
    """A training through all stages."""
    return epochs(Dropping(env=slide), sliding, STAGES)


def test_the_plan_covers_all_epochs():
    spans = [(stage.first, stage.last) for stage in stages_of(STAGES)]
    assert spans == [(1, 2), (3, 4), (5, 6), (7, 7)]
    assert STAGES.total_epochs == 7


def test_epochs_are_counted_through_all_stages(uninterrupted):
    assert [e.metrics.epoch for e in uninterrupted] == [int(e.state.epoch) for e in uninterrupted] == list(range(1, 8))


@pytest.mark.slow
@pytest.mark.parametrize("done", [1, 2, 3, 6])  # within two stages, and between two stages
def test_a_training_continued_in_any_stage_gives_the_same_bits(slide, sliding, uninterrupted, done):
    rest = epochs(Dropping(env=slide), sliding, STAGES, uninterrupted[done - 1].state)
    assert same([e.state for e in rest], [e.state for e in uninterrupted[done:]])
    assert [e.metrics for e in rest] == [e.metrics for e in uninterrupted[done:]]


def test_a_finished_training_does_not_continue(slide, sliding, uninterrupted):
    assert epochs(Dropping(env=slide), sliding, STAGES, uninterrupted[-1].state) == []


def test_the_best_parameters_are_the_best_of_all_stages(uninterrupted):
    best = min(uninterrupted, key=lambda e: e.metrics.val_nrmse)
    assert int(uninterrupted[-1].state.best_epoch) == best.metrics.epoch
    assert same(uninterrupted[-1].state.best, best.state.ema)


@pytest.mark.slow
def test_every_later_stage_starts_from_the_best_parameters(slide, sliding):
    """A stage with a negligible learning rate shows its start. The last parameters differ from the best ones."""
    config = dataclasses.replace(STAGES, unroll_learning_rate=1e-30, finetune="none")
    state = start(Linear(env=slide), sliding, config).state
    zero = jax.tree.map(lambda x: 0 * x, state.params)
    state = state.replace(best=zero, best_error=jnp.float32(0), best_epoch=jnp.int32(1), epoch=jnp.int32(2))
    for epoch in epochs(Linear(env=slide), sliding, config, state):
        assert all(np.abs(x).max() < 1e-20 for x in jax.tree.leaves(epoch.state.params))


@pytest.mark.slow
def test_patience_ends_one_step_training_only(slide, sliding):
    still = {"learning_rate": 1e-30, "final_learning_rate": 0.0, "unroll_learning_rate": 1e-30, "ema_decay": None}
    config = dataclasses.replace(STAGES, num_epochs=6, patience=2, finetune="none", **still)
    trained = epochs(Drift(env=slide), sliding, config)
    assert [e.metrics.epoch for e in trained] == [1, 2, 3, 7, 8, 9, 10]
    assert [int(e.state.epoch) for e in trained] == [1, 2, 3, 7, 8, 9, 10]
    assert [e.metrics.epoch for e in epochs(Drift(env=slide), sliding, config, trained[3].state)] == [8, 9, 10]


def test_horizons_longer_than_the_trajectories_are_rejected_at_the_start(slide, sliding):
    config = dataclasses.replace(STAGES, unroll_horizons=(2, 41))
    with pytest.raises(
        UserError, match="a prediction of 41 steps with a history of 1 is too long for trajectories of 40 steps"
    ):
        start(Linear(env=slide), sliding, config)
    start(Linear(env=slide), sliding, dataclasses.replace(config, unroll_epochs=0))


class Ahead(BaseDynamicsModel):
    """A model with one parameter, the gain of the action. It cannot represent damping."""

    target: str = "acceleration"

    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("gain", nn.initializers.zeros, ()) * actions[-1]


@pytest.mark.slow
def test_training_on_several_steps_lowers_the_open_loop_error(slide):
    """The gain compensates for the missing damping, although that raises the one-step error."""
    rng = np.random.default_rng(0)
    states, actions = slide.sample_states(rng, 32), np.repeat(rng.uniform(-1, 1, (32, 1, 1)), 60, axis=1)
    data = Trajectories(simulate(slide, 0 * states, actions, "native"), actions).split(0.25)
    config = TrainingConfig(
        num_epochs=40, batch_size=64, **ADAM | {"learning_rate": 0.03}, loss="mse", ema_decay=None, unroll_epochs=10,
        unroll_horizons=(40,), unroll_learning_rate=0.01,
    )  # fmt: skip
    trained = epochs(Ahead(env=slide), data, config)
    assert trained[-1].metrics.val_nrmse < 0.7 * trained[39].metrics.val_nrmse
