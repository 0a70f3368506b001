"""`Training` on systems with a known solution; a training that is stopped and continued gives the same bits."""

import dataclasses
import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import ADAM, DT, GAINS, Drift, Dropping, Linear, epochs, same, start

from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.errors import RunError, UserError
from dynax.training import Training, TrainingSet
from dynax.training.normalization import normalization_of
from dynax.training.random_key import raw_key
from dynax.training.validation import Validation, keep_best


@pytest.fixture(scope="module")
def linear(slide, sliding):
    """A linear model of the slide and the 60 epochs of its training."""
    model = Linear(env=slide)
    config = TrainingConfig(
        num_epochs=60, batch_size=64, optimizer="adam", loss="mse", learning_rate=0.03, warmup_steps=10, ema_decay=0.9
    )
    return model, epochs(model, sliding, config)


def test_a_linear_system_is_learned_to_the_precision_of_float32(linear):
    last = linear[1][-1].metrics
    assert last.loss < 1e-10
    assert last.val_nrmse < 1e-5


def test_a_linear_model_learns_the_gains_of_the_system(linear, sliding):
    model, trained = linear
    norm = normalization_of(model, sliding[0])
    kernel = trained[-1].state.best["network"]["Dense_0"]["kernel"][:, 0]
    gains = kernel * norm["target"]["std"] / np.concatenate([norm["features"]["std"], norm["actions"]["std"]])
    np.testing.assert_allclose(gains, GAINS, atol=1e-7)


def test_the_valid_time_of_an_exact_model_is_the_length_of_the_trajectories(linear):
    assert linear[1][-1].metrics.val_valid_time == pytest.approx(40 * DT)


def test_the_loss_falls(linear):
    losses = [epoch.metrics.loss for epoch in linear[1]]
    assert losses[0] > 100 * losses[10] > 10_000 * losses[-1]


SHORT = TrainingConfig(num_epochs=2, batch_size=64, **ADAM)
FOUR = TrainingConfig(num_epochs=4, batch_size=64, **ADAM)


@pytest.fixture(scope="module")
def uninterrupted(slide, sliding):
    """A training of four epochs."""
    return epochs(Dropping(env=slide), sliding, FOUR)


@pytest.mark.slow
def test_the_same_key_gives_the_same_bits(slide, sliding, uninterrupted):
    again = epochs(Dropping(env=slide), sliding, FOUR)
    assert same([e.state for e in again], [e.state for e in uninterrupted])
    assert [e.metrics for e in again] == [e.metrics for e in uninterrupted]


def test_another_key_gives_another_model(slide, sliding, uninterrupted):
    other = epochs(Dropping(env=slide), sliding, FOUR, seed=1)
    assert not same(other[0].state.params, uninterrupted[0].state.params)


@pytest.mark.slow
def test_every_epoch_has_its_own_data_order_and_dropout(slide, sliding):
    """Otherwise the loss of constant parameters would not change."""
    still = TrainingConfig(num_epochs=2, batch_size=64, learning_rate=1e-30, final_learning_rate=0.0)
    one, other = epochs(Dropping(env=slide), sliding, still)
    assert one.metrics.loss != other.metrics.loss


def test_a_continued_training_gives_the_same_bits(slide, sliding, uninterrupted):
    rest = epochs(Dropping(env=slide), sliding, FOUR, uninterrupted[1].state)
    assert [e.metrics.epoch for e in rest] == [3, 4]
    assert same([e.state for e in rest], [e.state for e in uninterrupted[2:]])


def test_a_normalization_of_jax_arrays_gives_the_same_bits(slide, sliding, uninterrupted):
    """A checkpoint restores JAX arrays. They must not round the float64 data before scaling."""
    model = Dropping(env=slide)
    train = TrainingSet.of(model, sliding[0], jax.tree.map(jnp.asarray, normalization_of(model, sliding[0])))
    training = start(model, (train, sliding[1]), FOUR)
    training.step()
    assert same(training.state, uninterrupted[0].state)


def test_states_and_parameters_outlive_the_next_step(slide, sliding):
    training = start(Linear(env=slide), sliding, FOUR)
    training.step()
    state, best, variables = training.state, training.best_params, training.variables()
    before = jax.tree.map(np.array, (state, best, variables))
    training.step()
    assert same((state, best, variables), before)


def test_a_restored_state_can_be_restored_again(slide, sliding, uninterrupted):
    training = start(Dropping(env=slide), sliding, FOUR)
    for _ in range(2):
        training.restore(uninterrupted[0].state)
        training.step()
        assert same(training.state, uninterrupted[1].state)


def test_the_best_parameters_outlive_an_interrupt(slide, sliding, monkeypatch):
    """The interrupt comes while a piece of the second epoch runs."""
    training = start(Linear(env=slide), sliding, SHORT)
    training.step()
    best = training.best_params
    monkeypatch.setattr(type(jnp.zeros(1)), "block_until_ready", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        training.step()
    assert same(training.variables()["params"], best)


def _interrupt(*_):
    raise KeyboardInterrupt


def test_a_complete_training_has_no_further_steps(slide, sliding):
    training = start(Drift(env=slide), sliding, TrainingConfig(num_epochs=1))
    assert training.step() is not None
    assert (training.stage, training.step(), training.step(), training.epoch) == (None, None, None, 1)


def drifting(value):
    """Return parameters of `Drift`."""
    return {"network": {"drift": jnp.float32(value)}}


def test_the_best_parameters_have_the_lowest_error(slide):
    """The robot never moves, so the error is the drift of the model."""
    still = Trajectories(np.zeros((2, 6, 2)), np.zeros((2, 5, 1)))
    model = Drift(env=slide)
    training = start(model, (still, still), TrainingConfig())
    validate, state, errors = Validation(model, still, 2), training.state, []
    for epoch, drift in enumerate([3e-6, 1e-6, 2e-6, 1e-6], start=1):
        error, _ = validate({"params": drifting(drift), "normalization": training.train.normalization})
        state = keep_best(state.replace(ema=drifting(drift), epoch=jnp.int32(epoch)), jnp.float32(error))
        errors.append(error)
    assert errors[1] == errors[3] < errors[2] < errors[0]
    assert (int(state.best_epoch), float(state.best["network"]["drift"])) == (2, pytest.approx(1e-6))
    assert float(state.best_error) == pytest.approx(errors[1])


def test_a_prediction_that_is_not_finite_is_never_the_best(slide, sliding):
    model = Drift(env=slide)
    validate, normalization = Validation(model, sliding[1], 60), normalization_of(model, sliding[0])
    good, bad = (validate({"params": drifting(x), "normalization": normalization})[0] for x in (0, jnp.nan))
    assert bad > good


def test_patience_ends_a_training(slide, sliding):
    """Constant parameters never improve."""
    still = {"learning_rate": 1e-30, "final_learning_rate": 0.0, "ema_decay": None, "num_epochs": 6}
    trained = epochs(Drift(env=slide), sliding, TrainingConfig(patience=2, **still))
    assert [e.metrics.epoch for e in trained] == [1, 2, 3]
    assert int(trained[-1].state.best_epoch) == 1
    assert epochs(Drift(env=slide), sliding, TrainingConfig(patience=2, **still), trained[-1].state) == []
    assert len(epochs(Drift(env=slide), sliding, TrainingConfig(**still))) == 6


@pytest.mark.slow
def test_the_best_parameters_are_kept_when_a_training_diverges(slide, sliding):
    """There is one update per epoch. The first has the learning rate zero; the second one diverges."""
    config = TrainingConfig(num_epochs=20, batch_size=10_000, learning_rate=1e6, warmup_steps=2, gradient_clip=None)
    training = start(Linear(env=slide), sliding, config)
    assert [training.step().epoch for _ in range(2)] == [1, 2]
    best = training.best_params
    with pytest.raises(RunError, match=r"diverged in epoch 3: .* lower training.learning_rate \(now 1e\+06\)"):
        training.step()
    assert same(training.best_params, best)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(best))


def test_a_loss_that_is_not_a_number_is_divergence(slide, sliding):
    training = start(Linear(env=slide), sliding, SHORT)
    state = training.state
    training.restore(state.replace(params=jax.tree.map(lambda x: x * jnp.nan, state.params)))
    with pytest.raises(RunError, match="diverged in epoch 1: the loss is nan"):
        training.step()


def test_trajectories_shorter_than_the_history_are_rejected(slide, sliding):
    with pytest.raises(UserError, match="history=41 is too long for trajectories of 40 steps"):
        start(Linear(env=slide, history=41), sliding, SHORT)


@pytest.mark.slow
def test_validation_uses_at_most_val_rollouts_trajectories(slide, sliding):
    model, train, val = Linear(env=slide), *sliding
    spoilt = Trajectories(np.concatenate([val.states[:2], 1e6 * val.states[2:]]), val.actions)
    config = dataclasses.replace(SHORT, val_rollouts=2)
    one, other = (epochs(model, (train, v), config) for v in (val, spoilt))
    assert [e.metrics.val_nrmse for e in one] == [e.metrics.val_nrmse for e in other]


def test_keys_of_both_kinds_are_accepted():
    for key in (jax.random.PRNGKey(3), jax.random.key(3)):
        assert np.array_equal(raw_key(key), jax.random.PRNGKey(3))


@pytest.mark.slow
def test_trainings_and_their_data_are_freed(slide, sliding):
    """Compiled programs hold model and data. Nothing holds the programs but their training."""
    kept = []
    for seed in range(3):
        training = Training(Dropping(env=slide), *sliding, SHORT, jax.random.PRNGKey(seed))
        training.step()
        kept += [weakref.ref(x) for x in (training, training.train, training.train.samples.states)]
        del training
    gc.collect()
    assert [x() for x in kept] == [None] * 9
