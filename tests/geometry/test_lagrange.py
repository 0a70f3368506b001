"""Forces from energies, against the closed form of a pendulum and C MuJoCo."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from dynax import envs
from dynax.geometry import lagrange
from dynax.geometry.kinematics import Kinematics
from dynax.state_space import StateSpace
from dynax.symmetry import SLIDE

BALLS = """<mujoco><option gravity="1 -2 -9"/><worldbody>
<body pos=".1 .2 .3"><joint type="ball"/><geom type="box" size=".1 .2 .3" pos=".1 0 0" euler="5 4 3"/>
<body pos="0 .1 .4"><joint axis="1 1 0"/><geom type="capsule" size=".05 .2" pos=".1 .2 0" euler="30 3 5"/></body></body>
<body pos="1 0 0"><freejoint/><geom type="ellipsoid" size=".1 .2 .3" pos=".1 .2 .1" euler="4 5 60"/>
<body pos=".1 0 .2"><joint axis="0 1 1" pos=".1 0 0"/><geom type="capsule" size=".05 .2" pos="0 .2 0"/></body></body>
</worldbody></mujoco>"""


@pytest.fixture(params=["balls", "hopper"])
def model(request):
    if request.param == "balls":
        return mujoco.MjModel.from_xml_string(BALLS)
    return envs.make({"name": request.param}).mj_model


def energy_of(model):
    """The energies of the bodies, as a function of how they stand: a root row for each of their six momenta."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    local = [data.xmat[b].reshape(3, 3).T @ data.xaxis[model.dof_jntid[d]] for d, b in enumerate(model.dof_bodyid)]
    moves = Kinematics.of(model).mask

    def energy(position, rotation):
        axes, anchors, slides = [], [], []
        for dof, (body, joint) in enumerate(zip(model.dof_bodyid, model.dof_jntid, strict=True)):
            kind, number = model.jnt_type[joint], dof - model.jnt_dofadr[joint]
            still, frame = jnp.zeros(3), rotation[body]
            straight = kind == SLIDE or (kind == 0 and number < 3)
            axis = (
                jnp.eye(3)[number]
                if straight and kind == 0
                else frame[:, number % 3]
                if kind < 2
                else frame @ local[dof]
            )
            axis = data.xaxis[joint] if kind == SLIDE else axis  # of the roots here, which nothing turns before
            axes.append(still if straight else axis)
            slides.append(axis if straight else still)
            anchors.append(position[body] + frame @ (model.jnt_pos[joint] if kind != 0 else np.zeros(3)))
        axes, anchors, slides = map(jnp.stack, (axes, anchors, slides))
        rows, potential = [], 0.0
        for body in range(1, model.nbody):
            at = position[body] + rotation[body] @ model.body_ipos[body]
            own = np.zeros(9)
            mujoco.mju_quat2Mat(own, model.body_iquat[body])
            frame = rotation[body] @ own.reshape(3, 3)
            linear = (slides + jnp.cross(axes, at - anchors)) * moves[body][:, None]
            angular = axes * moves[body][:, None]
            rows += [
                np.sqrt(model.body_mass[body]) * linear.T,
                jnp.sqrt(model.body_inertia[body])[:, None] * (frame.T @ angular.T),
            ]
            potential -= model.body_mass[body] * model.opt.gravity @ at
        return jnp.concatenate(rows), potential

    return energy


def test_forces_are_mujocos_bias(model):
    with jax.enable_x64(True):
        space, kinematics = StateSpace.of(model), Kinematics.of(model)
        energy, idle = energy_of(model), np.zeros(model.nv, bool)
        found = jax.jit(lambda q, v: lagrange.forces(space, kinematics, energy, kinematics(q), v, idle))
        rng, data, full = np.random.default_rng(0), mujoco.MjData(model), np.zeros((model.nv, model.nv))
        for _ in range(3):
            mujoco.mj_resetData(model, data)
            mujoco.mj_integratePos(model, data.qpos, rng.normal(size=model.nv), 1.0)
            data.qvel[:] = rng.normal(size=model.nv)
            mujoco.mj_forward(model, data)
            mujoco.mj_fullM(model, data, full)
            inertia, force = found(data.qpos, data.qvel)
            np.testing.assert_allclose(inertia, full - np.diag(model.dof_armature), atol=1e-12 * full.max())
            np.testing.assert_allclose(force, data.qfrc_bias, atol=1e-9)


def test_what_is_idle_feels_no_force_whatever_the_energy_says():
    xml = """<mujoco><worldbody><body><joint type="slide" axis="1 0 0"/><geom size=".1"/></body></worldbody></mujoco>"""
    model = mujoco.MjModel.from_xml_string(xml)
    space, kinematics = StateSpace.of(model), Kinematics.of(model)
    poses, v = kinematics(jnp.ones(1)), jnp.ones(1)

    def energy(position, rotation):
        return position[1, :1, None], position[1, 0]

    def force(idle):
        return float(lagrange.forces(space, kinematics, energy, poses, v, np.array([idle]))[1][0])

    assert force(False) == pytest.approx(2 * 1 - 1 + 1)  # of M = x^2, T = x^2 v^2 / 2 and V = x at x = v = 1
    assert force(True) == 0
