"""MJX: agreement with C MuJoCo, padding of batches, and memory."""

import gc
import weakref

import numpy as np
import pytest
from simulation_cases import PENDULUM, TOWED, random_inputs, robot

from dynax.data import mjx
from dynax.data.simulate import diverged, simulate


def test_mjx_agrees_with_c_mujoco_and_pads_its_last_batch():
    """A control step is several physics steps with one action."""
    env = robot(PENDULUM, decimation=5)
    states, actions = random_inputs(env, 5, 30)
    native = simulate(env, states, actions, "native")
    by_mjx = simulate(env, states, actions, "mjx", batch=4)
    assert by_mjx.dtype == np.float32
    np.testing.assert_allclose(by_mjx, native, atol=2e-5)
    with_infinity = np.where(np.arange(5)[:, None] == 1, np.inf, states)
    failed = diverged(simulate(env, with_infinity, actions, "mjx", batch=4))
    assert failed.tolist() == [False, True, False, False, False]


@pytest.mark.slow
def test_mjx_agrees_on_ball_joints_activations_and_mocap_bodies():
    """Check with a `connect` constraint: MJX 3.17 and C MuJoCo differ in the orientation of a weld."""
    weld = '<weld body1="load" body2="hand" solref=".1 1"/>'
    assert weld in TOWED
    env = robot(TOWED.replace(weld, '<connect body1="load" body2="hand" anchor="0 0 0" solref=".1 1"/>'))
    states, actions = random_inputs(env, 3, 20)
    native = simulate(env, states.astype(np.float32), actions.astype(np.float32), "native")
    by_mjx = simulate(env, states, actions, "mjx")
    np.testing.assert_allclose(env.space.difference(native, by_mjx.astype(float)), 0, atol=1e-5 * np.abs(native).max())


@pytest.mark.slow
def test_a_program_is_built_once_per_robot_and_freed_with_it(monkeypatch):
    built = []
    build = mjx._build
    monkeypatch.setattr(mjx, "_build", lambda env: built.append(1) or build(env))
    env = robot(PENDULUM)
    assert mjx.unsupported_reason(env) == ""
    with mjx.control_steps(env, 1), mjx.control_steps(env, 2):
        assert len(built) == 1
    reference = weakref.ref(env)
    count = len(mjx._PROGRAMS)
    del env
    gc.collect()
    assert reference() is None
    assert len(mjx._PROGRAMS) == count - 1
