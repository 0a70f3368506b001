"""Simulation: closed forms, C MuJoCo step by step, batches, and diverging trajectories."""

import dataclasses

import mujoco
import numpy as np
import pytest
from simulation_cases import FALL, PENDULUM, TOWED, UNSTABLE, random_inputs, robot

from dynax.data import simulate as module
from dynax.data.simulate import batch_size, diverged, simulate, simulate_rounded

WITH_VISUALS = """
<mujoco><compiler inertiafromgeom="{}"/><worldbody><geom type="plane" size="1 1 .1"/>
<body pos="0 0 .3"><freejoint/><geom size=".1"/><site name="imu"/>
<geom type="box" size=".1 .2 .3" contype="0" conaffinity="0"/></body></worldbody>
<sensor><accelerometer site="imu"/></sensor></mujoco>"""

SENSOR = mujoco.mjtDisableBit.mjDSBL_SENSOR


def test_free_fall_is_the_discrete_parabola():
    env, k = robot(FALL), np.arange(101)
    states = np.array([[1.0, 2.0], [0.0, -3.0]])
    actions = np.stack([np.zeros((100, 1)), np.full((100, 1), 3.0)])
    path = simulate(env, states, actions, "native")
    acceleration = np.array([[-9.81], [-9.81 + 3 / 2]])
    velocity = states[:, 1:] + acceleration * 0.01 * k
    height = states[:, :1] + 0.01 * np.cumsum(np.where(k > 0, velocity, 0), axis=1)
    assert path.dtype == np.float64
    assert path.shape == (2, 101, 2)
    np.testing.assert_allclose(path, np.stack([height, velocity], axis=2), atol=1e-12)


def test_free_fall_by_control_steps_is_the_same_parabola():
    """After the n-th physics step v = v0 + a h n, and z = z0 + v0 h n + a h^2 n (n + 1) / 2."""
    env, n = robot(FALL, decimation=4), 4 * np.arange(26)
    states, thrust = np.array([[1.0, 2.0], [0.0, -3.0]]), np.array([[0.0], [3.0]])
    path = simulate(env, states, np.broadcast_to(thrust[:, None], (2, 25, 1)), "native")
    acceleration = -9.81 + thrust / 2
    velocity = states[:, 1:] + acceleration * 0.01 * n
    height = states[:, :1] + states[:, 1:] * 0.01 * n + acceleration * 0.01**2 * n * (n + 1) / 2
    np.testing.assert_allclose(path, np.stack([height, velocity], axis=2), atol=1e-12)


def test_a_control_step_is_several_physics_steps_with_one_action():
    env = robot(PENDULUM, decimation=5)
    states, actions = random_inputs(env, 3, 20)
    expected = np.empty((3, 21, 2))
    expected[:, 0] = states
    for i in range(3):
        data = mujoco.MjData(env.mj_model)
        data.qpos, data.qvel = np.split(states[i], 2)
        for t in range(20):
            data.ctrl = actions[i, t]
            mujoco.mj_step(env.mj_model, data, nstep=5)
            expected[i, t + 1] = np.concatenate([data.qpos, data.qvel])
    native = simulate(env, states, actions, "native")
    np.testing.assert_array_equal(native, expected)
    np.testing.assert_array_equal(simulate(env, states, actions, "native", batch=2), native)


def test_visual_geoms_are_not_simulated_and_do_not_change_the_motion(every_robot):
    models = every_robot.mj_model, every_robot.sim_model
    in_file, simulated = ((m.geom_contype != 0) | (m.geom_conaffinity != 0) for m in models)
    assert simulated.all()
    assert not in_file.all()
    check_same_motion(every_robot)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("inertia", "geoms"), [("auto", 2), ("true", 3)]
)  # MuJoCo keeps geoms that it needs for the inertia
def test_a_visual_geom_may_have_mass(inertia, geoms):
    env = robot(WITH_VISUALS.format(inertia))
    assert (env.mj_model.ngeom, env.sim_model.ngeom) == (3, geoms)
    assert not env.mj_model.opt.disableflags & SENSOR
    assert env.sim_model.opt.disableflags & SENSOR
    check_same_motion(env)


def check_same_motion(env):
    """Check that the complete model moves identically, bit for bit."""
    states, actions = random_inputs(env, 4, 100)
    path = simulate(env, states, actions, "native")
    assert np.ptp(path, axis=1).max() > 0.01
    complete = dataclasses.replace(env)
    complete.__dict__["sim_model"] = complete.mj_model
    np.testing.assert_array_equal(simulate(complete, states, actions, "native"), path)


def test_small_swings_have_the_period_of_the_physical_pendulum(pendulum):
    model = pendulum.mj_model
    inertia = model.body_inertia[1, 1] + model.body_mass[1] * 0.5**2
    period = 2 * np.pi * np.sqrt(inertia / (9.81 * 0.5))
    angle = simulate(pendulum, np.array([[0.01, 0.0]]), np.zeros((1, 2000, 1)), "native")[0, :, 0]
    down = np.flatnonzero((angle[:-1] > 0) & (angle[1:] <= 0))
    crossing = (down + angle[down] / (angle[down] - angle[down + 1])) * pendulum.dt
    np.testing.assert_allclose(np.diff(crossing), period, rtol=1e-4)


def test_the_batch_size_does_not_change_trajectories(pendulum):
    states, actions = random_inputs(pendulum, 7, 20)
    at_once = simulate(pendulum, states, actions, "native")
    np.testing.assert_array_equal(simulate(pendulum, states, actions, "native", batch=3), at_once)


def test_the_batch_size_is_limited_by_the_buffer(pendulum, monkeypatch):
    monkeypatch.setitem(module.BUFFER_BYTES, "native", 100_000)
    assert batch_size(pendulum, 100, "native") == 100_000 // (100 * 3 * 8)
    assert batch_size(pendulum, 10**9, "native") == 1
    decimated = robot(PENDULUM, decimation=5)
    assert batch_size(decimated, 100, "native") == 100_000 // (500 * 3 * 8)
    assert batch_size(decimated, 100, "mjx") == batch_size(pendulum, 100, "mjx")


@pytest.mark.parametrize("decimation", [1, 5])
def test_the_rounded_simulation_rounds_after_every_physics_step(decimation):
    env = robot(PENDULUM, decimation=decimation)
    states, actions = random_inputs(env, 3, 25)
    data = mujoco.MjData(env.mj_model)
    expected = [states[1].astype(np.float32)]
    for action in np.repeat(actions[1], decimation, axis=0):
        data.qpos, data.qvel = np.split(expected[-1].astype(np.float64), 2)
        data.ctrl = action
        mujoco.mj_step(env.mj_model, data)
        expected.append(np.concatenate([data.qpos, data.qvel]).astype(np.float32))
    path = simulate_rounded(env, states, actions)
    np.testing.assert_array_equal(path[1], np.array(expected[::decimation], np.float64))
    truth = simulate(env, states, actions, "native")
    assert 0 < np.abs(path - truth).max() < 1e-5


@pytest.mark.parametrize("decimation", [1, 3])
@pytest.mark.parametrize("run", [lambda *args: simulate(*args, "native"), simulate_rounded])
def test_a_diverged_trajectory_ends_with_nan_and_leaves_no_log_file(run, decimation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    env = robot(UNSTABLE.replace("-9.81", "0"), "rocket", decimation)
    path = run(env, np.array([[0.0, 0.0], [1.0, 0.0]]), np.zeros((2, 50, 1)))
    assert diverged(path).tolist() == [False, True]
    finite = np.isfinite(path[1]).all(axis=1)
    assert finite[0]
    assert not finite[np.argmin(finite) :].any()
    assert not list(tmp_path.iterdir())
    assert mujoco.get_mju_user_warning() is None


@pytest.mark.parametrize("decimation", [1, 7])
def test_divergence_in_the_only_step_is_detected(decimation):
    path = simulate(robot(UNSTABLE, decimation=decimation), np.array([[1e6, 0.0]]), np.zeros((1, 1, 1)), "native")
    assert diverged(path).all()


def test_the_rounded_simulation_of_all_coordinates_is_close_to_the_exact_simulation():
    env = robot(TOWED, decimation=2)
    states, actions = random_inputs(env, 3, 20)
    exact, rounded = simulate(env, states, actions, "native"), simulate_rounded(env, states, actions)
    np.testing.assert_allclose(env.space.difference(exact, rounded), 0, atol=1e-4)
