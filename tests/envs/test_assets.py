"""The MJCF files of the classics: their physical parameters, in C MuJoCo and in MJX."""

from pathlib import Path

import mujoco
import numpy as np
import pytest

import dynax.envs
from dynax.data.simulate import diverged, simulate
from dynax.data.source import TrajectorySource
from dynax.excitations.mixed import Mixed
from dynax.excitations.piecewise_constant import PiecewiseConstant

ASSETS = Path(dynax.envs.__file__).parent / "assets"
TIMESTEP = {  # s
    "pendulum": 0.02,
    "cart_pole": 0.01,
    "double_cart_pole": 0.01,
    "acrobot": 0.01,
    "three_link": 0.01,
    "nerd_cartpole": 1 / 300,
}
ROBOTS = tuple(TIMESTEP)
RAIL = {"cart_pole": 1.8, "double_cart_pole": 3.8}  # joint limits of the cart, m
POLES = {
    "pendulum": ["pole"],
    "cart_pole": ["pole"],
    "double_cart_pole": ["pole_1", "pole_2"],
    "acrobot": ["upper", "lower"],
    "three_link": ["link_1", "link_2", "link_3"],
    "nerd_cartpole": ["pole"],
}


def load(name: str) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_path(str(ASSETS / f"{name}.xml"))


def mass_matrix(model, qpos):
    """Return the mass matrix (nv, nv) in a pose."""
    data, full = mujoco.MjData(model), np.zeros((model.nv, model.nv))
    data.qpos[:] = qpos
    mujoco.mj_forward(model, data)
    mujoco.mj_fullM(model, data, full)
    return full


def energies(model, states):
    """Return the potential and kinetic energy (n, 2) of states (n, nq + nv), J."""
    data, energy = mujoco.MjData(model), []
    for state in states:
        data.qpos[:], data.qvel[:] = np.split(state, 2)
        mujoco.mj_forward(model, data)
        mujoco.mj_energyPos(model, data)
        mujoco.mj_energyVel(model, data)
        energy.append(data.energy.copy())
    return np.array(energy)


def push(model, action, seconds):
    """Return joint angles (T, nq) from rest under a constant action."""
    data, angles = mujoco.MjData(model), []
    data.ctrl[:] = action
    for _ in range(round(seconds / model.opt.timestep)):
        mujoco.mj_step(model, data)
        angles.append(data.qpos.copy())
    return np.array(angles)


@pytest.mark.parametrize("name", ROBOTS)
def test_every_robot_is_semi_implicit_without_contacts_and_hangs_at_rest(name):
    model = load(name)
    assert model.opt.timestep == TIMESTEP[name]
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_EULER
    assert not model.geom_contype.any()
    assert not model.geom_conaffinity.any()
    assert model.actuator_ctrlrange.tolist() == [[-1, 1]] * (3 if name == "three_link" else 1)
    assert np.abs(push(model, 0.0, 1.0)).max() < 1e-12
    displaced = mujoco.MjData(model)
    displaced.qpos[-1] = 0.3
    mujoco.mj_forward(model, displaced)
    assert displaced.qacc[-1] < 0  # gravity accelerates towards 0, the bottom


@pytest.mark.parametrize("name", RAIL)
def test_cart_poles_have_their_masses_lengths_and_limits(name):
    model = load(name)
    assert model.body("cart").mass == pytest.approx(1.0)
    slide = model.joint("slide")
    assert slide.range.tolist() == [-RAIL[name], RAIL[name]]
    assert model.jnt_solref[slide.id].tolist() == [0.08, 1]
    assert model.dof_damping.tolist() == [1e-4] * model.nv
    assert model.actuator("push").gear[0] == 10
    for pole in POLES[name]:
        geom = model.geom(pole)
        assert geom.type[0] == mujoco.mjtGeom.mjGEOM_CAPSULE
        assert geom.size[:2].tolist() == [0.045, 0.5]  # radius and half length, m
        assert model.body(pole).mass == pytest.approx(0.1)
        assert not model.jnt_limited[model.body(pole).jntadr[0]]


def test_the_second_pole_of_the_double_cart_pole_hangs_at_the_end_of_the_first():
    model = load("double_cart_pole")
    assert model.body("pole_2").pos[[0, 2]].tolist() == [0, -1]
    assert [model.joint(i).name for i in range(3)] == ["slide", "hinge_1", "hinge_2"]


def test_the_pendulum_swings_up_by_pumping_but_not_in_one_push():
    model = load("pendulum")
    assert np.abs(push(model, 1.0, 20.0)).max() < np.pi / 2
    data, highest = mujoco.MjData(model), 0.0
    for _ in range(round(20 / model.opt.timestep)):
        data.ctrl[:] = 1.0 if data.qvel[0] >= 0 else -1.0
        mujoco.mj_step(model, data)
        highest = max(highest, abs(data.qpos[0]))
    assert highest > np.pi


def test_the_acrobot_has_its_masses_and_lengths_and_a_motor_at_the_elbow():
    model, rng = load("acrobot"), np.random.default_rng(0)
    assert [model.joint(i).name for i in range(2)] == ["shoulder", "elbow"]
    assert model.actuator_trnid[:, 0].tolist() == [1]
    assert model.actuator("torque").gear[0] == 5
    assert not model.jnt_limited.any()
    assert model.dof_damping.tolist() == [0.05] * 2
    length, half, mass, inertia = 1.0, 0.5, 1.0, model.body_inertia[1:, 1]  # m, m, kg, kg m^2
    for angle in rng.uniform(-np.pi, np.pi, 5):
        lower = inertia[1] + mass * half**2
        mixed = lower + mass * length * half * np.cos(angle)
        upper = inertia[0] + mass * half**2 + mass * length**2 + 2 * mixed - lower
        wanted = [[upper, mixed], [mixed, lower]]
        np.testing.assert_allclose(mass_matrix(model, [rng.uniform(-np.pi, np.pi), angle]), wanted, rtol=1e-12)


def test_the_three_link_arm_has_its_motors_armature_damping_and_joint_limits():
    model = load("three_link")
    assert [model.joint(i).name for i in range(3)] == ["shoulder", "elbow", "wrist"]
    assert model.actuator_gear[:, 0].tolist() == [12, 6, 3]
    assert model.actuator_trnid[:, 0].tolist() == [0, 1, 2]
    assert model.dof_armature.tolist() == [0.05] * 3
    assert model.dof_damping.tolist() == [0.3, 0.2, 0.1]
    assert model.jnt_range.tolist() == [[-2, 2], [-2.2, 2.2], [-2.4, 2.4]]
    assert model.jnt_solref.tolist() == [[0.02, 1]] * 3
    assert model.body_mass[1:].tolist() == [1, 0.8, 0.6]
    np.testing.assert_allclose(mass_matrix(model, [0.3, 1, -1])[2, 2], model.body_inertia[3, 1] + 0.6 * 0.2**2 + 0.05)


def test_trajectories_of_the_three_link_arm_often_reach_the_joint_limits(robots):
    arm = robots["three_link"]
    lower, upper = arm.space.beyond(TrajectorySource(arm, Mixed(), 0, 500).trajectories(0, 64, "native")[0].states)
    active = (lower > 0) | (upper > 0)
    assert active.any(axis=-1).mean() > 0.05
    assert (active.mean(axis=(0, 1)) > 0.01).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["acrobot", "three_link", "nerd_cartpole"])
def test_piecewise_constant_actions_do_not_diverge(robots, name):
    env = robots[name]
    states, actions = TrajectorySource(env, PiecewiseConstant(0.2), 0, round(26 / env.dt)).draw(0, 32)
    assert not diverged(simulate(env, states, actions, "native")).any()


def test_the_nerd_cartpole_has_the_published_masses_and_lengths(robots):
    env, model = robots["nerd_cartpole"], load("nerd_cartpole")
    assert env.decimation == 5
    assert env.dt == pytest.approx(1 / 60, rel=1e-15)
    assert not model.jnt_limited.any()
    assert not model.dof_damping.any()
    assert not model.dof_frictionloss.any()
    assert model.geom("pole").size.tolist() == [0.025, 0.025, 0.5]
    cart, pole, half = 50, 2.5, 0.5  # kg, kg, m
    inertia = pole * (1.0**2 + 0.05**2) / 12 + pole * half**2
    for angle in np.linspace(-3, 3, 5):
        coupling = -pole * half * np.cos(angle)
        wanted = [[cart + pole, coupling], [coupling, inertia]]
        np.testing.assert_allclose(mass_matrix(model, [7.0, angle]), wanted, rtol=1e-12)


def test_small_oscillations_of_the_nerd_cartpole_have_the_analytic_period(robots):
    env = robots["nerd_cartpole"]
    (total, coupling), (_, inertia) = mass_matrix(env.mj_model, [0, 0])
    period = 2 * np.pi * np.sqrt((inertia - coupling**2 / total) / (2.5 * 9.81 * 0.5))
    angle = simulate(env, np.array([[0, 0.01, 0, 0]]), np.zeros((1, 600, 1)), "native")[0, :, 1]
    down = np.flatnonzero((angle[:-1] > 0) & (angle[1:] <= 0))
    crossing = (down + angle[down] / (angle[down] - angle[down + 1])) * env.dt
    np.testing.assert_allclose(np.diff(crossing).mean(), period, rtol=1e-4)


def test_the_nerd_cartpole_conserves_energy(robots):
    """Over 1000 steps, within the accuracy of MuJoCo's Euler integrator. Full rotations lose up to a tenth."""
    env = robots["nerd_cartpole"]
    states = np.array([[0.0, 2.0, 1.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, -1.0, -1.0, 2.0]])
    for path in simulate(env, states, np.zeros((3, 1000, 1)), "native"):
        potential, kinetic = energies(env.mj_model, path).T
        total = potential + kinetic
        assert np.ptp(potential) > 7
        assert np.abs(total - total[0]).max() < 0.02 * np.ptp(potential)


@pytest.mark.parametrize("name", ROBOTS)
def test_mjx_supports_the_robot(name):
    from mujoco import mjx

    model = load(name)
    assert mjx.put_model(model).nq == model.nq


@pytest.mark.parametrize("name", ROBOTS)
@pytest.mark.parametrize("aspect", [16 / 9, 3 / 2])
def test_the_side_camera_shows_every_reachable_pose(name, aspect):
    from dynax.render.scene import picture_model

    model = picture_model(load(name), round(360 * aspect), 360)
    data = mujoco.MjData(model)
    camera = model.camera("side").id
    rng = np.random.default_rng(0)
    half = np.tan(np.radians(model.cam_fovy[camera]) / 2)
    for _ in range(300):
        data.qpos[:] = rng.uniform(-np.pi, np.pi, model.nq)
        if name in RAIL:
            data.qpos[0] = rng.choice([-1, 1]) * RAIL[name]
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        tips = np.array([data.geom(g).xpos + s * model.geom(g).size.max() * data.geom(g).xmat.reshape(3, 3)[:, 2]
                         for g in POLES[name] for s in (-1, 1)])  # fmt: skip
        in_camera = (tips - data.cam_xpos[camera]) @ data.cam_xmat[camera].reshape(3, 3)
        across, up = in_camera[:, 0] / -in_camera[:, 2], in_camera[:, 1] / -in_camera[:, 2]
        assert np.abs(across).max() < half * aspect
        assert np.abs(up).max() < half
