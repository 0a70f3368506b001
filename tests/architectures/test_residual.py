"""A nominal model with a network of the force that it lacks."""

import jax
import numpy as np
import pytest
from marks import slow

from dynax.architectures import MLPDynamicsModel, ResidualDynamicsModel, RigidDynamicsModel
from dynax.architectures.residual import copied_constants
from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.identification import identify_model
from dynax.training import Training
from dynax.training.normalization import normalization_of
from dynax.training.validation import Validation

PENDULUM = """<mujoco><option timestep="0.02"/><worldbody><body><joint name="hinge" axis="0 1 0" damping="0.1"/>
<geom type="capsule" size="0.02" fromto="0 0 0 0 0 -0.5" mass="1"/></body></worldbody>
<actuator><motor joint="hinge" ctrlrange="-2 2" ctrllimited="true" gear="1.5"/></actuator></mujoco>"""
SMALL = {"hidden_dims": (16, 16)}
ADAM = TrainingConfig(num_epochs=150, batch_size=64, optimizer="adam", learning_rate=1e-2, loss="mse", ema_decay=0.98)


def recorded(env, n=8, steps=40, seed=0):
    """Return trajectories of a robot."""
    rng = np.random.default_rng(seed)
    low, high = env.action_bounds
    states, actions = env.sample_states(rng, n), rng.uniform(low, high, (n, steps, env.action_dim))
    return Trajectories(simulate(env, states, actions, "native"), actions)


def untrained(model, data):
    """Return new variables of a model, with the normalization of data."""
    return model.create(jax.random.PRNGKey(0), normalization_of(model, data))


def step_error(model, variables, data):
    """Return the largest error of a step, in units of the largest change of the coordinate."""
    states, actions = data.states[:, :-1], data.actions
    flat = [np.float32(x.reshape(-1, 1, x.shape[-1])) for x in (states, actions)]
    predicted = np.asarray(jax.jit(model.predict)(variables, *flat)).reshape(states.shape)
    change = np.abs(data.states[:, 1:] - states).max(axis=(0, 1))
    return float((np.abs(predicted - data.states[:, 1:]) / change).max())


@pytest.mark.parametrize("robot", ["pendulum", *slow("acrobot", "cart_pole", "three_link")])
@pytest.mark.parametrize("finetune_base", [False, True])
def test_an_untrained_model_is_the_simulator(robots, robot, finetune_base):
    env = robots[robot]
    model, data = ResidualDynamicsModel(env=env, finetune_base=finetune_base), recorded(env)
    assert step_error(model, untrained(model, data), data) < 1e-4


@pytest.mark.slow
def test_an_untrained_model_is_its_identified_base(robots):
    env = robots["acrobot"]
    base, data = RigidDynamicsModel(env=env), recorded(env, n=20)
    found = identify_model(base, data).variables
    model = ResidualDynamicsModel(env=env, **copied_constants(base, found))
    variables = model.create(jax.random.PRNGKey(0), found["normalization"])
    ours, theirs = (m.rollout(data.states[:, 0], data.actions, v) for m, v in ((model, variables), (base, found)))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
def test_a_base_may_have_dry_friction(robots):
    base = RigidDynamicsModel(env=robots["pendulum"], friction=True)
    found = base.create(jax.random.PRNGKey(0), base.identity_normalization())
    model = ResidualDynamicsModel(env=base.env, **copied_constants(base, found))
    variables = model.create(jax.random.PRNGKey(0), found["normalization"])
    states, actions = np.array([[0.3, 2.0]]), np.ones((1, 5, 1))
    np.testing.assert_array_equal(model.rollout(states, actions, variables), base.rollout(states, actions, found))


@pytest.mark.parametrize("finetune_base", [False, True])
def test_only_the_network_and_the_factors_are_parameters(robots, finetune_base):
    model = ResidualDynamicsModel(env=robots["pendulum"], hidden_dims=(), finetune_base=finetune_base)
    params = jax.eval_shape(lambda: model.create(jax.random.PRNGKey(0), model.identity_normalization()))["params"]
    factors = {f"log_{name}" for name in model.labels} if finetune_base else set()
    assert set(params["network"]) == {"Dense_0"} | factors


def test_a_force_that_the_equations_do_not_contain_is_named():
    wet = MjcfEnv(xml="wet.xml", mjcf=PENDULUM.replace("<option ", '<option density="1000" '))
    with pytest.raises(UserError, match="model=residual does not support wet: the robot moves in a fluid"):
        ResidualDynamicsModel(env=wet)


def with_cubic_damping(env, n, steps, seed):
    """Return trajectories of a pendulum with the torque -0.02 v^3, which the simulator receives as an action."""
    rng = np.random.default_rng(seed)
    state, states = env.sample_states(rng, n), []
    actions = rng.uniform(-2, 2, (n, steps, 1)).round(1)
    states.append(state)
    for k in range(steps):
        torque = actions[:, k] - 0.02 * state[:, 1:] ** 3 / 1.5
        state = simulate(env, state, torque[:, None], "native")[:, 1]
        states.append(state)
    return Trajectories(np.stack(states, axis=1), actions)


@pytest.mark.slow
def test_an_unknown_friction_is_learned_from_few_data():
    """The network needs less data than a model without equations, and repairs the equations."""
    env = MjcfEnv(xml="pendulum.xml", mjcf=PENDULUM.replace(' ctrlrange="-2 2" ctrllimited="true"', ""))
    train, val = with_cubic_damping(env, 6, 40, 0), with_cubic_damping(env, 8, 100, 1)
    error = {}
    for model in (ResidualDynamicsModel(env=env, **SMALL), MLPDynamicsModel(env=env, **SMALL)):
        training = Training(model, train, val, ADAM, 0)
        while training.step():
            pass
        error[model.architecture] = training.best_val_nrmse
    nominal = ResidualDynamicsModel(env=env, **SMALL)
    error["nominal"] = Validation(nominal, val, 8)(untrained(nominal, train))[0]
    assert error["residual"] < 0.3 * min(error["nominal"], error["mlp"]), error


@pytest.mark.slow
def test_a_wrong_damping_of_the_mjcf_is_repaired():
    true = MjcfEnv(xml="pendulum.xml", mjcf=PENDULUM)
    wrong = MjcfEnv(xml="pendulum.xml", mjcf=PENDULUM.replace('damping="0.1"', 'damping="0.02"'))
    train, val, model = recorded(true), recorded(true, steps=100, seed=1), ResidualDynamicsModel(env=wrong, **SMALL)
    start = Validation(model, val, 8)(untrained(model, train))[0]
    training = Training(model, train, val, ADAM, 0)
    while training.step():
        pass
    assert training.best_val_nrmse < 0.1 * start


def windowed(env, **options):
    """Return a model whose network reads three states, and variables with an output that is not zero."""
    model = ResidualDynamicsModel(env=env, window=3, history=4, hidden_dims=(8,), **options)
    variables = model.create(jax.random.PRNGKey(0), model.identity_normalization())
    last = max(name for name in variables["params"]["network"] if name.startswith("Dense"))
    layer = variables["params"]["network"][last]
    layer["kernel"] = layer["kernel"] + 0.1
    return model, variables


@pytest.mark.parametrize(
    ("network", "output"), [("mlp", "acceleration"), *slow(("gru", "force"), ("transformer", "force"))]
)
def test_a_network_reads_the_last_states_and_actions(robots, network, output):
    """A rollout equals predictions of single steps from histories."""
    model, variables = windowed(robots["pendulum"], network=network, output=output)
    data = recorded(model.env, n=2, steps=9)
    path = list(np.moveaxis(np.float32(data.states[:, :4]), 1, 0))
    for k in range(6):
        history = np.stack(path[k : k + 4], axis=1)
        path.append(np.asarray(model.rollout(history, data.actions[:, k : k + 4], variables))[:, 1])
    whole = np.asarray(model.rollout(data.states[:, :4], data.actions, variables))
    np.testing.assert_allclose(whole, np.stack(path[3:], axis=1), rtol=1e-4, atol=1e-5)
    other = np.concatenate([data.actions[:, :1], data.actions[:, 1:2] + 1, data.actions[:, 2:]], axis=1)
    assert np.abs(np.asarray(model.rollout(data.states[:, :4], other, variables))[:, 1] - whole[:, 1]).max() > 1e-5


def test_the_window_lies_in_the_history(robots):
    with pytest.raises(UserError, match=r"model.window=5 is longer than model.history=4: .* set model.history=5"):
        ResidualDynamicsModel(env=robots["pendulum"], window=5, history=4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "rnn"}, "model.network=rnn is not one of mlp, gru, transformer"),
        ({"network": "gru", "hidden_dims": ()}, "model.network=gru needs at least one layer"),
        ({"network": "transformer", "hidden_dims": (8, 6)}, "must have equal entries that are multiples of 4"),
        ({"output": "torque"}, "model.output=torque is not one of force, acceleration"),
    ],
)
def test_a_wrong_network_is_named(robots, options, message):
    with pytest.raises(UserError, match=message):
        ResidualDynamicsModel(env=robots["pendulum"], **options)


@pytest.mark.slow
def test_a_delay_is_learned_by_a_network_that_reads_earlier_actions():
    env = MjcfEnv(xml="pendulum.xml", mjcf=PENDULUM)
    train, val = (recorded(env, n, steps, seed) for n, steps, seed in ((8, 60, 0), (8, 60, 1)))
    error = {}
    for window in (1, 3):
        model = ResidualDynamicsModel(env=env, window=window, history=4, **SMALL)
        training = Training(model, late(train), late(val), ADAM, 0)
        while training.step():
            pass
        error[window] = training.best_val_nrmse
    assert error[3] < 0.3 * error[1], error


def late(data):
    """Return trajectories in which an action is recorded two steps before it acts; the last two steps are cut off."""
    return Trajectories(data.states[:, :-2], data.actions[:, 2:])
