"""Forces from energies, against C MuJoCo and a closed form."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from dynax.envs.state_space import StateSpace
from dynax.mechanics import lagrange
from dynax.mechanics.kinematics import Kinematics
from dynax.mjcf.joints import FREE, HINGE, SLIDE

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
    return request.getfixturevalue("hopper").mj_model


def lagrangian_of(model):
    """Kinetic less potential energy of the bodies of `model`, as a function of how they stand and of qvel."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    frames = data.xmat.reshape(-1, 3, 3)
    moves = Kinematics.of(model).mask

    def motion(dof, position, rotation):
        """Of a degree of freedom the axis of rotation, a point of it, and the direction of translation."""
        body, joint = model.dof_bodyid[dof], model.dof_jntid[dof]
        kind, number, still = model.jnt_type[joint], dof - model.jnt_dofadr[joint], jnp.zeros(3)
        anchor = position[body] + rotation[body] @ (model.jnt_pos[joint] if kind != FREE else np.zeros(3))
        if kind == SLIDE:  # of the roots here, which nothing turns
            return still, anchor, jnp.asarray(data.xaxis[joint])
        if kind == FREE and number < 3:
            return still, anchor, jnp.eye(3)[number]
        if kind == HINGE:
            return rotation[body] @ (frames[body].T @ data.xaxis[joint]), anchor, still
        return rotation[body][:, number % 3], anchor, still

    def lagrangian(position, rotation, v):
        axes, anchors, slides = map(
            jnp.stack, zip(*(motion(d, position, rotation) for d in range(model.nv)), strict=True)
        )
        total = 0.0
        for body in range(1, model.nbody):
            place, own = position[body] + rotation[body] @ model.body_ipos[body], np.zeros(9)
            mujoco.mju_quat2Mat(own, model.body_iquat[body])
            share = (v * moves[body])[:, None]
            linear = (share * (slides + jnp.cross(axes, place - anchors))).sum(0)
            angular = (rotation[body] @ own.reshape(3, 3)).T @ (share * axes).sum(0)
            total += (model.body_mass[body] * linear @ linear + model.body_inertia[body] @ angular**2) / 2
            total += model.body_mass[body] * model.opt.gravity @ place
        return total

    return lagrangian


def test_forces_are_mujocos_bias(model):
    with jax.enable_x64(True):
        space, kinematics = StateSpace.of(model), Kinematics.of(model)
        lagrangian, idle = lagrangian_of(model), np.zeros(model.nv, bool)

        @jax.jit
        def found(q, v):
            return lagrange.forces(space, kinematics, lagrangian, kinematics(q), v, idle)

        rng, data = np.random.default_rng(0), mujoco.MjData(model)
        for _ in range(3):
            mujoco.mj_resetData(model, data)
            mujoco.mj_integratePos(model, data.qpos, rng.normal(size=model.nv), 1.0)
            data.qvel[:] = rng.normal(size=model.nv)
            mujoco.mj_forward(model, data)
            np.testing.assert_allclose(found(data.qpos, data.qvel), data.qfrc_bias, atol=1e-9)


def test_what_is_idle_feels_no_force_whatever_the_energy_says():
    xml = """<mujoco><worldbody><body><joint type="slide" axis="1 0 0"/><geom size=".1"/></body></worldbody></mujoco>"""
    model = mujoco.MjModel.from_xml_string(xml)
    space, kinematics = StateSpace.of(model), Kinematics.of(model)

    def lagrangian(position, rotation, v):
        x = position[1, 0]
        return x**2 * v[0] ** 2 / 2 - x

    def force(idle):
        at = lambda x, v: lagrange.forces(space, kinematics, lagrangian, kinematics(x), v, np.array([idle]))  # noqa: E731
        return float(jax.jit(at)(jnp.full(1, 3.0), jnp.full(1, 2.0))[0])

    assert force(False) == pytest.approx(3 * 2**2 + 1)  # x v^2 + 1, at x = 3 and v = 2
    assert force(True) == 0
