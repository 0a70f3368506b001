"""Tests of bias forces from a Lagrangian against MuJoCo and a closed form."""

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
    """Return the Lagrangian of the bodies of `model` as a function of their poses and of qvel."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    frames = data.xmat.reshape(-1, 3, 3)
    mask = Kinematics.of(model).dof_mask

    def motion(dof, position, rotation):
        """Return the axis of rotation, a point on it, and the direction of translation of a degree of freedom."""
        body, joint = model.dof_bodyid[dof], model.dof_jntid[dof]
        kind, number, zero = model.jnt_type[joint], dof - model.jnt_dofadr[joint], jnp.zeros(3)
        anchor = position[body] + rotation[body] @ (model.jnt_pos[joint] if kind != FREE else np.zeros(3))
        if kind == SLIDE:  # only roots have slides in these models
            return zero, anchor, jnp.asarray(data.xaxis[joint])
        if kind == FREE and number < 3:
            return zero, anchor, jnp.eye(3)[number]
        if kind == HINGE:
            return rotation[body] @ (frames[body].T @ data.xaxis[joint]), anchor, zero
        return rotation[body][:, number % 3], anchor, zero

    def lagrangian(position, rotation, v):
        axes, anchors, slides = map(
            jnp.stack, zip(*(motion(d, position, rotation) for d in range(model.nv)), strict=True)
        )
        total = 0.0
        for body in range(1, model.nbody):
            center, axes_flat = position[body] + rotation[body] @ model.body_ipos[body], np.zeros(9)
            mujoco.mju_quat2Mat(axes_flat, model.body_iquat[body])
            velocity = (v * mask[body])[:, None]
            linear = (velocity * (slides + jnp.cross(axes, center - anchors))).sum(0)
            angular = (rotation[body] @ axes_flat.reshape(3, 3)).T @ (velocity * axes).sum(0)
            total += (model.body_mass[body] * linear @ linear + model.body_inertia[body] @ angular**2) / 2
            total += model.body_mass[body] * model.opt.gravity @ center
        return total

    return lagrangian


@pytest.mark.slow
def test_bias_force_matches_mujoco(model):
    with jax.enable_x64(True):
        space, kinematics = StateSpace.of(model), Kinematics.of(model)
        lagrangian, invariant = lagrangian_of(model), np.zeros(model.nv, bool)

        @jax.jit
        def bias_force(q, v):
            return lagrange.bias_force(space, kinematics, lagrangian, kinematics(q), v, invariant)

        rng, data = np.random.default_rng(0), mujoco.MjData(model)
        for _ in range(3):
            mujoco.mj_resetData(model, data)
            mujoco.mj_integratePos(model, data.qpos, rng.normal(size=model.nv), 1.0)
            data.qvel[:] = rng.normal(size=model.nv)
            mujoco.mj_forward(model, data)
            np.testing.assert_allclose(bias_force(data.qpos, data.qvel), data.qfrc_bias, atol=1e-9)


def test_invariant_degree_of_freedom_has_no_bias_force():
    xml = """<mujoco><worldbody><body><joint type="slide" axis="1 0 0"/><geom size=".1"/></body></worldbody></mujoco>"""
    model = mujoco.MjModel.from_xml_string(xml)
    space, kinematics = StateSpace.of(model), Kinematics.of(model)

    def lagrangian(position, rotation, v):
        x = position[1, 0]
        return x**2 * v[0] ** 2 / 2 - x

    def force(invariant):
        def bias_force(x, v):
            return lagrange.bias_force(space, kinematics, lagrangian, kinematics(x), v, np.array([invariant]))

        return float(jax.jit(bias_force)(jnp.full(1, 3.0), jnp.full(1, 2.0))[0])

    assert force(False) == pytest.approx(3 * 2**2 + 1)  # x v^2 + 1, at x = 3 and v = 2
    assert force(True) == 0
