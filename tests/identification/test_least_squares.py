"""Identification: constants that enter linearly are found, and what cannot be told apart is said."""

import jax
import numpy as np
import pytest
from inertias import inertias
from marks import slow

from dynax.architectures import RigidDynamicsModel
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.errors import RunError
from dynax.excitations.mixed import Mixed
from dynax.identification import least_squares
from dynax.mjcf.actuation import Actuation
from dynax.training.training_set import normalization_of


def data_of(env, n=60, steps=60):
    rng = np.random.default_rng(0)
    states, actions = env.sample_states(rng, n), Mixed()(rng, n, steps, env.dt, *env.action_bounds)
    return Trajectories(simulate(env, states, actions, "native"), actions)


@pytest.fixture(
    scope="module",
    params=["double_cart_pole", *slow("hopper", "cheetah", "quadruped", "arm")],
)
def identified(request):
    from dynax import envs

    env = envs.make({"name": request.param})
    model, data = RigidDynamicsModel(env=env), data_of(env)
    return model, data, least_squares.identify(model, data)


def test_it_predicts_a_step_as_the_simulator_does(identified):
    model, data, found = identified
    given = normalization_of(model, data)
    variables = dict(model.create(np.zeros(2, np.uint32), given))
    variables["params"] = {**variables["params"], "network": least_squares.parameters(model, found)}
    some = data.states[:, 10], data.actions[:, 10]
    predicted = np.asarray(jax.jit(model.predict)(variables, some[0][:, None], some[1][:, None]))
    error = model.env.space.difference(data.states[:, 11], predicted.astype(np.float64))
    assert np.median(np.abs(error)) < 1e-6
    assert np.abs(error).max() < 2e-3  # of blows, in float32


def test_damping_and_gears_come_out(identified):
    model, _, found = identified
    mj_model, given = model.env.mj_model, Actuation.of(model.env.mj_model)
    values, seen = (dict(zip(found.names, x, strict=True)) for x in (found.values, found.seen))
    for dof, name in enumerate(model.env.space.names):
        rate = given.moment[dof] ** 2 @ -given.bias[:, 2]
        if given.servo[given.moment[dof] != 0].any():  # which damps as the joint does
            assert not seen[f"{name} damping"]
        if mj_model.dof_damping[dof]:
            told = sum(values.get(key, 0.0) for key in (f"{name} damping", f"{name} rate gain"))
            assert told == pytest.approx(mj_model.dof_damping[dof] + rate, rel=1e-6)
        if mj_model.jnt_stiffness[mj_model.dof_jntid[dof]]:
            assert values[f"{name} stiffness"] == pytest.approx(given.stiffness[dof], rel=1e-6)
    for i, name in enumerate(model.env.action_names):
        assert values[f"{name} gain"] == pytest.approx(mj_model.actuator_gainprm[i, 0], rel=1e-6)
        if given.servo[i]:
            assert values[f"{name} position gain"] == pytest.approx(-given.bias[i, 1], rel=1e-6)


def test_what_counts_as_identified_is_right(identified):
    model, _, found = identified
    truth = inertias(model.env.mj_model)[model.env.mj_model.body_weldid != 0].ravel()
    seen = found.seen[[name in model.labels["bodies"] for name in found.names]]
    values = found.values[[name in model.labels["bodies"] for name in found.names]]
    np.testing.assert_allclose(values[seen], truth[seen], atol=1e-5)
    assert not found.seen.all()  # a plane shows no inertia about its own axes; of a chain only sums are felt


def test_too_little_data_is_told(hopper):
    model = RigidDynamicsModel(env=hopper)
    with pytest.raises(RunError, match=r"equations of hopper are free of contacts and stops, for \d+ constants"):
        least_squares.identify(model, data_of(hopper, n=2, steps=5))


def test_what_nothing_drives_tells_of_no_inertia(robots):
    """Its equations have a common factor, and the gain that is told is of an actuator that never acts."""
    env = robots["double_cart_pole"]
    states, actions = env.sample_states(np.random.default_rng(0), 60), np.zeros((60, 60, 1))
    passive = Trajectories(simulate(env, states, actions, "native"), actions)
    with pytest.raises(RunError, match=r"do not tell how hard it is to move `.*` of double_cart_pole"):
        least_squares.identify(RigidDynamicsModel(env=env), passive)


def test_noise_makes_standard_errors_that_cover_the_truth():
    from dynax import envs

    env = envs.make({"name": "double_cart_pole"})
    clean = data_of(env, n=100)
    noise = np.random.default_rng(1).normal(size=clean.states.shape) * np.r_[np.zeros(3), np.full(3, 1e-4)]
    found = least_squares.identify(RigidDynamicsModel(env=env), Trajectories(clean.states + noise, clean.actions))
    values = dict(zip(found.names, zip(found.values, found.errors, strict=True), strict=True))
    value, error = values["slide damping"]
    assert 1e-6 < error < 1e-1
    assert abs(value - env.mj_model.dof_damping[0]) < 5 * error


LOOSE = """<mujoco><default><geom contype="0" conaffinity="0"/></default><worldbody>
<body name="box"><freejoint/><geom type="box" size=".1 .2 .3" pos=".05 0 .02"/></body>
<body pos="2 0 0"><joint name="slide" type="slide" damping="1"/><geom size=".1"/></body></worldbody>
<actuator><motor joint="slide" ctrlrange="-1 1"/></actuator></mujoco>"""


@pytest.mark.slow
def test_the_inertia_of_what_only_flies_is_found_but_for_its_scale():
    """Which is told: whatever the size of its inertia, a body that nothing touches tumbles the same way."""
    model = RigidDynamicsModel(env=MjcfEnv(xml="loose.xml", mjcf=LOOSE))
    found = least_squares.identify(model, data_of(model.env))
    box = [name.startswith("box ") for name in found.names]
    np.testing.assert_allclose(found.values[box], inertias(model.env.mj_model)[1], rtol=1e-5, atol=1e-6)
    assert found.seen[box].all()
