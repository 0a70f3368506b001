"""Training on systems whose answer is known, and that it can stop and go on without a trace."""

import dataclasses
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from dynax import training
from dynax.base import BaseDynamicsModel
from dynax.config import TrainingConfig
from dynax.envs import MjcfEnv
from dynax.errors import RunError, UserError
from dynax.losses import one_step
from dynax.samples import ends, normalization_of
from dynax.simulate import simulate
from dynax.trajectories import Trajectories
from dynax.validation import make_validation

MASS, DAMPING, DT = 2.0, 0.5, 0.02
SLIDE = f"""<mujoco><option timestep="{DT}" gravity="0 0 0"/><worldbody>
<body><joint name="x" type="slide" axis="1 0 0" damping="{DAMPING}"/><geom size=".1" mass="{MASS}"/></body></worldbody>
<actuator><motor joint="x" ctrlrange="-1 1"/></actuator></mujoco>"""


class Linear(BaseDynamicsModel):
    target: str = "acceleration"

    @nn.compact
    def __call__(self, states, actions, training=False):
        return nn.Dense(self.target_dim)(jnp.concatenate([states.flatten(), actions.flatten()]))


class Dropping(BaseDynamicsModel):
    """A little network with all that a training may depend on: a history, and chance."""

    history: int = 2

    @nn.compact
    def __call__(self, states, actions, training=False):
        x = nn.tanh(nn.Dense(8)(jnp.concatenate([states.flatten(), actions.flatten()])))
        return nn.Dense(self.target_dim)(nn.Dropout(0.2, deterministic=not training)(x))


class Drift(BaseDynamicsModel):
    """Predicts that every velocity changes by its one parameter."""

    target: str = "acceleration"

    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("drift", nn.initializers.zeros, ()) * jnp.ones(self.target_dim)


class Sequence(Drift):
    sequence: ClassVar[bool] = True
    history: int = 3


@pytest.fixture(scope="module")
def slide():
    return MjcfEnv(xml="slide.xml", mjcf=SLIDE)


@pytest.fixture(scope="module")
def data(slide):
    """Training and validation trajectories of the slide: twelve and four, of forty steps."""
    rng = np.random.default_rng(0)
    states, actions = slide.sample_states(rng, 16), rng.uniform(-1, 1, (16, 40, 1))
    return Trajectories(simulate(slide, states, actions, "native"), actions).split(0.25)


def drifting(value):
    """The parameters of a `Drift`."""
    return {"network": {"drift": jnp.float32(value)}}


def copied(tree):
    return jax.tree.map(np.array, tree)


def epochs(model, data, config, state=None, normalization=None, seed=0):
    """What `fit` yields, its states copied: each epoch reuses the memory of the one before it."""
    begun, fresh = training.start(model, data[0], config, jax.random.PRNGKey(seed))
    state = begun if state is None else jax.tree.map(jnp.array, state)
    told = training.fit(model, *data, normalization or fresh, config, state)
    return [training.Epoch(copied(e.state), e.number, e.loss, e.val_nrmse, e.val_valid_time) for e in told]


def same(one, other):
    """Whether two trees agree in every bit."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(a.dtype == b.dtype and np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in pairs)


@pytest.fixture(scope="module")
def linear(slide, data):
    """A linear model of the slide, trained for four hundred updates, and its last epoch."""
    model = Linear(env=slide)
    config = TrainingConfig(
        num_epochs=60, batch_size=64, optimizer="adam", loss="mse", learning_rate=0.03, warmup_steps=10, ema_decay=0.9
    )
    return model, epochs(model, data, config)


def test_a_linear_system_is_learned_to_the_precision_of_float32(linear):
    last = linear[1][-1]
    assert last.loss < 1e-10
    assert last.val_nrmse < 1e-5


def test_what_is_learned_are_the_gains_of_the_system(linear, data):
    model, told = linear
    norm = normalization_of(model, data[0])
    kernel = told[-1].state.best["network"]["Dense_0"]["kernel"][:, 0]
    gains = kernel * norm["target"]["std"] / np.concatenate([norm["features"]["std"], norm["actions"]["std"]])
    inertia = MASS + DT * DAMPING  # MuJoCo's Euler takes the damping implicitly
    np.testing.assert_allclose(gains, [0, -DT * DAMPING / inertia, DT / inertia], atol=1e-7)


def test_a_perfect_model_is_valid_to_the_end(linear, data):
    assert linear[1][-1].val_valid_time == pytest.approx(40 * DT)


def test_the_loss_falls(linear):
    losses = [e.loss for e in linear[1]]
    assert losses[0] > 100 * losses[10] > 10_000 * losses[-1]


ADAM = {"optimizer": "adam", "learning_rate": 0.01, "warmup_steps": 5}
SHORT = TrainingConfig(num_epochs=2, batch_size=64, **ADAM)
CHANCE = TrainingConfig(num_epochs=4, batch_size=64, **ADAM)


@pytest.fixture(scope="module")
def straight(slide, data):
    """A training of four epochs without a break."""
    return epochs(Dropping(env=slide), data, CHANCE)


def test_the_same_key_gives_the_same_bits(slide, data, straight):
    again = epochs(Dropping(env=slide), data, CHANCE)
    assert same([e.state for e in again], [e.state for e in straight])
    assert [e.loss for e in again] == [e.loss for e in straight]


def test_another_key_gives_another_model(slide, data, straight):
    other = epochs(Dropping(env=slide), data, CHANCE, seed=1)
    assert not same(other[0].state.params, straight[0].state.params)


def test_every_epoch_has_its_own_order_and_dropout(slide, data):
    """Of parameters that do not change, the loss would otherwise be the same."""
    still = TrainingConfig(num_epochs=2, batch_size=64, learning_rate=1e-30, final_learning_rate=0.0)
    one, other = epochs(Dropping(env=slide), data, still)
    assert one.loss != other.loss


def test_going_on_from_an_epoch_is_going_straight_through(slide, data, straight):
    rest = epochs(Dropping(env=slide), data, CHANCE, straight[1].state)
    assert [e.number for e in rest] == [3, 4]
    assert same([e.state for e in rest], [e.state for e in straight[2:]])


def test_it_makes_no_difference_which_kind_of_array_the_normalisation_is(slide, data, straight):
    """A checkpoint brings it back as JAX arrays, with which NumPy's float64 would become float32 too early."""
    model = Dropping(env=slide)
    normalization = jax.tree.map(jnp.asarray, normalization_of(model, data[0]))
    assert same(epochs(model, data, CHANCE, normalization=normalization)[0].state, straight[0].state)


def test_the_moving_average_forgets_its_start(slide, data):
    """One update an epoch, so that every one is seen: decay (1 + t) / (10 + t), at most the decay asked for."""
    config = TrainingConfig(num_epochs=6, batch_size=10_000, learning_rate=0.1, warmup_steps=0, ema_decay=0.3)
    model = Drift(env=slide)
    begun, _ = training.start(model, data[0], config, jax.random.PRNGKey(0))
    average = float(begun.params["network"]["drift"])
    for t, epoch in enumerate(epochs(model, data, config)):
        rate = min(0.3, (1 + t) / (10 + t))
        average = rate * average + (1 - rate) * float(epoch.state.params["network"]["drift"])
        assert float(epoch.state.ema["network"]["drift"]) == pytest.approx(average, rel=1e-5)
    assert rate == 0.3


def test_without_a_moving_average_the_parameters_are_kept(slide, data):
    config = TrainingConfig(num_epochs=2, batch_size=64, learning_rate=0.1, ema_decay=None)
    for epoch in epochs(Linear(env=slide), data, config):
        assert same(epoch.state.ema, epoch.state.params)


def test_the_best_is_the_one_with_the_lowest_error(slide, data):
    """Nothing ever moves, so that the error is what the model drifts."""
    still = Trajectories(np.zeros((2, 6, 2)), np.zeros((2, 5, 1)))
    model, config = Drift(env=slide), TrainingConfig()
    state, normalization = training.start(model, still, config, jax.random.PRNGKey(0))
    validate, values = make_validation(model, still, normalization), []
    for epoch, drift in enumerate([3e-6, 1e-6, 2e-6, 1e-6], start=1):
        state = state.replace(ema=drifting(drift), epoch=jnp.int32(epoch))
        state, value, _ = validate(state)
        values.append(value)
    assert values[1] == values[3] < values[2] < values[0]
    assert (int(state.best_epoch), float(state.best["network"]["drift"])) == (2, pytest.approx(1e-6))
    assert float(state.best_error) == pytest.approx(values[1])


def test_a_prediction_that_is_not_finite_is_never_the_best(slide, data):
    model, config = Drift(env=slide), TrainingConfig()
    state, normalization = training.start(model, data[0], config, jax.random.PRNGKey(0))
    validate = make_validation(model, data[1], normalization)
    state, good, _ = validate(state.replace(ema=drifting(0), epoch=jnp.int32(1)))
    state, bad, _ = validate(state.replace(ema=drifting(jnp.nan), epoch=jnp.int32(2)))
    assert bad > good
    assert float(state.best["network"]["drift"]) == 0


def test_patience_ends(slide, data):
    """Where nothing changes nothing gets better."""
    still = {"learning_rate": 1e-30, "final_learning_rate": 0.0, "ema_decay": None, "num_epochs": 6}
    told = epochs(Drift(env=slide), data, TrainingConfig(patience=2, **still))
    assert [e.number for e in told] == [1, 2, 3]
    assert int(told[-1].state.best_epoch) == 1
    assert epochs(Drift(env=slide), data, TrainingConfig(patience=2, **still), told[-1].state) == []
    assert len(epochs(Drift(env=slide), data, TrainingConfig(**still))) == 6


def test_divergence_is_told_after_the_epochs_that_were_good(slide, data):
    """One update an epoch; the first has the learning rate zero, the second one that ruins everything."""
    config = TrainingConfig(num_epochs=20, batch_size=10_000, learning_rate=1e8, warmup_steps=2, gradient_clip=None)
    model, good = Linear(env=slide), []
    state, normalization = training.start(model, data[0], config, jax.random.PRNGKey(0))
    told = training.fit(model, *data, normalization, config, state)
    with pytest.raises(RunError, match=r"diverged in epoch 3: .* lower training.learning_rate \(now 1e\+08\)"):
        good.extend((epoch.number, copied(epoch.state.best)) for epoch in told)
    assert [number for number, _ in good] == [1, 2]
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(good))


def test_a_loss_that_is_no_number_is_divergence(slide, data):
    model = Linear(env=slide)
    state, normalization = training.start(model, data[0], SHORT, jax.random.PRNGKey(0))
    ruined = state.replace(params=jax.tree.map(lambda x: x * jnp.nan, state.params))
    with pytest.raises(RunError, match="diverged in epoch 1: the loss is nan"):
        next(training.fit(model, *data, normalization, SHORT, ruined))


def test_parameters_ruined_by_the_last_update_of_an_epoch_are_divergence(slide, data):
    """The only update of the epoch follows a finite loss, and its learning rate is no number."""
    config = TrainingConfig(num_epochs=1, batch_size=10_000, ema_decay=None)
    model = Linear(env=slide)
    state, normalization = training.start(model, data[0], config, jax.random.PRNGKey(0))
    samples, last = training.prepare(model, data[0], normalization), jnp.asarray(ends(data[0], 1))
    ruinous = optax.sgd(jnp.nan)
    state = training.initial_state(state.params, ruinous, jax.random.PRNGKey(0))
    epoch = training.make_epoch(partial(one_step, model), normalization, ruinous, config, batch=len(last), steps=1)
    _, loss = epoch(state, samples, last)
    assert np.isnan(loss)


def test_an_epoch_sees_every_transition_about_once(slide):
    config = TrainingConfig(batch_size=30)
    assert training.batches(Linear(env=slide), config, 100) == (30, 3)
    assert training.batches(Sequence(env=slide), config, 100) == (10, 3)  # three predictions a window


def test_a_batch_is_at_most_all_there_is(slide):
    assert training.batches(Linear(env=slide), TrainingConfig(batch_size=512), 7) == (7, 1)
    assert training.batches(Sequence(env=slide), TrainingConfig(batch_size=2), 7)[0] == 1


def test_trajectories_shorter_than_the_history_are_refused(slide, data):
    with pytest.raises(UserError, match=r"trajectories of 40 steps are too short for model.history=41"):
        training.train_dynamics_model(Linear(env=slide, history=41), *data, TrainingConfig(num_epochs=1))


def test_at_most_val_rollouts_trajectories_validate(slide, data):
    model, train, val = Linear(env=slide), *data
    spoilt = Trajectories(np.concatenate([val.states[:2], 1e6 * val.states[2:]]), val.actions)
    config = dataclasses.replace(SHORT, val_rollouts=2)
    one, same = (epochs(model, (train, v), config) for v in (val, spoilt))
    assert [e.val_nrmse for e in one] == [e.val_nrmse for e in same]


def test_the_variables_returned_are_the_best(slide, data):
    model = Linear(env=slide)
    variables = training.train_dynamics_model(model, *data, SHORT, jax.random.PRNGKey(0), slide)
    assert same(variables["params"], epochs(model, data, SHORT)[-1].state.best)


def test_keys_of_either_kind_are_taken(slide):
    for key in (jax.random.PRNGKey(3), jax.random.key(3), None):
        assert np.array_equal(training.raw_key(key, 3), jax.random.PRNGKey(3))


def test_a_model_of_another_robot_is_told(slide, data, cart_pole):
    with pytest.raises(UserError, match="the model is of slide, not of cart_pole"):
        training.train_dynamics_model(Linear(env=slide), *data, env=cart_pole)


def test_data_of_another_robot_are_told(cart_pole, data):
    with pytest.raises(UserError, match=r"the data have states of 2 and actions of 1 numbers, cart_pole \(4, 1\)"):
        training.train_dynamics_model(Linear(env=cart_pole), *data)


def test_transitions_around_impacts_are_shown_as_often_as_asked(slide, data, monkeypatch):
    hit = np.random.default_rng(0).random(data[0].actions.shape[:2]) < 0.2
    monkeypatch.setattr(training, "impacts", lambda env, states: hit)
    last = ends(data[0], 2)
    shown, count = np.unique(training.weighted(slide, data[0], last, 3), return_counts=True)
    np.testing.assert_array_equal(shown, last)
    np.testing.assert_array_equal(count, np.where(hit.ravel()[last], 3, 1))
    assert training.weighted(slide, data[0], last, 1) is last


# Seven epochs: two of one step, two of each horizon, and the polish.
STAGES = TrainingConfig(
    num_epochs=2, batch_size=64, **ADAM, input_noise=0.01, unroll_epochs=2, unroll_horizons=(2, 4),
    unroll_learning_rate=1e-3, polish="lbfgs", polish_steps=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def staged(slide, data):
    """A training through all stages without a break."""
    return epochs(Dropping(env=slide), data, STAGES)


def test_epochs_are_counted_through_all_stages(staged):
    assert [e.number for e in staged] == [int(e.state.epoch) for e in staged] == list(range(1, 8))
    assert STAGES.total_epochs == 7


@pytest.mark.parametrize("done", range(1, 7))
def test_going_on_in_any_stage_is_going_straight_through(slide, data, staged, done):
    rest = epochs(Dropping(env=slide), data, STAGES, staged[done - 1].state)
    assert same([e.state for e in rest], [e.state for e in staged[done:]])
    assert [(e.number, e.loss, e.val_nrmse) for e in rest] == [(e.number, e.loss, e.val_nrmse) for e in staged[done:]]


def test_a_finished_training_goes_on_no_further(slide, data, staged):
    assert epochs(Dropping(env=slide), data, STAGES, staged[-1].state) == []


def test_the_best_is_the_best_of_all_stages(staged):
    best = min(staged, key=lambda e: e.val_nrmse)
    assert int(staged[-1].state.best_epoch) == best.number
    assert same(staged[-1].state.best, best.state.ema)


def test_every_later_stage_starts_from_the_best(slide, data):
    """One that changes nothing shows where it has started: not from the last parameters, which are worse."""
    config = dataclasses.replace(STAGES, unroll_learning_rate=1e-30, polish="none")
    begun, normalization = training.start(Linear(env=slide), data[0], config, jax.random.PRNGKey(0))
    good = jax.tree.map(lambda x: 0 * x, begun.params)
    state = begun.replace(best=good, best_error=jnp.float32(0), best_epoch=jnp.int32(1), epoch=jnp.int32(2))
    for epoch in epochs(Linear(env=slide), data, config, state, normalization):
        assert all(np.abs(x).max() < 1e-20 for x in jax.tree.leaves(epoch.state.params))


def test_patience_ends_one_step_training_alone(slide, data):
    still = {"learning_rate": 1e-30, "final_learning_rate": 0.0, "unroll_learning_rate": 1e-30, "ema_decay": None}
    config = dataclasses.replace(STAGES, num_epochs=6, patience=2, polish="none", **still)
    told = epochs(Drift(env=slide), data, config)
    assert [e.number for e in told] == [1, 2, 3, 7, 8, 9, 10]
    assert [e.number for e in epochs(Drift(env=slide), data, config, told[3].state)] == [8, 9, 10]


def test_predictions_longer_than_the_trajectories_are_told_at_the_start(slide, data):
    config = dataclasses.replace(STAGES, unroll_horizons=(2, 41))
    with pytest.raises(UserError, match=r"trajectories of 40 steps are too short .* training.unroll_horizons of 41"):
        training.start(Linear(env=slide), data[0], config, jax.random.PRNGKey(0))
    training.start(Linear(env=slide), data[0], dataclasses.replace(config, unroll_epochs=0), jax.random.PRNGKey(0))


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
