"""Fine-tuning on simulation errors: the error of the positions along open-loop predictions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import Linear

from dynax.architectures import MLPDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.envs import DataEnv
from dynax.envs.recorded import Coordinate, recorded_mjcf
from dynax.errors import UserError
from dynax.training import TrainingSet, least_squares, second_order

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
        theta, unravel = jax.flatten_util.ravel_pytree(double(params))
        for derivative in ("jacfwd", "jacrev"):
            monkeypatch.setattr(jax, "jacfwd", getattr(jax, derivative))
            arguments = unravel, double(train.normalization), theta.size, 30, jax.random.PRNGKey(0)
            problem = least_squares.problem(train, train.double_samples(), *arguments)
            found[derivative] = problem.normal_equations(theta, jnp.float64(1e30))
            assert problem.squared(theta).shape == (4,)  # 39 steps of a trajectory are covered by two windows of 30
    for one, other in zip(found["jacfwd"], found["jacrev"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_lbfgs_has_no_horizons():
    with pytest.raises(UserError, match=r"finetune=lbfgs supports only finetune_horizons=\[1\]"):
        TrainingConfig(finetune="lbfgs", finetune_horizons=(1, 10))
