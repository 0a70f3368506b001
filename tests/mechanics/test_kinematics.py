"""Tests of forward kinematics and Jacobians against MuJoCo, with every joint type."""

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
    """Return a model, its kinematics, and a compiled function for a point on every body."""
    model = mujoco.MjModel.from_xml_string(MODELS[name])
    kinematics = Kinematics.of(model)
    bodies = np.arange(model.nbody)

    @jax.jit
    def evaluate(qpos, qvel, mocap_pos, mocap_quat, points):
        poses = kinematics(qpos, mocap_pos, mocap_quat)
        jacobian = kinematics.jacobian(poses, bodies, points)
        return poses, jacobian, kinematics.velocity(poses, qvel, bodies, points)

    return model, kinematics, evaluate


def configuration(model, seed):
    """Return a random configuration with unnormalized quaternions, and a point for each body."""
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
def test_poses_jacobians_and_velocities_match_mujoco(name, seed):
    model, _, evaluate = machine(name)
    data, points = configuration(model, seed)
    with jax.enable_x64(True):
        poses, jacobian, velocity = jax.tree.map(np.asarray, evaluate(*inputs(data, points)))
    np.testing.assert_allclose(poses.position, data.xpos, atol=1e-10)
    np.testing.assert_allclose(poses.rotation.reshape(-1, 9), data.xmat, atol=1e-10)
    expected = mujoco_jacobian(model, data, points)
    np.testing.assert_allclose(jacobian, expected, atol=1e-10)
    np.testing.assert_allclose(velocity, expected @ data.qvel, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_float32_error_is_within_rounding(name):
    """Also after the same object was traced in float64."""
    model, _, evaluate = machine(name)
    data, points = configuration(model, 0)
    with jax.enable_x64(True):
        exact = evaluate(*inputs(data, points))
    result = evaluate(*jax.tree.map(np.float32, inputs(data, points)))
    for single, double in zip(jax.tree.leaves(result), jax.tree.leaves(exact), strict=True):
        assert single.dtype == jnp.float32
        assert double.dtype == np.float64
        np.testing.assert_allclose(single, double, atol=2e-5)


def test_mocap_bodies_have_the_poses_of_the_mjcf_by_default():
    model, kinematics, _ = machine("every joint")
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    poses = jax.jit(kinematics)(np.float32(model.qpos0))
    np.testing.assert_allclose(poses.position, data.xpos, atol=1e-6)


@given(seed=seeds)
def test_jacobian_is_the_derivative_of_positions(seed):
    """Central differences along the path of `mj_integratePos`."""
    model, _, evaluate = machine("every joint")
    data, _ = configuration(model, seed)
    mujoco.mj_normalizeQuat(model, data.qpos)
    step, forward, backward = 1e-6, data.qpos.copy(), data.qpos.copy()
    mujoco.mj_integratePos(model, forward, data.qvel, step)
    mujoco.mj_integratePos(model, backward, data.qvel, -step)
    points = np.zeros((model.nbody, 3))
    with jax.enable_x64(True):
        now, later, earlier = (
            np.asarray(evaluate(qpos, data.qvel, data.mocap_pos, data.mocap_quat, points)[0].position)
            for qpos in (data.qpos, forward, backward)
        )
        linear = np.asarray(evaluate(*inputs(data, now))[1][0])
    np.testing.assert_allclose(linear @ data.qvel, (later - earlier) / (2 * step), atol=1e-6)


@pytest.mark.slow
def test_gradients_are_finite_for_a_zero_quaternion():
    model, kinematics, _ = machine("every joint")
    gradient = jax.jit(jax.grad(lambda q: sum(leaf.sum() for leaf in jax.tree.leaves(kinematics(q)))))
    for qpos in (np.zeros(model.nq), model.qpos0):
        assert jnp.isfinite(gradient(np.float32(qpos))).all()


def test_model_without_joints_has_poses():
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><body pos='1 2 3'><geom size='1'/></body></worldbody></mujoco>"
    )
    poses = jax.jit(Kinematics.of(model))(jnp.zeros(0))
    np.testing.assert_allclose(poses.position, [[0, 0, 0], [1, 2, 3]])
    assert poses.axis.shape == (0, 3)
