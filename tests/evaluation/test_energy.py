"""Energy against closed forms, and what counts as a test that conserves it."""

import numpy as np
import pytest

from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.evaluation import energy, testset
from dynax.evaluation.metrics import MAX_ERROR
from dynax.evaluation.testset import make_testset

MOTOR, SERVO = '<motor joint="hinge" ctrlrange="-1 1"/>', '<position joint="hinge" kp="3"/>'
MASS, LENGTH, G = 2.0, 0.7, 9.81  # kg, m, m/s^2


def pendulum(joint="", body="", option="", rest="", geom=""):
    """A ball on a massless rod, which nothing slows down; the floor does not touch it."""
    mjcf = f"""<mujoco><option timestep="0.01" {option}/><default><geom contype="0" conaffinity="0"/></default>
    <worldbody><geom type="plane" size="1 1 1" pos="0 0 -0.5" conaffinity="1"/>
    <body {body}><joint name="hinge" axis="0 1 0" {joint}/>
    <geom size="0.001" pos="0 0 -{LENGTH}" mass="{MASS}" {geom}/></body></worldbody>
    <actuator>{rest}</actuator></mujoco>"""
    return MjcfEnv(xml="pendulum.xml", mjcf=mjcf)


def closed_form(states):
    """Energy of the pendulum, J."""
    angle, rate = states[..., 0], states[..., 1]
    inertia = MASS * (LENGTH**2 + 0.4 * 0.001**2)  # kg m^2, of a small ball
    return 0.5 * inertia * rate**2 - MASS * G * LENGTH * np.cos(angle)


def still(states):
    """A test set of states (N, T + 1, 2) without actions."""
    return testset.TestSet(Trajectories(states, np.zeros((len(states), states.shape[1] - 1, 0))), 0)


def test_energies_are_those_of_the_closed_form():
    states = np.random.default_rng(0).normal(size=(3, 5, 2)) * [3, 5]
    found = energy.energies(pendulum().mj_model, states)
    assert found.shape == (3, 5, 2)
    np.testing.assert_allclose(found.sum(axis=-1), closed_form(states), rtol=1e-10)
    np.testing.assert_allclose(found[..., 1], closed_form(states) - closed_form(states * [1, 0]), rtol=1e-10)


def test_a_spring_stores_energy():
    found = energy.energies(pendulum(joint='stiffness="3"', option='gravity="0 0 0"').mj_model, np.array([0.5, 0.0]))
    np.testing.assert_allclose(found, [0.5 * 3 * 0.5**2, 0])


def test_the_drift_is_the_change_of_energy_over_the_mean_kinetic_energy():
    rng = np.random.default_rng(0)
    truth, predicted = rng.normal(size=(2, 6, 20, 2)) * [3, 5]
    predicted[2, 7] = np.nan
    steps = [1, 7, 19]
    found = energy.drift(pendulum().mj_model, still(truth), {"model": predicted, "simulator": truth}, steps)
    kinetic = closed_form(truth) - closed_form(truth * [1, 0])
    assert found.unit == pytest.approx(kinetic[:, [0, *steps]].mean())
    for name, states in {"model": predicted, "simulator": truth}.items():
        error = np.abs(closed_form(states) - closed_form(states[:, :1])) / found.unit
        error[np.isnan(error)] = MAX_ERROR
        np.testing.assert_allclose(found.values[name], np.sqrt(np.mean(error**2, axis=0))[steps], rtol=1e-9)
    assert set(found.figures()) == {"model", "simulator"}
    assert found.figures()["model"] == dict(zip(("1", "7", "19"), found.values["model"].tolist(), strict=True))


def test_what_stands_still_has_no_drift():
    rest = np.zeros((2, 5, 2))
    assert energy.drift(pendulum().mj_model, still(rest), {"model": rest}, [1, 4]) is None


@pytest.mark.parametrize(("integrator", "low", "high"), [("RK4", 0, 1e-6), ("Euler", 1e-3, 0.1)])
def test_the_simulator_drifts_as_its_integrator_does(integrator, low, high):
    env = pendulum(option=f'integrator="{integrator}"')
    test = make_testset(env, 8, 2.0, 0, "passive", 0)
    assert low <= energy.drift(env.mj_model, test, {"simulator": test.truth}, [100]).values["simulator"][0] < high


@pytest.mark.parametrize(
    ("robot", "actions", "conserves"),
    [
        ({}, "piecewise_constant", True),
        ({"rest": MOTOR}, "passive", True),
        ({"rest": MOTOR}, "piecewise_constant", False),
        ({"rest": SERVO}, "passive", False),
        ({"joint": 'stiffness="2"'}, "passive", True),
        ({"joint": 'damping="1e-6"'}, "passive", False),
        ({"joint": 'frictionloss="1e-6"'}, "passive", False),
        ({"joint": 'limited="true" range="-30 30"'}, "passive", False),
        ({"joint": 'limited="true" range="-3600 3600"'}, "passive", True),  # never reached
        ({"body": 'gravcomp="0.5"'}, "passive", False),
        ({"option": 'viscosity="1"'}, "passive", False),
        ({"geom": 'contype="1"'}, "passive", False),  # it hits the floor
    ],
)
def test_energy_is_conserved_where_gravity_and_springs_alone_act(robot, actions, conserves):
    env = pendulum(**robot)
    test = make_testset(env, 8, 2.0, 0, actions, 0)
    assert energy.conserved(env.mj_model, test) is conserves
    assert (energy.drift(env.mj_model, test, {}, [1]) is not None) is conserves
