"""Energy against closed forms, and the condition that a test conserves energy."""

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
    """Return a ball on a massless rod without damping. It does not touch the floor."""
    mjcf = f"""<mujoco><option timestep="0.01" {option}/><default><geom contype="0" conaffinity="0"/></default>
    <worldbody><geom type="plane" size="1 1 1" pos="0 0 -0.5" conaffinity="1"/>
    <body {body}><joint name="hinge" axis="0 1 0" {joint}/>
    <geom size="0.001" pos="0 0 -{LENGTH}" mass="{MASS}" {geom}/></body></worldbody>
    <actuator>{rest}</actuator></mujoco>"""
    return MjcfEnv(xml="pendulum.xml", mjcf=mjcf)


def closed_form(states):
    """Return the energy of the pendulum, J."""
    angle, rate = states[..., 0], states[..., 1]
    inertia = MASS * (LENGTH**2 + 0.4 * 0.001**2)  # kg m^2, with a small ball
    return 0.5 * inertia * rate**2 - MASS * G * LENGTH * np.cos(angle)


def without_actions(states):
    """Return a test set of states (N, T + 1, 2) without actions."""
    return testset.TestSet(Trajectories(states, np.zeros((len(states), states.shape[1] - 1, 0))), 0)


def test_energies_agree_with_the_closed_form():
    states = np.random.default_rng(0).normal(size=(3, 5, 2)) * [3, 5]
    result = energy.energies(pendulum().mj_model, states)
    assert result.shape == (3, 5, 2)
    np.testing.assert_allclose(result.sum(axis=-1), closed_form(states), rtol=1e-10)
    np.testing.assert_allclose(result[..., 1], closed_form(states) - closed_form(states * [1, 0]), rtol=1e-10)


def test_a_spring_stores_energy():
    result = energy.energies(pendulum(joint='stiffness="3"', option='gravity="0 0 0"').mj_model, np.array([0.5, 0.0]))
    np.testing.assert_allclose(result, [0.5 * 3 * 0.5**2, 0])


def test_the_drift_is_the_change_of_energy_over_the_mean_kinetic_energy():
    rng = np.random.default_rng(0)
    truth, predicted = rng.normal(size=(2, 6, 20, 2)) * [3, 5]
    predicted[2, 7] = np.nan
    steps = [1, 7, 19]
    result = energy.drift(pendulum().mj_model, without_actions(truth), {"model": predicted, "simulator": truth}, steps)
    kinetic = closed_form(truth) - closed_form(truth * [1, 0])
    assert result.unit == pytest.approx(kinetic[:, [0, *steps]].mean())
    for name, states in {"model": predicted, "simulator": truth}.items():
        error = np.abs(closed_form(states) - closed_form(states[:, :1])) / result.unit
        error[np.isnan(error)] = MAX_ERROR
        np.testing.assert_allclose(result.values[name], np.sqrt(np.mean(error**2, axis=0))[steps], rtol=1e-9)
    assert set(result.summary()) == {"model", "simulator"}
    assert result.summary()["model"] == dict(zip(("1", "7", "19"), result.values["model"].tolist(), strict=True))


def test_a_robot_at_rest_has_no_drift():
    rest = np.zeros((2, 5, 2))
    assert energy.drift(pendulum().mj_model, without_actions(rest), {"model": rest}, [1, 4]) is None


@pytest.mark.parametrize(("integrator", "low", "high"), [("RK4", 0, 1e-6), ("Euler", 1e-3, 0.1)])
def test_the_drift_of_the_simulator_depends_on_its_integrator(integrator, low, high):
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
        ({"geom": 'contype="1"'}, "passive", False),  # the ball hits the floor
    ],
)
def test_energy_is_conserved_if_only_gravity_and_springs_act(robot, actions, conserves):
    env = pendulum(**robot)
    test = make_testset(env, 8, 2.0, 0, actions, 0)
    assert energy.conserves_energy(env.mj_model, test) is conserves
    assert (energy.drift(env.mj_model, test, {}, [1]) is not None) is conserves
