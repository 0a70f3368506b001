"""The three robots are what the README says they are, in C MuJoCo and in MJX."""

from pathlib import Path

import mujoco
import numpy as np
import pytest

import dynax.envs

ASSETS = Path(dynax.envs.__file__).parent / "assets"
ROBOTS = ("pendulum", "cart_pole", "double_cart_pole")
RAIL = {"cart_pole": 1.8, "double_cart_pole": 3.8}  # m, either way
POLES = {"cart_pole": ["pole"], "double_cart_pole": ["pole_1", "pole_2"]}


def load(name: str) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_path(str(ASSETS / f"{name}.xml"))


def step(model, qpos, qvel, ctrl, warm_start):
    """One step from a state, the solver started at the acceleration `warm_start`."""
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:], data.ctrl[:], data.qacc_warmstart[:] = qpos, qvel, ctrl, warm_start
    mujoco.mj_step(model, data)
    return np.concatenate([data.qpos, data.qvel])


def push(model, action, seconds):
    """Joint angles (T, nq) from rest under one constant action."""
    data, angles = mujoco.MjData(model), []
    data.ctrl[:] = action
    for _ in range(round(seconds / model.opt.timestep)):
        mujoco.mj_step(model, data)
        angles.append(data.qpos.copy())
    return np.array(angles)


@pytest.mark.parametrize("name", ROBOTS)
def test_every_robot_steps_semi_implicitly_without_contacts_and_hangs_at_rest(name):
    model = load(name)
    assert model.opt.timestep == (0.02 if name == "pendulum" else 0.01)
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_EULER
    assert not model.geom_contype.any()
    assert not model.geom_conaffinity.any()
    assert model.nu == 1
    assert model.actuator_ctrlrange.tolist() == [[-1, 1]]
    assert np.abs(push(model, 0.0, 1.0)).max() < 1e-12
    swung = mujoco.MjData(model)
    swung.qpos[-1] = 0.3
    mujoco.mj_forward(model, swung)
    assert swung.qacc[-1] < 0  # gravity pulls it back: 0 is the bottom


@pytest.mark.parametrize("name", RAIL)
def test_cart_poles_have_the_masses_lengths_and_limits_they_claim(name):
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


def test_a_pole_of_the_double_cart_pole_hangs_at_the_end_of_the_other():
    model = load("double_cart_pole")
    assert model.body("pole_2").pos[[0, 2]].tolist() == [0, -1]
    assert [model.joint(i).name for i in range(3)] == ["slide", "hinge_1", "hinge_2"]


def test_the_pendulum_cannot_swing_up_in_one_push_and_can_by_pumping():
    model = load("pendulum")
    assert np.abs(push(model, 1.0, 20.0)).max() < np.pi / 2
    data, highest = mujoco.MjData(model), 0.0
    for _ in range(round(20 / model.opt.timestep)):
        data.ctrl[:] = 1.0 if data.qvel[0] >= 0 else -1.0
        mujoco.mj_step(model, data)
        highest = max(highest, abs(data.qpos[0]))
    assert highest > np.pi


@pytest.mark.parametrize("name", ROBOTS)
def test_a_step_depends_on_the_state_alone_even_beyond_the_stop(name):
    model, rng, gap, pressed = load(name), np.random.default_rng(0), 0.0, 0
    for _ in range(200):
        qpos, qvel = rng.uniform(-np.pi, np.pi, model.nq), rng.normal(0, 5, model.nv)
        if name in RAIL:
            qpos[0] = rng.choice([-1, 1]) * (RAIL[name] + rng.uniform(0, 0.1))
        ctrl = rng.uniform(-1, 1, model.nu)
        cold = step(model, qpos, qvel, ctrl, 0.0)
        misled = step(model, qpos, qvel, ctrl, rng.normal(0, 100, model.nv))
        gap = max(gap, np.abs(cold - misled).max())
        data = mujoco.MjData(model)
        data.qpos[:] = qpos
        mujoco.mj_forward(model, data)
        pressed += data.nefc > 0
    assert gap < 1e-9
    assert pressed == (200 if name in RAIL else 0)


@pytest.mark.parametrize("name", ROBOTS)
def test_mjx_takes_the_robot(name):
    from mujoco import mjx

    model = load(name)
    assert mjx.put_model(model).nq == model.nq


@pytest.mark.parametrize("name", ROBOTS)
@pytest.mark.parametrize("aspect", [16 / 9, 3 / 2])
def test_the_side_camera_holds_every_reachable_pose(name, aspect):
    from dynax.render.scene import for_pictures

    model = for_pictures(load(name), round(360 * aspect), 360)
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
        tips = np.array([data.geom(g).xpos + s * 0.5 * data.geom(g).xmat.reshape(3, 3)[:, 2]
                         for g in POLES.get(name, ["pole"]) for s in (-1, 1)])  # fmt: skip
        seen = (tips - data.cam_xpos[camera]) @ data.cam_xmat[camera].reshape(3, 3)
        across, up = seen[:, 0] / -seen[:, 2], seen[:, 1] / -seen[:, 2]
        assert np.abs(across).max() < half * aspect
        assert np.abs(up).max() < half
