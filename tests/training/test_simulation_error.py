"""Fine-tuning on simulation errors: the error of the positions along open-loop predictions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import Linear

from dynax.architectures import LagrangianDynamicsModel, MLPDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.envs import DataEnv
from dynax.envs.recorded import Coordinate, recorded_mjcf
from dynax.errors import UserError
from dynax.training import TrainingSet, least_squares, second_order
from dynax.training.residuals import Parameters, residual

DT, FREQUENCY, DAMPING = 0.02, 4.0, 0.4  # s, rad/s, 1/s
NOISE = 0.01


def oscillator(n, steps, seed, noise=0.0):
    """Return trajectories of a driven oscillator, with measured positions."""
    rng = np.random.default_rng(seed)
    q, v = rng.normal(size=(2, n))
    actions = rng.normal(size=(n, steps, 1)).repeat(5, axis=1)[:, :steps]
    path = [q]
    for t in range(steps):
        v = v + DT * (actions[:, t, 0] - FREQUENCY**2 * q - DAMPING * v)
        q = q + DT * v
        path.append(q)
    positions = np.stack(path, axis=1) + noise * rng.normal(size=(n, steps + 1))
    return Trajectories(np.stack([positions, np.gradient(positions, DT, axis=1)], axis=-1), actions)


def machine():
    mjcf = recorded_mjcf("oscillator", [Coordinate("position", False, "m")], ["force"], DT)
    return DataEnv(mjcf=mjcf, observe=("qpos",))


def fitted(horizons, data):
    """Return a linear model of the last positions and actions."""
    model = MLPDynamicsModel(env=machine(), hidden_dims=(), history=6, constraints="none")
    config = TrainingConfig(finetune="levenberg_marquardt", finetune_steps=10, loss="mse", finetune_horizons=horizons)
    train = TrainingSet.of(model, data)
    params = model.create(jax.random.PRNGKey(0), train.normalization)["params"]
    params, loss = second_order.finetune(train, params, config, jax.random.PRNGKey(0))
    return model, {"params": params, "normalization": train.normalization}, loss


@pytest.mark.slow
def test_simulation_errors_are_not_biased_by_noise():
    """One-step errors of noisy positions give the oscillator a wrong damping."""
    data, test = oscillator(20, 120, seed=0, noise=NOISE), oscillator(10, 200, seed=1)
    errors = {}
    for horizons in ((1,), (1, 10, 60)):
        model, variables, _ = fitted(horizons, data)
        path = model.rollout(test.states[:, :6], test.actions, variables)
        errors[horizons] = float(np.sqrt(np.mean((np.asarray(path)[..., 0] - test.states[:, 5:, 0]) ** 2)))
    assert errors[1, 10, 60] < 2 * NOISE
    assert errors[1,] > 5 * errors[1, 10, 60]


def test_the_error_of_an_exact_model_is_zero(slide):
    rng = np.random.default_rng(0)
    states, actions = slide.sample_states(rng, 4), rng.uniform(-1, 1, (4, 30, 1))
    data = Trajectories(simulate(slide, states, actions, "native"), actions)
    config = TrainingConfig(finetune="levenberg_marquardt", finetune_steps=5, loss="mse", finetune_horizons=(1, 20))
    train = TrainingSet.of(Linear(env=slide), data)
    params = train.model.create(jax.random.PRNGKey(0), train.normalization)["params"]
    _, loss = second_order.finetune(train, params, config, jax.random.PRNGKey(0))
    assert loss < 1e-15


@pytest.mark.slow
def test_both_kinds_of_derivatives_give_the_same_equations(monkeypatch):
    data, model = oscillator(2, 40, seed=0, noise=NOISE), MLPDynamicsModel(env=machine(), hidden_dims=(3,), history=2)
    train = TrainingSet.of(model, data)
    found = {}
    with jax.enable_x64(True):
        double = lambda tree: jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), tree)  # noqa: E731
        params = model.create(jax.random.PRNGKey(0), train.normalization)["params"]
        vector = Parameters.of(double(params), lambda free: free, double(train.normalization))
        for derivative in ("jacfwd", "jacrev"):
            monkeypatch.setattr(jax, "jacfwd", getattr(jax, derivative))
            problem = least_squares.problem(train, train.double_samples(), vector, 30, jax.random.PRNGKey(0))
            found[derivative] = problem.normal_equations(vector.start, jnp.float64(1e30))
            assert problem.squared(vector.start).shape == (4,)  # two windows of 30 cover 39 steps of a trajectory
    for one, other in zip(found["jacfwd"], found["jacrev"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_the_derivative_for_an_estimated_first_state_follows_from_the_chain_rule(slide):
    """It equals the derivative of the whole residual, which includes the observer."""
    rng = np.random.default_rng(0)
    states, actions = slide.sample_states(rng, 2), rng.uniform(-1, 1, (2, 20, 1))
    model = LagrangianDynamicsModel(env=slide, embedding_dim=1, history=3, friction=True)
    train = TrainingSet.of(model, Trajectories(simulate(slide, states, actions, "native"), actions))
    params = model.create(jax.random.PRNGKey(0), train.normalization)["params"]
    with jax.enable_x64(True):
        double = lambda tree: jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), tree)  # noqa: E731
        vector = Parameters.of(double(params), lambda free: free, double(train.normalization))
        theta, samples, end = vector.start + 0.1, train.double_samples(), jnp.int32(4)
        chosen = residual(train, vector, 10)
        derivative, value = jax.jit(chosen.linear)(theta, samples, end)
        expected = jax.jit(jax.jacfwd(chosen.value))(theta, samples, end)
        np.testing.assert_allclose(derivative, expected, rtol=1e-9, atol=1e-12)
        variables = jax.tree.map(lambda x: np.asarray(x, np.float32), vector.variables(theta))
    path = model.rollout(train.data.states[:1, 2:5], train.data.actions[:1, 2:14], variables)
    error = (np.asarray(path)[0, 1:, 0] - train.data.states[0, 5:15, 0]) / train.state_std[0]
    np.testing.assert_allclose(value, error, rtol=1e-3, atol=1e-4)


def test_lbfgs_has_no_horizons():
    with pytest.raises(UserError, match=r"finetune=lbfgs supports only finetune_horizons=\[1\]"):
        TrainingConfig(finetune="lbfgs", finetune_horizons=(1, 10))
