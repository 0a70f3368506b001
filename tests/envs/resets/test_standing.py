"""The standing reset: no interpenetration, the shares of home and wide states, and errors."""

import mujoco
import numpy as np
import pytest
from mujoco import rollout

from dynax import envs
from dynax.envs import Env, HopperEnv, StandingReset
from dynax.errors import UserError
from dynax.excitations.mixed import Mixed

ROBOTS = ("hopper", "cheetah", "quadruped", "arm")
TIMESTEP = {"hopper": 0.004, "cheetah": 0.004, "quadruped": 0.004, "arm": 0.004}  # s


@pytest.fixture(scope="module", params=ROBOTS)
def robot(request):
    """Each robot with contacts."""
    return envs.make({"name": request.param})


@pytest.fixture(scope="module")
def motion(robot):
    """Return states (64, 201, nq + nv) and actions (64, 200, nu) of trajectories under mixed actions."""
    return simulated(robot, 64, np.random.default_rng(0))


def simulated(env, n, rng):
    model = env.mj_model
    states = env.sample_states(rng, n)
    actions = Mixed()(rng, n, 200, model.opt.timestep, *env.action_bounds)
    time = np.ones((n, 1))  # MuJoCo resets the time to 0 if a trajectory diverges
    path, _ = rollout.rollout(model, [mujoco.MjData(model)], np.hstack([time, states]), actions)
    assert path.shape[-1] == 1 + states.shape[1]
    np.testing.assert_allclose(path[:, -1, 0], 1 + 200 * model.opt.timestep)
    return np.concatenate([states[:, None], path[..., 1:]], axis=1), actions


def data_of(env, state, action=0.0):
    """Return the MjData of a state (nq + nv,) after mj_forward."""
    data = mujoco.MjData(env.mj_model)
    data.qpos[:], data.qvel[:] = np.split(state, [env.mj_model.nq])
    data.ctrl[:] = action
    mujoco.mj_forward(env.mj_model, data)
    return data


def touching(env, data):
    """Return the names of the two geoms of each contact."""
    return {frozenset(env.mj_model.geom(g).name for g in c.geom) for c in data.contact if c.dist < 0}


def test_the_model_has_a_home_a_camera_and_a_short_step(robot):
    model = robot.mj_model
    assert model.key(0).name == "home"
    assert model.camera("side").id == 0
    assert model.opt.timestep == TIMESTEP[robot.name]
    assert robot.semi_implicit
    assert model.actuator_ctrllimited.all()


def test_a_step_depends_only_on_the_state(robot, motion):
    states, actions = motion
    data, model = mujoco.MjData(robot.mj_model), robot.mj_model
    for i in range(0, 64, 4):
        for t in range(5, 200, 39):
            mujoco.mj_resetData(model, data)
            data.qpos[:], data.qvel[:] = np.split(states[i, t], [model.nq])
            data.ctrl[:] = actions[i, t]
            mujoco.mj_step(model, data)
            np.testing.assert_allclose(np.r_[data.qpos, data.qvel], states[i, t + 1], atol=1e-6)


@pytest.mark.slow
def test_initial_states_have_no_interpenetration(robot):
    states = robot.sample_states(np.random.default_rng(1), 300)
    assert states.shape == (300, robot.mj_model.nq + robot.mj_model.nv)
    assert states.dtype == np.float64
    assert max(-data_of(robot, state).contact.dist.min(initial=0) for state in states) < 1e-3


def test_limited_joints_start_within_their_range(robot):
    model = robot.mj_model
    limited = model.jnt_limited.astype(bool)
    angles = robot.sample_states(np.random.default_rng(1), 300)[:, model.jnt_qposadr[limited]]
    low, high = model.jnt_range[limited].T
    assert ((low - 1e-12 <= angles) & (angles <= high + 1e-12)).all()
    assert (np.ptp(angles, axis=0) > 0.7 * (high - low)).all()


@pytest.mark.slow
def test_half_of_the_initial_states_are_around_the_home_pose(robot):
    model = robot.mj_model
    limited = model.jnt_limited.astype(bool)
    address = model.jnt_qposadr[limited]
    states = robot.sample_states(np.random.default_rng(2), 1000)
    around_home = np.abs(states[:, address] - model.key_qpos[0][address]).max(axis=1) < 4 * robot.reset.home_qpos
    assert 0.45 < around_home.mean() < 0.58


def test_initial_states_are_determined_by_the_generator(robot):
    one, same = (robot.sample_states(np.random.default_rng(3), 20) for _ in range(2))
    assert np.array_equal(one, same)


def test_quaternions_have_unit_length(robot):
    model = robot.mj_model
    states = robot.sample_states(np.random.default_rng(1), 50)
    for j in np.flatnonzero(model.jnt_type == mujoco.mjtJoint.mjJNT_FREE):
        start = model.jnt_qposadr[j] + 3
        np.testing.assert_allclose(np.linalg.norm(states[:, start : start + 4], axis=1), 1, rtol=1e-12)


@pytest.mark.slow
def test_two_hundred_trajectories_do_not_diverge(robot):
    states, _ = simulated(robot, 200, np.random.default_rng(5))
    assert np.isfinite(states).all()
    assert np.abs(states).max() < 300


@pytest.mark.slow
def test_trajectories_contain_contacts_and_joint_limits(robot, motion):
    floor, itself, stop = [], [], []
    for state in motion[0][:, ::20].reshape(-1, motion[0].shape[-1]):
        data = data_of(robot, state)
        floor.append(any("floor" in pair for pair in touching(robot, data)))
        itself.append(any("floor" not in pair for pair in touching(robot, data)))
        stop.append(np.any(data.efc_type == mujoco.mjtConstraint.mjCNSTR_LIMIT_JOINT))
    assert np.mean(floor) > 0.2
    assert np.mean(itself) > 0.005
    assert np.mean(stop) > 0.01


def test_all_initial_states_may_be_wide_or_around_the_home_pose():
    home = HopperEnv().mj_model.key_qpos[0][3:]
    wide = HopperEnv(reset=StandingReset(wide_share=1.0)).sample_states(np.random.default_rng(0), 200)[:, 3:6]
    at_home = HopperEnv(reset=StandingReset(wide_share=0.0)).sample_states(np.random.default_rng(0), 200)[:, 3:6]
    assert (wide.std(axis=0) > 0.3).all()
    assert np.abs(at_home - home).max() < 0.3


def test_the_share_is_at_most_one():
    with pytest.raises(UserError, match=r"^wide_share=2 is out of range"):
        StandingReset(wide_share=2.0)


def test_a_robot_that_overlaps_itself_in_every_pose_is_an_error():
    balloon = '<geom type="sphere" pos="0 0 -.5" size=".6"/>'
    stuck = HopperEnv().mjcf.replace('<body name="thigh">', f'{balloon}<body name="thigh">')
    with pytest.raises(
        UserError, match=r"^reset=standing finds no initial state .* the geoms `.*` overlap by \d+\.\d mm"
    ):
        HopperEnv(mjcf=stuck).sample_states(np.random.default_rng(0), 1)


WALKER = """<mujoco><worldbody>{floor}<body name="trunk" pos="0 0 2"><freejoint/><geom size=".1 .1 .05" type="box"/>
<body pos=".05 0 -.05"><joint name="hip" axis="0 1 0" range="-60 60"/>
<geom type="capsule" fromto="0 0 0 0 0 -.3" size=".02"/></body></body></worldbody></mujoco>"""
FLOORS = {
    "plane": '<geom name="floor" type="plane" size="1 1 1" pos="0 0 .3"/>',
    "box": '<geom name="floor" type="box" size="9 9 .3"/>',
}


def lowest_gap(env, state):
    """Return the distance between the robot and the floor, m."""
    model, data = env.mj_model, data_of(env, state)
    robot = [g for g in range(model.ngeom) if model.geom_bodyid[g]]
    return min(mujoco.mj_geomDistance(model, data, model.geom("floor").id, g, 10, None) for g in robot)


@pytest.mark.parametrize("floor", FLOORS)
def test_a_robot_without_keyframes_stands_on_any_floor(floor):
    env = Env(WALKER.format(floor=FLOORS[floor]), reset=StandingReset(home_drop=0.02, wide_drop=0.02))
    states = env.sample_states(np.random.default_rng(0), 40)
    gaps = np.array([lowest_gap(env, state) for state in states])
    assert (gaps >= -1e-9).all()
    assert (gaps <= 0.02 + 1e-9).all()


def test_a_robot_without_a_floor_keeps_its_height():
    env = Env(WALKER.format(floor=""), reset=StandingReset(wide_share=0.0, home_qpos=0.0))
    assert (env.sample_states(np.random.default_rng(0), 4)[:, 2] == 2).all()


def test_the_noise_shrinks_if_wide_poses_always_overlap():
    """Two geoms of the same robot that overlap outside of a narrow range around the home pose."""
    capsule = '<geom type="capsule" fromto="0 0 0 0 0 1" size=".1"/>'
    link = f'<body pos="{{x}} 0 0"><joint axis="0 1 0" range="-170 170"/>{capsule}</body>'
    walls = '<geom type="plane" size="1 1 1" zaxis="1 0 0" pos="-.12 0 0"/>'
    env = Env(
        f"<mujoco><worldbody>{walls}{link.format(x=0)}{link.format(x=0.25)}{link.format(x=0.5)}</worldbody></mujoco>",
        reset=StandingReset(wide_share=1.0, wide_rate=0.0),
    )
    states = env.sample_states(np.random.default_rng(0), 20)
    assert all(data_of(env, state).contact.dist.min(initial=0.0) > -1e-3 for state in states)
