"""Training on systems whose answer is known, and that it can stop and go on without a trace."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import ADAM, DT, GAINS, Drift, Dropping, Linear, copied, epochs, same

from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.errors import RunError, UserError
from dynax.training import fitting
from dynax.training.training_set import normalization_of
from dynax.training.validation import make_validation


def drifting(value):
    """The parameters of a `Drift`."""
    return {"network": {"drift": jnp.float32(value)}}


@pytest.fixture(scope="module")
def linear(slide, sliding):
    """A linear model of the slide, trained for four hundred updates, and its last epoch."""
    model = Linear(env=slide)
    config = TrainingConfig(
        num_epochs=60, batch_size=64, optimizer="adam", loss="mse", learning_rate=0.03, warmup_steps=10, ema_decay=0.9
    )
    return model, epochs(model, sliding, config)


def test_a_linear_system_is_learned_to_the_precision_of_float32(linear):
    last = linear[1][-1]
    assert last.loss < 1e-10
    assert last.val_nrmse < 1e-5


def test_what_is_learned_are_the_gains_of_the_system(linear, sliding):
    model, told = linear
    norm = normalization_of(model, sliding[0])
    kernel = told[-1].state.best["network"]["Dense_0"]["kernel"][:, 0]
    gains = kernel * norm["target"]["std"] / np.concatenate([norm["features"]["std"], norm["actions"]["std"]])
    np.testing.assert_allclose(gains, GAINS, atol=1e-7)


def test_a_perfect_model_is_valid_to_the_end(linear, sliding):
    assert linear[1][-1].val_valid_time == pytest.approx(40 * DT)


def test_the_loss_falls(linear):
    losses = [e.loss for e in linear[1]]
    assert losses[0] > 100 * losses[10] > 10_000 * losses[-1]


SHORT = TrainingConfig(num_epochs=2, batch_size=64, **ADAM)
CHANCE = TrainingConfig(num_epochs=4, batch_size=64, **ADAM)


@pytest.fixture(scope="module")
def straight(slide, sliding):
    """A training of four epochs without a break."""
    return epochs(Dropping(env=slide), sliding, CHANCE)


def test_the_same_key_gives_the_same_bits(slide, sliding, straight):
    again = epochs(Dropping(env=slide), sliding, CHANCE)
    assert same([e.state for e in again], [e.state for e in straight])
    assert [e.loss for e in again] == [e.loss for e in straight]


def test_another_key_gives_another_model(slide, sliding, straight):
    other = epochs(Dropping(env=slide), sliding, CHANCE, seed=1)
    assert not same(other[0].state.params, straight[0].state.params)


def test_every_epoch_has_its_own_order_and_dropout(slide, sliding):
    """Of parameters that do not change, the loss would otherwise be the same."""
    still = TrainingConfig(num_epochs=2, batch_size=64, learning_rate=1e-30, final_learning_rate=0.0)
    one, other = epochs(Dropping(env=slide), sliding, still)
    assert one.loss != other.loss


def test_going_on_from_an_epoch_is_going_straight_through(slide, sliding, straight):
    rest = epochs(Dropping(env=slide), sliding, CHANCE, straight[1].state)
    assert [e.number for e in rest] == [3, 4]
    assert same([e.state for e in rest], [e.state for e in straight[2:]])


def test_it_makes_no_difference_which_kind_of_array_the_normalization_is(slide, sliding, straight):
    """A checkpoint brings it back as JAX arrays, with which NumPy's float64 would become float32 too early."""
    model = Dropping(env=slide)
    normalization = jax.tree.map(jnp.asarray, normalization_of(model, sliding[0]))
    assert same(epochs(model, sliding, CHANCE, normalization=normalization)[0].state, straight[0].state)


def test_the_best_is_the_one_with_the_lowest_error(slide, sliding):
    """Nothing ever moves, so that the error is what the model drifts."""
    still = Trajectories(np.zeros((2, 6, 2)), np.zeros((2, 5, 1)))
    model, config = Drift(env=slide), TrainingConfig()
    state, normalization = fitting.start(model, still, config, jax.random.PRNGKey(0))
    validate, values = make_validation(model, still, normalization), []
    for epoch, drift in enumerate([3e-6, 1e-6, 2e-6, 1e-6], start=1):
        state = state.replace(ema=drifting(drift), epoch=jnp.int32(epoch))
        state, value, _ = validate(state)
        values.append(value)
    assert values[1] == values[3] < values[2] < values[0]
    assert (int(state.best_epoch), float(state.best["network"]["drift"])) == (2, pytest.approx(1e-6))
    assert float(state.best_error) == pytest.approx(values[1])


def test_a_prediction_that_is_not_finite_is_never_the_best(slide, sliding):
    model, config = Drift(env=slide), TrainingConfig()
    state, normalization = fitting.start(model, sliding[0], config, jax.random.PRNGKey(0))
    validate = make_validation(model, sliding[1], normalization)
    state, good, _ = validate(state.replace(ema=drifting(0), epoch=jnp.int32(1)))
    state, bad, _ = validate(state.replace(ema=drifting(jnp.nan), epoch=jnp.int32(2)))
    assert bad > good
    assert float(state.best["network"]["drift"]) == 0


def test_patience_ends(slide, sliding):
    """Where nothing changes nothing gets better."""
    still = {"learning_rate": 1e-30, "final_learning_rate": 0.0, "ema_decay": None, "num_epochs": 6}
    told = epochs(Drift(env=slide), sliding, TrainingConfig(patience=2, **still))
    assert [e.number for e in told] == [1, 2, 3]
    assert int(told[-1].state.best_epoch) == 1
    assert epochs(Drift(env=slide), sliding, TrainingConfig(patience=2, **still), told[-1].state) == []
    assert len(epochs(Drift(env=slide), sliding, TrainingConfig(**still))) == 6


def test_divergence_is_told_after_the_epochs_that_were_good(slide, sliding):
    """One update an epoch; the first has the learning rate zero, the second one that ruins everything."""
    config = TrainingConfig(num_epochs=20, batch_size=10_000, learning_rate=1e8, warmup_steps=2, gradient_clip=None)
    model, good = Linear(env=slide), []
    state, normalization = fitting.start(model, sliding[0], config, jax.random.PRNGKey(0))
    told = fitting.every(fitting.fit(model, *sliding, normalization, config, state))
    with pytest.raises(RunError, match=r"diverged in epoch 3: .* lower training.learning_rate \(now 1e\+08\)"):
        good.extend((epoch.number, copied(epoch.state.best)) for epoch in told)
    assert [number for number, _ in good] == [1, 2]
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(good))


def test_a_loss_that_is_no_number_is_divergence(slide, sliding):
    model = Linear(env=slide)
    state, normalization = fitting.start(model, sliding[0], SHORT, jax.random.PRNGKey(0))
    ruined = state.replace(params=jax.tree.map(lambda x: x * jnp.nan, state.params))
    with pytest.raises(RunError, match="diverged in epoch 1: the loss is nan"):
        next(fitting.every(fitting.fit(model, *sliding, normalization, SHORT, ruined)))


def test_trajectories_shorter_than_the_history_are_refused(slide, sliding):
    with pytest.raises(UserError, match=r"trajectories of 40 steps are too short for model.history=41"):
        fitting.train_dynamics_model(Linear(env=slide, history=41), *sliding, TrainingConfig(num_epochs=1))


def test_at_most_val_rollouts_trajectories_validate(slide, sliding):
    model, train, val = Linear(env=slide), *sliding
    spoilt = Trajectories(np.concatenate([val.states[:2], 1e6 * val.states[2:]]), val.actions)
    config = dataclasses.replace(SHORT, val_rollouts=2)
    one, same = (epochs(model, (train, v), config) for v in (val, spoilt))
    assert [e.val_nrmse for e in one] == [e.val_nrmse for e in same]


def test_the_variables_returned_are_the_best(slide, sliding):
    model = Linear(env=slide)
    variables = fitting.train_dynamics_model(model, *sliding, SHORT, jax.random.PRNGKey(0), slide)
    assert same(variables["params"], epochs(model, sliding, SHORT)[-1].state.best)


def test_keys_of_either_kind_are_taken(slide):
    for key in (jax.random.PRNGKey(3), jax.random.key(3), None):
        assert np.array_equal(fitting.raw_key(key, 3), jax.random.PRNGKey(3))


def test_a_model_of_another_robot_is_told(slide, sliding, cart_pole):
    with pytest.raises(UserError, match="the model is of slide, not of cart_pole"):
        fitting.train_dynamics_model(Linear(env=slide), *sliding, env=cart_pole)


def test_data_of_another_robot_are_told(cart_pole, sliding):
    with pytest.raises(UserError, match=r"the data have states of 2 and actions of 1 numbers, cart_pole \(4, 1\)"):
        fitting.train_dynamics_model(Linear(env=cart_pole), *sliding)
