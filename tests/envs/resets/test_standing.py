"""Robots that stand, fall and touch themselves: where they start, and that a step depends on the state alone."""

import mujoco
import numpy as np
import pytest
from mujoco import rollout

from dynax import envs
from dynax.envs import HopperEnv
from dynax.errors import UserError
from dynax.excitations.mixed import Mixed

ROBOTS = ("hopper", "cheetah", "quadruped", "arm")
TIMESTEP = {"hopper": 0.004, "cheetah": 0.004, "quadruped": 0.004, "arm": 0.004}  # s


@pytest.fixture(scope="module", params=ROBOTS)
def robot(request):
    """Each robot in turn."""
    return envs.make({"name": request.param})


@pytest.fixture(scope="module")
def motion(robot):
    """64 trajectories of 200 steps under mixed actions: states (64, 201, nq + nv) and actions (64, 200, nu)."""
    return simulated(robot, 64, np.random.default_rng(0))


def simulated(env, n, rng):
    model = env.mj_model
    states = env.sample_states(rng, n)
    actions = Mixed()(rng, n, 200, model.opt.timestep, *env.action_bounds)
    clock = np.ones((n, 1))  # MuJoCo sets the time to 0 where it gives up on a trajectory
    path, _ = rollout.rollout(model, [mujoco.MjData(model)], np.hstack([clock, states]), actions)
    assert path.shape[-1] == 1 + states.shape[1]
    np.testing.assert_allclose(path[:, -1, 0], 1 + 200 * model.opt.timestep)
    return np.concatenate([states[:, None], path[..., 1:]], axis=1), actions


def placed(env, state, action=0.0):
    """The robot in a state (nq + nv,), with all that follows from it."""
    data = mujoco.MjData(env.mj_model)
    data.qpos[:], data.qvel[:] = np.split(state, [env.mj_model.nq])
    data.ctrl[:] = action
    mujoco.mj_forward(env.mj_model, data)
    return data


def touching(env, data):
    """The names of the geoms of each contact."""
    return {frozenset(env.mj_model.geom(g).name for g in c.geom) for c in data.contact if c.dist < 0}


def test_the_model_has_a_home_a_camera_and_a_short_step(robot):
    model = robot.mj_model
    assert model.key(0).name == "home"
    assert model.camera("side").id == 0
    assert model.opt.timestep == TIMESTEP[robot.name]
    assert robot.semi_implicit
    assert model.actuator_ctrllimited.all()


def test_a_step_depends_on_the_state_alone(robot, motion):
    states, actions = motion
    data, model = mujoco.MjData(robot.mj_model), robot.mj_model
    for i in range(0, 64, 4):
        for t in range(5, 200, 39):
            mujoco.mj_resetData(model, data)
            data.qpos[:], data.qvel[:] = np.split(states[i, t], [model.nq])
            data.ctrl[:] = actions[i, t]
            mujoco.mj_step(model, data)
            np.testing.assert_allclose(np.r_[data.qpos, data.qvel], states[i, t + 1], atol=1e-6)


def test_nothing_starts_inside_anything_else(robot):
    states = robot.sample_states(np.random.default_rng(1), 300)
    assert states.shape == (300, robot.mj_model.nq + robot.mj_model.nv)
    assert states.dtype == np.float64
    assert max(-placed(robot, state).contact.dist.min(initial=0) for state in states) < 1e-3


def test_limited_joints_start_within_their_range(robot):
    model = robot.mj_model
    limited = model.jnt_limited.astype(bool)
    angles = robot.sample_states(np.random.default_rng(1), 300)[:, model.jnt_qposadr[limited]]
    low, high = model.jnt_range[limited].T
    assert ((low - 1e-12 <= angles) & (angles <= high + 1e-12)).all()
    assert (np.ptp(angles, axis=0) > 0.7 * (high - low)).all()


def test_half_of_the_trajectories_start_about_home(robot):
    model = robot.mj_model
    limited = model.jnt_limited.astype(bool)
    address = model.jnt_qposadr[limited]
    states = robot.sample_states(np.random.default_rng(2), 1000)
    near = np.abs(states[:, address] - model.key_qpos[0][address]).max(axis=1) < 4 * robot.home_qpos
    assert 0.45 < near.mean() < 0.58


def test_initial_states_follow_from_the_generator(robot):
    one, same = (robot.sample_states(np.random.default_rng(3), 20) for _ in range(2))
    assert np.array_equal(one, same)


def test_quaternions_start_on_the_unit_sphere(robot):
    model = robot.mj_model
    states = robot.sample_states(np.random.default_rng(1), 50)
    for j in np.flatnonzero(model.jnt_type == mujoco.mjtJoint.mjJNT_FREE):
        start = model.jnt_qposadr[j] + 3
        np.testing.assert_allclose(np.linalg.norm(states[:, start : start + 4], axis=1), 1, rtol=1e-12)


def test_two_hundred_trajectories_are_never_lost(robot):
    states, _ = simulated(robot, 200, np.random.default_rng(5))
    assert np.isfinite(states).all()
    assert np.abs(states).max() < 300


def test_it_touches_the_floor_itself_or_its_box_and_its_stops(robot, motion):
    floor, itself, stop = [], [], []
    for state in motion[0][:, ::20].reshape(-1, motion[0].shape[-1]):
        data = placed(robot, state)
        floor.append(any("floor" in pair for pair in touching(robot, data)))
        itself.append(any("floor" not in pair for pair in touching(robot, data)))
        stop.append(np.any(data.efc_type == mujoco.mjtConstraint.mjCNSTR_LIMIT_JOINT))
    assert np.mean(floor) > 0.2
    assert np.mean(itself) > 0.005
    assert np.mean(stop) > 0.01


def test_every_start_may_be_anywhere_or_at_home():
    home = HopperEnv().mj_model.key_qpos[0][3:]
    anywhere = HopperEnv(wide_share=1.0).sample_states(np.random.default_rng(0), 200)[:, 3:6]
    at_home = HopperEnv(wide_share=0.0).sample_states(np.random.default_rng(0), 200)[:, 3:6]
    assert (anywhere.std(axis=0) > 0.3).all()
    assert np.abs(at_home - home).max() < 0.3


def test_a_share_is_no_more_than_one():
    with pytest.raises(UserError, match=r"env.wide_share=2 is out of range"):
        HopperEnv(wide_share=2.0)


def test_a_robot_that_overlaps_itself_in_every_pose_is_told():
    balloon = '<geom type="sphere" pos="0 0 -.5" size=".6"/>'
    stuck = HopperEnv().mjcf.replace('<body name="thigh">', f'{balloon}<body name="thigh">')
    with pytest.raises(UserError, match="poses of hopper were drawn, and in each something overlaps"):
        HopperEnv(mjcf=stuck).sample_states(np.random.default_rng(0), 1)
