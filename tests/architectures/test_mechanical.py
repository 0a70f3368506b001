"""The mechanical model: the structure of its mass matrix, and laws that hold for any parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.architectures import MechanicalDynamicsModel
from dynax.envs import CheetahEnv, MjcfEnv
from dynax.errors import UserError


def unconstrained(model, seed=0):
    """The model with random weights as a function of one state and action."""
    statistics = model.identity_normalization()
    params = model.create(jax.random.PRNGKey(seed), statistics)["params"]["network"]
    params = jax.tree.map(lambda x: x + 0.1 * jax.random.normal(jax.random.PRNGKey(1), x.shape), params)
    return jax.jit(lambda s, a: model.apply({"params": params}, s[None], a[None], statistics, method="unconstrained"))


@pytest.fixture(scope="module")
def motion(quadruped):
    return unconstrained(MechanicalDynamicsModel(env=quadruped, hidden_dims=(8,), constraints="none"))


def states_of(env, n):
    return np.float32(env.sample_states(np.random.default_rng(0), n)), np.float32(
        np.random.default_rng(1).uniform(-1, 1, (n, env.action_dim))
    )


@pytest.mark.slow
def test_the_mass_matrix_is_positive_and_has_the_zeros_of_the_tree(quadruped, motion):
    for state, action in zip(*states_of(quadruped, 4), strict=True):
        mass_matrix = np.asarray(motion(state, action).mass_matrix)
        np.testing.assert_allclose(mass_matrix, mass_matrix.T, rtol=1e-5, atol=1e-5)
        assert np.linalg.eigvalsh(mass_matrix).min() > 0
        assert not mass_matrix[6:9, 9:12].any()  # legs interact only through the base


@pytest.mark.slow
def test_a_uniform_motion_of_the_base_changes_no_acceleration(quadruped, motion):
    for state, action in zip(*states_of(quadruped, 4), strict=True):
        moving = state.copy()
        moving[19:22] += [3, -2, 1]
        np.testing.assert_allclose(motion(moving, action).change, motion(state, action).change, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_without_forces_it_falls(quadruped, motion):
    """At rest and without torque, every part has the acceleration of gravity."""
    state = np.float32(np.concatenate([quadruped.mj_model.key_qpos[0], np.zeros(18)]))
    change = motion(state, np.zeros(12, np.float32)).change
    expected = quadruped.dt * np.r_[quadruped.mj_model.opt.gravity, np.zeros(15)]
    np.testing.assert_allclose(change, expected, atol=2e-5)


@pytest.mark.slow
def test_an_armature_of_the_base_is_inert_and_does_not_fall():
    """M dv = dt (M - A) g at rest, with A the armature."""
    mjcf = '<body><joint type="free" armature=".5"/><geom size=".1" pos=".05 0 0" mass="1"/></body>'
    env = MjcfEnv(xml="rotor.xml", mjcf=f"<mujoco><worldbody>{mjcf}</worldbody></mujoco>")
    step = unconstrained(MechanicalDynamicsModel(env=env, hidden_dims=(8,), constraints="none"))(
        np.float32([0, 0, 1, 1, *np.zeros(9)]), np.zeros(0, np.float32)
    )
    mass_matrix, fall = np.asarray(step.mass_matrix), np.array([0, 0, -9.81, 0, 0, 0])
    assert (np.diag(mass_matrix)[:3] > 0.5).all()
    expected = env.dt * (mass_matrix - np.diag([0.5, 0.5, 0.5, 0, 0, 0])) @ fall
    np.testing.assert_allclose(mass_matrix @ step.change, expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("angle", "damped"), [(0.0, True), (1.0, False)])
def test_a_saturated_servo_damps_nothing(angle, damped):
    """At its bound the force does not depend on the velocity, and MuJoCo's implicitfast omits its damping."""
    mjcf = """<mujoco><option integrator="implicitfast"/><worldbody><body><joint name="j" axis="0 1 0"/>
    <geom size=".1" pos=".2 0 0"/></body></worldbody>
    <actuator><position joint="j" kp="100" kv="10" forcerange="-5 5"/></actuator></mujoco>"""
    model = MechanicalDynamicsModel(env=MjcfEnv(xml="servo.xml", mjcf=mjcf), hidden_dims=(8,), constraints="none")
    [damping] = np.asarray(unconstrained(model)(np.float32([angle, 0]), np.zeros(1, np.float32)).damping)
    assert (damping > 1) if damped else (damping == 0)


@pytest.mark.slow
def test_it_supports_planar_robots_and_fixed_bases(cart_pole):
    for env in (CheetahEnv(), cart_pole):
        model = MechanicalDynamicsModel(env=env, hidden_dims=(8,), constraints="none")
        state, action = env.sample_states(np.random.default_rng(0), 1)[0], jnp.zeros(env.action_dim)
        assert np.isfinite(unconstrained(model)(jnp.asarray(state, jnp.float32), action).change).all()


def test_unsupported_forces_are_named(tmp_path):
    xml = """<mujoco><worldbody><body><joint name="j"/><geom size=".1"/></body></worldbody>
    <actuator><general name="slow" joint="j" dyntype="filter" dynprm=".1"/></actuator></mujoco>"""
    (tmp_path / "slow.xml").write_text(xml)
    with pytest.raises(UserError, match="slow: actuator `slow` has an activation"):
        MechanicalDynamicsModel(env=MjcfEnv(xml=str(tmp_path / "slow.xml")))
