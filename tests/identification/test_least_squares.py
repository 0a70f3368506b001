"""System identification: constants that the data determine are found; others are marked as not identifiable."""

import dataclasses

import jax
import numpy as np
import pytest
from inertias import constants, inertias
from marks import slow

from dynax import envs
from dynax.architectures import RigidDynamicsModel
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.errors import RunError
from dynax.excitations.mixed import Mixed
from dynax.identification import identify, identify_model
from dynax.mjcf.actuation import Actuation


def data_of(env, n=60, steps=60):
    rng = np.random.default_rng(0)
    states, actions = env.sample_states(rng, n), Mixed()(rng, n, steps, env.dt, *env.action_bounds)
    return Trajectories(simulate(env, states, actions, "native"), actions)


@pytest.fixture(scope="module", params=slow("double_cart_pole", "arm"))
def identified(request):
    """A model, its data and its identification."""
    model = RigidDynamicsModel(env=envs.make({"name": request.param}))
    data = data_of(model.env)
    return model, data, identify_model(model, data)


def test_a_step_is_predicted_as_the_simulator_computes_it(identified):
    model, data, found = identified
    states, actions = data.states[:, 10][:, None], data.actions[:, 10][:, None]
    predicted = np.asarray(jax.jit(model.predict)(found.variables, states, actions))
    error = model.env.space.difference(data.states[:, 11], predicted.astype(np.float64))
    assert np.median(np.abs(error)) < 1e-6
    assert np.abs(error).max() < 2e-3  # at impacts, in float32
    assert found.loss < 1e-3  # a mean that the contacts of the arm with the box dominate


def test_damping_stiffness_and_gains_are_found(identified):
    model, _, found = identified
    mj_model, given = model.env.mj_model, Actuation.of(model.env.mj_model)
    constants = found.constants
    values = dict(zip(constants.names, constants.values, strict=True))
    identifiable = dict(zip(constants.names, constants.identifiable, strict=True))
    for dof, name in enumerate(model.env.space.names):
        rate = given.moment[dof] ** 2 @ -given.bias[:, 2]
        if given.servo[given.moment[dof] != 0].any():  # the servo and the joint damp the same motion
            assert not identifiable[f"{name} damping"]
        if mj_model.dof_damping[dof]:
            total = sum(values.get(key, 0.0) for key in (f"{name} damping", f"{name} rate gain"))
            assert total == pytest.approx(mj_model.dof_damping[dof] + rate, rel=1e-6)
        if mj_model.jnt_stiffness[mj_model.dof_jntid[dof]]:
            assert values[f"{name} stiffness"] == pytest.approx(given.stiffness[dof], rel=1e-6)
    for i, name in enumerate(model.env.action_names):
        assert values[f"{name} gain"] == pytest.approx(mj_model.actuator_gainprm[i, 0], rel=1e-6)
        if given.servo[i]:
            assert values[f"{name} position gain"] == pytest.approx(-given.bias[i, 1], rel=1e-6)


def test_identifiable_constants_are_correct(identified):
    model, _, found = identified
    truth = inertias(model.env.mj_model)[model.env.mj_model.body_weldid != 0].ravel()
    bodies = [name in model.labels["bodies"] for name in found.constants.names]
    identifiable, values = found.constants.identifiable[bodies], found.constants.values[bodies]
    np.testing.assert_allclose(values[identifiable], truth[identifiable], atol=1e-5)
    assert not found.constants.identifiable.all()  # of a chain, the data determine only sums


def test_the_table_has_no_standard_error_for_constants_that_are_not_identifiable(identified):
    rows = identified[2].constants.table()
    assert {tuple(row) for row in rows} == {("name", "value", "standard_error", "identifiable")}
    assert all((row["standard_error"] is None) != row["identifiable"] for row in rows)


@pytest.mark.slow
def test_too_few_equations_are_reported(robots):
    model = RigidDynamicsModel(env=robots["double_cart_pole"])
    message = r"equations of .* are free of contacts and joint limits, for \d+ unknown constants: collect more data"
    with pytest.raises(RunError, match=message):
        identify(model, data_of(model.env, n=1, steps=5))


@pytest.mark.slow
def test_motion_without_control_does_not_determine_the_inertia(robots):
    """Its equations have a common factor, and the known gain belongs to an actuator that is never used."""
    env = robots["double_cart_pole"]
    states, actions = env.sample_states(np.random.default_rng(0), 60), np.zeros((60, 60, 1))
    passive = Trajectories(simulate(env, states, actions, "native"), actions)
    with pytest.raises(RunError, match=r"the inertia of `.*` of double_cart_pole cannot be identified from these data"):
        identify(RigidDynamicsModel(env=env), passive)


@pytest.mark.slow
def test_the_true_constant_lies_within_the_standard_errors_of_noisy_data(robots):
    env = robots["double_cart_pole"]
    clean = data_of(env, n=100)
    noise = np.random.default_rng(1).normal(size=clean.states.shape) * np.r_[np.zeros(3), np.full(3, 1e-4)]
    found = identify(RigidDynamicsModel(env=env), Trajectories(clean.states + noise, clean.actions))
    index = found.names.index("slide damping")
    assert 1e-6 < found.errors[index] < 1e-1
    assert abs(found.values[index] - env.mj_model.dof_damping[0]) < 5 * found.errors[index]


def test_the_seed_selects_the_transitions(robots, monkeypatch):
    monkeypatch.setattr("dynax.identification.equations.MAX_EVALUATIONS", 1000)
    model = RigidDynamicsModel(env=robots["pendulum"])
    data = data_of(model.env)
    one, same, other = (identify(model, data, seed).values for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize(("decimation", "integrator"), [(5, "Euler"), (2, "RK4")])
def test_constants_are_found_from_control_steps_of_several_evaluations(decimation, integrator, robots):
    """The states in between are not in the data."""
    env = robots["cart_pole"]
    mjcf = env.mjcf.replace("</mujoco>", f'<option integrator="{integrator}"/></mujoco>')
    model = RigidDynamicsModel(env=dataclasses.replace(env, decimation=decimation, mjcf=mjcf))
    found = identify(model, data_of(model.env, n=12, steps=40))
    with jax.enable_x64(True):
        truth = np.concatenate([constants(model)[name] for name in sorted(model.labels)])
    assert found.identifiable.sum() == 6  # two first moments, the inertia of the pole, two dampings and a gain
    noise = found.errors[found.identifiable].max()  # from the rounding of the data
    assert noise < 1e-10
    np.testing.assert_allclose(found.values[found.identifiable], truth[found.identifiable], rtol=1e-8, atol=3 * noise)


LOOSE = """<mujoco><default><geom contype="0" conaffinity="0"/></default><worldbody>
<body name="box"><freejoint/><geom type="box" size=".1 .2 .3" pos=".05 0 .02"/></body>
<body pos="2 0 0"><joint name="slide" type="slide" damping="1"/><geom size=".1"/></body></worldbody>
<actuator><motor joint="slide" ctrlrange="-1 1"/></actuator></mujoco>"""


@pytest.mark.slow
def test_the_inertia_of_a_flying_body_is_found_with_its_known_scale():
    """The motion of a free body does not depend on the scale of its inertia."""
    model = RigidDynamicsModel(env=MjcfEnv(xml="loose.xml", mjcf=LOOSE))
    found = identify(model, data_of(model.env))
    box = [name.startswith("box ") for name in found.names]
    np.testing.assert_allclose(found.values[box], inertias(model.env.mj_model)[1], rtol=1e-5, atol=1e-6)
    assert found.identifiable[box].all()
