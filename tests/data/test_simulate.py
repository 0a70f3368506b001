"""Simulation against closed forms, C MuJoCo against MJX, and what happens when a simulation explodes."""

import dataclasses
import subprocess
import sys

import mujoco
import numpy as np
import pytest

from dynax.data import simulate
from dynax.data.simulate import resolve_backend, simulate_rounded
from dynax.envs import MjcfEnv
from dynax.errors import UserError

FALL = """
<mujoco><option timestep="0.01" gravity="0 0 -9.81"/><worldbody><body><joint name="z" type="slide" axis="0 0 1"/>
<geom size=".1" mass="2"/></body></worldbody><actuator><motor joint="z" ctrlrange="-5 5"/></actuator></mujoco>"""

PENDULUM = """
<mujoco><option timestep="0.002"/><worldbody><body><joint name="hinge" axis="0 1 0"/>
<geom type="capsule" fromto="0 0 0 0 0 -1" size=".03" mass="1"/></body></worldbody>
<actuator><motor joint="hinge"/></actuator></mujoco>"""

SHOWN = """
<mujoco><compiler inertiafromgeom="{}"/><worldbody><geom type="plane" size="1 1 .1"/>
<body pos="0 0 .3"><freejoint/><geom size=".1"/><site name="imu"/>
<geom type="box" size=".1 .2 .3" contype="0" conaffinity="0"/></body></worldbody>
<sensor><accelerometer site="imu"/></sensor></mujoco>"""

SENSOR = mujoco.mjtDisableBit.mjDSBL_SENSOR
UNSTABLE = FALL.replace('axis="0 0 1"', 'axis="0 0 1" stiffness="-1e7"')


def robot(mjcf: str, name: str = "toy", decimation: int = 1) -> MjcfEnv:
    return MjcfEnv(xml=f"{name}.xml", mjcf=mjcf, decimation=decimation)


@pytest.fixture(scope="module")
def pendulum() -> MjcfEnv:
    return robot(PENDULUM)


def some(env, n, steps, seed=0):
    rng = np.random.default_rng(seed)
    low, high = env.action_bounds
    return env.sample_states(rng, n), rng.uniform(low, high, (n, steps, env.action_dim))


def test_free_fall_is_the_discrete_parabola():
    env, k = robot(FALL), np.arange(101)
    states = np.array([[1.0, 2.0], [0.0, -3.0]])
    actions = np.stack([np.zeros((100, 1)), np.full((100, 1), 3.0)])
    path = simulate.simulate(env, states, actions, "native")
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
    path = simulate.simulate(env, states, np.broadcast_to(thrust[:, None], (2, 25, 1)), "native")
    acceleration = -9.81 + thrust / 2
    velocity = states[:, 1:] + acceleration * 0.01 * n
    height = states[:, :1] + states[:, 1:] * 0.01 * n + acceleration * 0.01**2 * n * (n + 1) / 2
    np.testing.assert_allclose(path, np.stack([height, velocity], axis=2), atol=1e-12)


def test_a_control_step_is_several_steps_of_mujoco_under_one_control():
    env = robot(PENDULUM, decimation=5)
    states, actions = some(env, 3, 20)
    expected = np.empty((3, 21, 2))
    expected[:, 0] = states
    for i in range(3):
        data = mujoco.MjData(env.mj_model)
        data.qpos, data.qvel = np.split(states[i], 2)
        for t in range(20):
            data.ctrl = actions[i, t]
            mujoco.mj_step(env.mj_model, data, nstep=5)
            expected[i, t + 1] = np.concatenate([data.qpos, data.qvel])
    native = simulate.simulate(env, states, actions, "native")
    np.testing.assert_array_equal(native, expected)
    np.testing.assert_array_equal(simulate.simulate(env, states, actions, "native", batch=2), native)
    np.testing.assert_allclose(simulate.simulate(env, states, actions, "mjx"), native, atol=2e-5)


def test_what_is_only_looked_at_is_not_simulated_and_changes_nothing(every_robot):
    models = every_robot.mj_model, every_robot.simulated
    shown, touching = ((m.geom_contype != 0) | (m.geom_conaffinity != 0) for m in models)
    assert touching.all()
    assert not shown.all()
    check_same_motion(every_robot)


@pytest.mark.parametrize(("inertia", "geoms"), [("auto", 2), ("true", 3)])  # MuJoCo does not discard what must be there
def test_what_is_only_looked_at_may_have_mass(inertia, geoms):
    env = robot(SHOWN.format(inertia))
    assert (env.mj_model.ngeom, env.sim_model.ngeom) == (3, geoms)
    assert not env.mj_model.opt.disableflags & SENSOR
    assert env.sim_model.opt.disableflags & SENSOR
    check_same_motion(env)


def check_same_motion(env):
    """The robot moves as it does with all that its MJCF shows, to the bit."""
    states, actions = some(env, 4, 100)
    path = simulate.simulate(env, states, actions, "native")
    assert np.ptp(path, axis=1).max() > 0.01
    whole = dataclasses.replace(env)
    whole.__dict__["simulated"] = whole.mj_model
    np.testing.assert_array_equal(simulate.simulate(whole, states, actions, "native"), path)


def test_small_swings_have_the_period_of_the_physical_pendulum(pendulum):
    model = pendulum.mj_model
    inertia = model.body_inertia[1, 1] + model.body_mass[1] * 0.5**2
    period = 2 * np.pi * np.sqrt(inertia / (9.81 * 0.5))
    angle = simulate.simulate(pendulum, np.array([[0.01, 0.0]]), np.zeros((1, 2000, 1)), "native")[0, :, 0]
    down = np.flatnonzero((angle[:-1] > 0) & (angle[1:] <= 0))
    crossing = (down + angle[down] / (angle[down] - angle[down + 1])) * pendulum.dt
    np.testing.assert_allclose(np.diff(crossing), period, rtol=1e-4)


def test_batches_do_not_show(pendulum):
    states, actions = some(pendulum, 7, 20)
    whole = simulate.simulate(pendulum, states, actions, "native")
    np.testing.assert_array_equal(simulate.simulate(pendulum, states, actions, "native", batch=3), whole)


def test_batch_size_is_bounded_by_the_buffer(pendulum, monkeypatch):
    monkeypatch.setitem(simulate.BUFFER, "native", 100_000)
    assert simulate.batch_size(pendulum, 100, "native") == 100_000 // (100 * 3 * 8)
    assert simulate.batch_size(pendulum, 10**9, "native") == 1
    decimated = robot(PENDULUM, decimation=5)
    assert simulate.batch_size(decimated, 100, "native") == 100_000 // (500 * 3 * 8)
    assert simulate.batch_size(decimated, 100, "mjx") == simulate.batch_size(pendulum, 100, "mjx")


def test_mjx_agrees_with_c_mujoco_and_fills_up_its_last_batch(pendulum):
    states, actions = some(pendulum, 5, 30)
    native = simulate.simulate(pendulum, states, actions, "native")
    mjx = simulate.simulate(pendulum, states, actions, "mjx", batch=4)
    assert mjx.dtype == np.float32
    np.testing.assert_allclose(mjx, native, atol=2e-5)
    lost = np.where(np.arange(5)[:, None] == 1, np.inf, states)
    diverged = simulate.diverged(simulate.simulate(pendulum, lost, actions, "mjx", batch=4))
    assert diverged.tolist() == [False, True, False, False, False]


@pytest.mark.parametrize("decimation", [1, 5])
def test_rounded_rounds_after_every_physics_step(decimation):
    env = robot(PENDULUM, decimation=decimation)
    states, actions = some(env, 3, 25)
    data = mujoco.MjData(env.mj_model)
    expected = [states[1].astype(np.float32)]
    for action in np.repeat(actions[1], decimation, axis=0):
        data.qpos, data.qvel = np.split(expected[-1].astype(np.float64), 2)
        data.ctrl = action
        mujoco.mj_step(env.mj_model, data)
        expected.append(np.concatenate([data.qpos, data.qvel]).astype(np.float32))
    path = simulate_rounded(env, states, actions)
    np.testing.assert_array_equal(path[1], np.array(expected[::decimation], np.float64))
    truth = simulate.simulate(env, states, actions, "native")
    assert 0 < np.abs(path - truth).max() < 1e-5


@pytest.mark.parametrize("decimation", [1, 3])
@pytest.mark.parametrize("run", [lambda *a: simulate.simulate(*a, "native"), simulate_rounded])
def test_a_lost_trajectory_is_nan_from_there_on_and_leaves_no_log(run, decimation, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    env = robot(UNSTABLE.replace("-9.81", "0"), "rocket", decimation)
    path = run(env, np.array([[0.0, 0.0], [1.0, 0.0]]), np.zeros((2, 50, 1)))
    assert simulate.diverged(path).tolist() == [False, True]
    finite = np.isfinite(path[1]).all(axis=1)
    assert finite[0]
    assert not finite[np.argmin(finite) :].any()
    assert not list(tmp_path.iterdir())
    assert mujoco.get_mju_user_warning() is None


@pytest.mark.parametrize("decimation", [1, 7])
def test_divergence_in_the_only_step_is_noticed(decimation):
    path = simulate.simulate(
        robot(UNSTABLE, decimation=decimation), np.array([[1e6, 0.0]]), np.zeros((1, 1, 1)), "native"
    )
    assert simulate.diverged(path).all()


def test_backend_is_native_without_a_gpu_and_jax_is_not_imported():
    code = """if True:
        import sys
        from dynax.envs import MjcfEnv
        from dynax.data.simulate import resolve_backend
        mjcf = "<mujoco><worldbody><body><joint/><geom size='1'/></body></worldbody></mujoco>"
        env = MjcfEnv(xml="toy.xml", mjcf=mjcf)
        assert resolve_backend("native", env) == "native"
        assert "jax" not in sys.modules, "jax was imported"
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_backend_follows_the_gpu_and_the_robot(monkeypatch, caplog):
    refused = robot(FALL.replace("<option", '<option solver="PGS"'), "odd")
    with pytest.raises(UserError, match=r"collect\.backend=mjx cannot simulate odd: .*PGS"):
        resolve_backend("mjx", refused)
    monkeypatch.setattr(simulate, "_has_gpu", lambda: False)
    assert resolve_backend("auto", refused) == "native"
    assert not caplog.records
    monkeypatch.setattr(simulate, "_has_gpu", lambda: True)
    assert resolve_backend("auto", refused) == "native"
    assert "MJX cannot simulate odd" in caplog.text
    assert "PGS" in caplog.text


def test_backend_is_mjx_on_a_gpu(monkeypatch, pendulum, capfd):
    monkeypatch.setattr(simulate, "_has_gpu", lambda: True)
    assert resolve_backend("auto", pendulum) == resolve_backend("mjx", pendulum) == "mjx"
    assert not capfd.readouterr().out


TOWED = """<mujoco><option timestep="0.002" gravity="0 0 0"/>
<default><geom contype="0" conaffinity="0"/><joint damping=".1"/></default><worldbody>
<body name="hand" mocap="true" pos="0 0 1"><geom size=".02"/></body>
<body name="load" pos="0 0 1"><freejoint/><geom size=".1" mass="1"/>
<body><joint name="wrist" type="ball"/><geom type="capsule" fromto="0 0 0 .4 0 0" size=".03" mass=".5"/>
<body pos=".4 0 0"><joint name="finger" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 .2 0 0" size=".02" mass=".5"/>
</body></body></body></worldbody>
<equality><weld body1="load" body2="hand" solref=".1 1"/></equality>
<actuator><general name="muscle" joint="finger" dyntype="filter" dynprm=".05" gainprm="1"/></actuator></mujoco>"""


def test_the_pose_of_a_mocap_body_is_an_input_behind_the_controls():
    env = robot(TOWED)
    assert env.action_names == ("muscle", "hand x", "hand y", "hand z", "hand qw", "hand qx", "hand qy", "hand qz")
    low, high = env.action_bounds
    np.testing.assert_allclose((low + high) / 2, [0, 0, 0, 1, 1, 0, 0, 0])
    np.testing.assert_allclose(high[1:4] - low[1:4], 0.2)


def still(env, n, steps):
    """The robot at rest (n, S), with the hand where it stands (n, steps, A)."""
    low, high = env.action_bounds
    return np.tile(env.space.home, (n, 1)), np.tile((low + high) / 2, (n, steps, 1))


def test_a_robot_follows_the_mocap_body_that_it_is_tied_to():
    env = robot(TOWED)
    states, actions = still(env, 2, 1500)
    actions[1, :, 1:4] += [0.1, 0, 0.05]
    actions[1, :, 4:] = [np.cos(0.2), 0, 0, np.sin(0.2)]  # 0.4 rad about z
    paths = simulate.simulate(env, states, actions, "native")
    held, moved = env.space.positions(paths)[:, -1, :6] - env.space.home[[0, 1, 2, 4, 5, 6]]
    np.testing.assert_allclose(held, 0, atol=1e-6)
    np.testing.assert_allclose(moved, [0.1, 0, 0.05, 0, 0, 0.4], atol=0.01)


def test_an_activation_follows_its_control_as_its_filter_has_it():
    env = robot(TOWED)
    states, actions = still(env, 1, 100)
    actions[..., 0] = 1
    [found] = env.space.act(simulate.simulate(env, states, actions, "native"))[..., 0]
    np.testing.assert_allclose(found, 1 - (1 - 0.002 / 0.05) ** np.arange(101), atol=1e-12)


@pytest.mark.slow
def test_ball_joints_activations_and_mocap_bodies_move_as_mjx_moves_them():
    """By a point, not a weld: with the orientation of a weld MJX 3.17 is not C MuJoCo."""
    weld = '<weld body1="load" body2="hand" solref=".1 1"/>'
    assert weld in TOWED
    env = robot(TOWED.replace(weld, '<connect body1="load" body2="hand" anchor="0 0 0" solref=".1 1"/>'))
    states, actions = some(env, 3, 20)
    native = simulate.simulate(env, states.astype(np.float32), actions.astype(np.float32), "native")
    mjx = simulate.simulate(env, states, actions, "mjx")
    np.testing.assert_allclose(env.space.difference(native, mjx.astype(float)), 0, atol=1e-5 * np.abs(native).max())


def test_the_rounded_simulation_of_any_state_is_near_the_exact_one():
    env = robot(TOWED, decimation=2)
    states, actions = some(env, 3, 20)
    exact, rounded = simulate.simulate(env, states, actions, "native"), simulate_rounded(env, states, actions)
    np.testing.assert_allclose(env.space.difference(exact, rounded), 0, atol=1e-4)
