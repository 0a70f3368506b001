"""Identification by simulation errors: a noisy log with known constants, and constants that stay physical."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.architectures import RigidDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.identification import fit_simulations, identify
from dynax.identification.initial import initial_constants
from dynax.identification.parametrization import Parametrization
from dynax.mechanics.pseudo_inertia import pseudo_inertias

ROUGH = """<mujoco><option timestep="0.01"/><worldbody><body name="rod"><joint name="pivot" axis="0 1 0"/>
<geom type="capsule" size=".02" fromto="0 0 0 0 0 -.8" mass="0.5" contype="0" conaffinity="0"/></body></worldbody>
<actuator><motor name="motor" joint="pivot" gear="2"/></actuator></mujoco>"""
NOISE = np.array([0.001, 0.01])  # rad, rad/s
TRUE = {
    "armature": [0.03],
    "damping": [0.1],
    "coulomb_friction": [0.3],
    "static_friction": [0.4],
    "constant_force": [0.1],
    "stop_speed": [0.05],
    "stribeck_speed": [0.5],
    "gain": [1.0],
    "bodies": [1.0, 0.0, 0.0, -0.5, 0.3, 0.3, 0.01, 0.0, 0.0, 0.0],
}
SETTINGS = TrainingConfig(finetune="levenberg_marquardt", finetune_steps=8, finetune_horizons=(20, 80), loss="mse")


@pytest.fixture(scope="module")
def env():
    return MjcfEnv(xml="rough.xml", mjcf=ROUGH)


@pytest.fixture(scope="module")
def model(env):
    return RigidDynamicsModel(env=env, friction=True, history=5)


@pytest.fixture(scope="module")
def log(env):
    """Noisy measurements of a pendulum that starts at random states and is driven by steps of torque."""
    rng, exact = np.random.default_rng(0), RigidDynamicsModel(env=env, friction=True)
    actions = rng.uniform(-3, 3, (40, 20, 1)).repeat(10, axis=1)
    variables = {
        "params": {"network": {name: jnp.array(x) for name, x in TRUE.items()}},
        "normalization": exact.identity_normalization(),
    }
    path = np.asarray(exact.rollout(rng.normal(size=(40, 2)), actions, variables), float)
    return Trajectories(path + NOISE * rng.normal(size=path.shape), actions)


@pytest.fixture(scope="module")
def found(model, log):
    return fit_simulations(model, log, SETTINGS)


def by_name(constants):
    return dict(zip(constants.names, zip(constants.values, constants.errors, strict=True), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("rod hz", -0.5), ("pivot damping", 0.1), ("pivot coulomb friction", 0.3), ("pivot constant force", 0.1),
    ],
)  # fmt: skip
def test_constants_of_a_noisy_log_are_recovered(found, name, truth):
    value, error = by_name(found.constants)[name]
    assert abs(value - truth) < 3 * error
    assert value == pytest.approx(truth, rel=0.02)


@pytest.mark.slow
def test_only_the_sum_of_the_inertia_and_the_rotor_inertia_is_identifiable(found):
    constants, values = found.constants, by_name(found.constants)
    assert values["rod Iyy"][0] + values["pivot armature"][0] == pytest.approx(0.33, rel=0.02)
    identifiable = dict(zip(constants.names, constants.identifiable, strict=True))
    assert not any(identifiable[name] for name in ("rod m", "rod Ixx", "rod Iyy", "pivot armature"))


@pytest.mark.slow
def test_the_gain_that_fixes_the_scale_is_kept(found):
    assert by_name(found.constants)["motor gain"] == (1.0, 0.0)


@pytest.mark.slow
def test_predictions_are_as_accurate_as_the_measurements(model, log, found):
    path = model.rollout(log.states[:, :5], log.actions, found.variables)
    errors = np.asarray(path)[..., 0] - log.states[:, 4:, 0]
    assert np.sqrt(np.mean(errors**2)) < 10 * NOISE[0]


def test_constants_stay_physical(model, log):
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        parametrization = Parametrization(model, initial_constants(model, log))
        start = parametrization.initial()
        for _ in range(20):
            free = {name: x + rng.normal(size=x.shape) for name, x in start.items()}
            constants = parametrization.constants(free)
            assert all((constants[name] > 0).all() for name in TRUE if name not in ("bodies", "constant_force"))
            assert float(constants["gain"][0]) == pytest.approx(1.0)
            assert np.linalg.eigvalsh(pseudo_inertias(np.asarray(constants["bodies"])[None])).min() > 0


def test_a_fit_starts_from_the_values_of_the_mjcf(model, log):
    initial = initial_constants(model, log)
    with jax.enable_x64(True):
        parametrization = Parametrization(model, initial)
        found = parametrization.constants(parametrization.initial())
    for name, value in initial.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-12)
    assert initial["bodies"][0] == pytest.approx(0.5)


def test_friction_is_off_by_default(env):
    model = RigidDynamicsModel(env=env)
    assert (model.friction, model.history) == (False, 1)
    assert set(model.labels) == {"bodies", "gain"}


def test_linear_least_squares_rejects_friction(model, log):
    with pytest.raises(UserError, match="friction=True has constants that enter nonlinearly: use fit_simulations"):
        identify(model, log)
