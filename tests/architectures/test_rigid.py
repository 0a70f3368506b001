"""Rigid bodies on their own, against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from inertias import inertias

from dynax.architectures import RigidDynamicsModel
from dynax.envs import MjcfEnv
from dynax.math import rotations

TOP = """<mujoco><option timestep="0.001" gravity="0 0 0"/><worldbody><body name="top"><freejoint/>
<inertial pos="0 0 0" mass="1" diaginertia=".02 .02 .035"/></body></worldbody></mujoco>"""


@pytest.mark.slow
def test_a_top_in_free_fall_precesses():
    """Of a symmetric body the angular velocity turns about its axis at (I3 - I1) / I1 w3, and the axis about the
    angular momentum L at |L| / I1 (Goldstein, Classical Mechanics, chapter 5); its momentum stays."""
    env, steps = MjcfEnv(xml="top.xml", mjcf=TOP), 1500
    model = RigidDynamicsModel(env=env)
    unit = {"mean": np.zeros(()), "std": np.ones(())}
    spin = np.array([1.0, 0.0, 2.0])
    with jax.enable_x64(True):
        network = {"bodies": jnp.asarray(inertias(env.mj_model)[1]), "gain": jnp.zeros(0)}
        given = {"features": unit, "actions": unit, "target": unit}
        variables = {"params": {"network": network}, "normalization": given}

        def step(state, _):
            change = model.predict_delta(variables, state[None, None], jnp.zeros((1, 1, 0)))[0]
            following = model.integrate(state[None], change)[0]
            return following, following

        start = jnp.array([0, 0, 1, 1, 0, 0, 0, 0.3, 0, 0, *spin])
        path = np.asarray(jax.lax.scan(step, start, None, steps)[1])
    time = env.dt * np.arange(1, steps + 1)
    rate = (0.035 - 0.02) / 0.02 * spin[2]
    body = np.stack([np.cos(rate * time), np.sin(rate * time), 2 + 0 * time], axis=1)
    np.testing.assert_allclose(path[:, 10:], body, atol=5e-3)
    momentum = np.array([0.02, 0.02, 0.035]) * spin
    axis = momentum / 0.02  # precession of the body's axis, a rotation vector a second
    precession = rotations.matrix(rotations.exp(time[:, None] * axis))[..., 2]
    predicted = rotations.matrix(path[:, 3:7])[..., 2]
    np.testing.assert_allclose(predicted, precession, atol=5e-3)
    np.testing.assert_allclose(path[:, 0], 0.3 * time, atol=1e-9)
    assert np.abs(precession - [0, 0, 1]).max() > 0.5
