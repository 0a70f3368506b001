"""Forward kinematics and Jacobians against C MuJoCo, on a machine of every joint type."""

from functools import cache

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynax.mechanics.kinematics import Kinematics

EVERY_JOINT = """<mujoco><compiler angle="radian"/><default><geom size=".05"/></default><worldbody>
<body name="table" pos="1 2 3" euler=".3 .2 .1"><geom/><body pos=".1 0 .2" euler="0 1 0"><geom/></body></body>
<body name="hand" mocap="true" pos="-1 .5 1" euler=".5 0 0"><geom/><body pos="0 .2 0" euler=".1 .2 .3"><geom/></body>
</body>
<body name="base" pos="3 1 2" euler="1 0 0"><freejoint/><geom/>
  <body pos=".2 .1 0" euler=".3 0 .4"><joint type="ball" pos=".1 -.05 .02"/><geom/>
    <body pos=".3 0 .1"><joint type="hinge" axis="1 2 3" ref=".4" pos="0 .1 .2"/><geom/></body>
    <body pos="0 .3 0" euler="0 .7 0">
      <joint type="slide" axis="0 1 1" ref="-.2"/><joint type="hinge" axis="0 1 0" pos=".1 .2 .3"/>
      <joint type="slide" axis="1 0 1"/><joint type="hinge" axis="1 0 0" pos="0 0 -.1" ref="1"/><geom/>
      <body pos="0 0 .5"><geom/><body pos=".2 0 0"><joint type="hinge" axis="0 0 1"/><geom/></body></body>
    </body>
  </body>
</body>
<body name="cart" pos="0 0 1" euler="0 0 1"><joint type="slide" axis="1 0 0"/><joint type="ball"/><geom/></body>
</worldbody></mujoco>"""
CHAIN = """<mujoco><worldbody>%s</worldbody></mujoco>""" % (
    '<body pos="0 0 .1" euler="0 20 10"><joint axis="1 1 0" pos="0 0 .01"/><geom size=".05"/>' * 21 + "</body>" * 21
)
MODELS = {"every joint": EVERY_JOINT, "chain": CHAIN}
seeds = st.integers(0, 2**32 - 1)


@cache
def machine(name):
    """A model, its kinematics, and these compiled for a point on every body."""
    model = mujoco.MjModel.from_xml_string(MODELS[name])
    kinematics = Kinematics.of(model)
    bodies = np.arange(model.nbody)

    @jax.jit
    def moved(qpos, qvel, mocap_pos, mocap_quat, points):
        poses = kinematics(qpos, mocap_pos, mocap_quat)
        jacobian = kinematics.jacobian(poses, bodies, points)
        return poses, jacobian, kinematics.velocity(poses, qvel, bodies, points)

    return model, kinematics, moved


def configuration(model, seed):
    """Any configuration, its quaternions of any length, and a point for each body."""
    rng = np.random.default_rng(seed)
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = rng.normal(0, 2, model.nq), rng.normal(0, 1, model.nv)
    data.mocap_pos[:], data.mocap_quat[:] = rng.normal(0, 1, (model.nmocap, 3)), rng.normal(0, 1, (model.nmocap, 4))
    mujoco.mj_fwdPosition(model, data)
    return data, rng.normal(0, 1, (model.nbody, 3))


def inputs(data, points):
    return data.qpos, data.qvel, data.mocap_pos, data.mocap_quat, points


def mujoco_jacobian(model, data, points):
    linear, angular = np.zeros((2, model.nbody, 3, model.nv))
    for body in range(model.nbody):
        mujoco.mj_jac(model, data, linear[body], angular[body], points[body], body)
    return linear, angular


@pytest.mark.parametrize("name", MODELS)
@given(seed=seeds)
def test_poses_and_jacobians_are_mujocos(name, seed):
    model, _, moved = machine(name)
    data, points = configuration(model, seed)
    with jax.enable_x64(True):
        poses, found, velocity = jax.tree.map(np.asarray, moved(*inputs(data, points)))
    np.testing.assert_allclose(poses.position, data.xpos, atol=1e-10)
    np.testing.assert_allclose(poses.rotation.reshape(-1, 9), data.xmat, atol=1e-10)
    true = mujoco_jacobian(model, data, points)
    np.testing.assert_allclose(found, true, atol=1e-10)
    np.testing.assert_allclose(velocity, true @ data.qvel, atol=1e-10)


@pytest.mark.parametrize("name", MODELS)
def test_in_float32_it_is_as_good_as_float32(name):
    """Even after the same object was traced in float64."""
    model, _, moved = machine(name)
    data, points = configuration(model, 0)
    with jax.enable_x64(True):
        exact = moved(*inputs(data, points))
    found = moved(*jax.tree.map(np.float32, inputs(data, points)))
    for single, double in zip(jax.tree.leaves(found), jax.tree.leaves(exact), strict=True):
        assert single.dtype == jnp.float32
        assert double.dtype == np.float64
        np.testing.assert_allclose(single, double, atol=2e-5)


def test_mocap_bodies_stay_where_the_mjcf_has_them_unless_told():
    model, kinematics, _ = machine("every joint")
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    poses = jax.jit(kinematics)(np.float32(model.qpos0))
    np.testing.assert_allclose(poses.position, data.xpos, atol=1e-6)


@given(seed=seeds)
def test_a_jacobian_is_the_derivative_of_positions(seed):
    """Along the path that MuJoCo integrates."""
    model, _, moved = machine("every joint")
    data, _ = configuration(model, seed)
    mujoco.mj_normalizeQuat(model, data.qpos)
    step, ahead, behind = 1e-6, data.qpos.copy(), data.qpos.copy()
    mujoco.mj_integratePos(model, ahead, data.qvel, step)
    mujoco.mj_integratePos(model, behind, data.qvel, -step)
    points = np.zeros((model.nbody, 3))
    with jax.enable_x64(True):
        at, to, back = (
            np.asarray(moved(qpos, data.qvel, data.mocap_pos, data.mocap_quat, points)[0].position)
            for qpos in (data.qpos, ahead, behind)
        )
        linear = np.asarray(moved(*inputs(data, at))[1][0])
    np.testing.assert_allclose(linear @ data.qvel, (to - back) / (2 * step), atol=1e-6)


def test_gradients_are_numbers_even_of_a_quaternion_of_no_length():
    model, kinematics, _ = machine("every joint")
    gradient = jax.jit(jax.grad(lambda q: sum(leaf.sum() for leaf in jax.tree.leaves(kinematics(q)))))
    for qpos in (np.zeros(model.nq), model.qpos0):
        assert jnp.isfinite(gradient(np.float32(qpos))).all()


def test_a_model_may_be_still():
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><body pos='1 2 3'><geom size='1'/></body></worldbody></mujoco>"
    )
    poses = jax.jit(Kinematics.of(model))(jnp.zeros(0))
    np.testing.assert_allclose(poses.position, [[0, 0, 0], [1, 2, 3]])
    assert poses.axis.shape == (0, 3)
