"""Tests of rigid-body dynamics against MuJoCo."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from inertias import inertias
from marks import slow

from dynax.envs.state_space import StateSpace
from dynax.mechanics.rigid_body import RigidBodyDynamics

CHAIN = """<mujoco><option gravity="1 -2 -9"/><worldbody>
<body pos=".1 .2 .3" euler="10 20 30"><joint type="ball"/><geom type="box" size=".1 .2 .3" pos=".1 0 0" euler="5 4 3"/>
<body pos="0 .1 .4" euler="0 50 3"><joint axis="1 1 0"/><joint type="slide" axis="0 1 .3" pos=".1 .1 0"/>
<geom type="capsule" size=".05 .2" pos=".1 .2 0" euler="30 3 5"/></body></body>
<body pos="1 0 0"><freejoint/><geom type="ellipsoid" size=".1 .2 .3" pos=".1 .2 .1" euler="4 5 60"/></body>
</worldbody></mujoco>"""


@pytest.fixture(params=["hopper", *slow("every joint", "quadruped", "arm")])
def model(request):
    if request.param == "every joint":
        return mujoco.MjModel.from_xml_string(CHAIN)
    from dynax import envs

    return envs.make({"name": request.param}).mj_model


def test_mass_matrix_and_inverse_dynamics_match_mujoco(model):
    with jax.enable_x64(True):
        dynamics = RigidBodyDynamics.of(model, StateSpace.of(model))
        parameters, rng = jnp.asarray(inertias(model)), np.random.default_rng(0)
        data, inertia = mujoco.MjData(model), np.zeros((model.nv, model.nv))

        @jax.jit
        def evaluate(state, acceleration):
            motion = dynamics.body_motion(state)
            force = dynamics.inverse_dynamics(motion, parameters, acceleration)
            return dynamics.mass_matrix(motion, parameters), force

        for _ in range(5):
            mujoco.mj_resetData(model, data)
            mujoco.mj_integratePos(model, data.qpos, rng.normal(size=model.nv), 1.0)
            data.qvel[:], acceleration = rng.normal(size=model.nv), rng.normal(size=model.nv)
            mujoco.mj_forward(model, data)
            mujoco.mj_fullM(model, data, inertia)
            mass_matrix, force = evaluate(jnp.concatenate([data.qpos, data.qvel, data.act]), acceleration)
            expected = inertia - np.diag(model.dof_armature)
            np.testing.assert_allclose(mass_matrix, expected, atol=1e-12 * np.abs(expected).max())
            np.testing.assert_allclose(force, expected @ acceleration + data.qfrc_bias, atol=1e-10)
