"""Tests of constraint residuals."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax import envs
from dynax.data.simulate import simulate
from dynax.envs import MjcfEnv
from dynax.math import rotations
from dynax.mechanics.constraints import ConstraintResiduals
from dynax.representation.floating import FloatingFrame

FALLING = """<mujoco><option timestep=".004" cone="{cone}"><flag eulerdamp="disable"/></option><worldbody>
<geom type="plane" size="5 5 1" condim="1"/><body pos="0 0 .1"><geom size=".1" condim="{condim}"/>
<joint type="slide" axis="0 0 1"/><joint type="slide" axis="1 0 0"/></body></worldbody></mujoco>"""
STOPPED = """<mujoco><option timestep=".004"/><worldbody><body><joint axis="0 1 0" range="-30 30"/>
<geom size=".1" pos="0 0 -.3" contype="0" conaffinity="0"/></body><body pos="9 0 0"><freejoint/><geom size=".1"/></body>
<geom type="plane" size="5 5 1" pos="0 0 -5"/></worldbody></mujoco>"""


@cache
def residuals_of(xml):
    env = MjcfEnv(xml="toy.xml", mjcf=xml)
    residuals = ConstraintResiduals.of(env.mj_model, env.space)
    assert residuals is not None
    return env, residuals


def evaluate(residuals, state, change):
    """Return the residuals of the degrees of freedom and of the rows, and whether any constraint is active."""
    state, change = jnp.asarray(state, jnp.float32), jnp.asarray(change, jnp.float32)
    *results, active = residuals_and_activity(residuals, state, change)
    return *map(np.asarray, results), bool(active)


@partial(jax.jit, static_argnums=0)
def residuals_and_activity(residuals, state, change):
    rows = residuals.rows_at(state)
    return *residuals(state, change, rows), rows.any_active


@pytest.mark.slow
@pytest.mark.parametrize(("cone", "condim"), [("pyramidal", 1), ("pyramidal", 3), ("elliptic", 3)])
def test_residuals_without_active_constraints_are_zero(cone, condim):
    _, residuals = residuals_of(FALLING.format(cone=cone, condim=condim))
    dofs, rows, active = evaluate(residuals, [0.01, 0, -1, 2], [-0.04, 0])
    assert not active
    np.testing.assert_array_equal(dofs, [0, 0])
    np.testing.assert_array_equal(rows, [0])


@pytest.mark.slow
@pytest.mark.parametrize(("cone", "condim"), [("pyramidal", 1), ("pyramidal", 3), ("elliptic", 3)])
def test_residuals_of_a_ball_in_the_floor_point_up_and_against_sliding(cone, condim):
    _, residuals = residuals_of(FALLING.format(cone=cone, condim=condim))
    dofs, rows, active = evaluate(residuals, [-0.001, 0, -1, 0.2], [-0.04, 0])
    assert active
    assert dofs[0] > 0
    assert dofs[1] < 0 if condim > 1 else dofs[1] == 0
    assert rows[0] > 0


def test_residual_of_a_frictionless_ball_is_mujocos_impulse():
    """One step of Jacobi's method is exact for a single body."""
    env, residuals = residuals_of(FALLING.format(cone="pyramidal", condim=1))
    state = np.array([-0.001, 0, -1, 0.2])
    free = np.array([-9.81 * 0.004, 0])
    _, rows, _ = evaluate(residuals, state, free)
    change = (simulate(env, state[None], np.zeros((1, 1, 0)), "native")[0, 1] - state)[2:]
    dofs, _, _ = evaluate(residuals, state, free)
    np.testing.assert_allclose(dofs, change - free, rtol=1e-4)
    assert evaluate(residuals, state, change)[1] == pytest.approx(0.05 * rows, rel=1e-3)  # impedance 0.95


@pytest.mark.slow
def test_residual_of_a_joint_limit_points_back_into_the_range():
    _, residuals = residuals_of(STOPPED)
    zero = np.zeros(6)
    for angle, side in ((0.55, -1), (-0.55, 1), (0.3, 0)):
        state = np.concatenate([[angle], [9, 0, 0, 1, 0, 0, 0], [side * -2.0], zero])
        dofs, rows, active = evaluate(residuals, state, np.zeros(7))
        assert np.sign(dofs[0]) == side
        assert (rows[0] > 0) == active == (side != 0)
        np.testing.assert_array_equal(dofs[1:], zero)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hopper", "quadruped"])
def test_residuals_of_a_true_step_are_small(name):
    """Compared with the residuals of no change of velocity; they are not zero because rows are compliant."""
    env = envs.make({"name": name})
    residuals = ConstraintResiduals.of(env.mj_model, env.space)
    rng = np.random.default_rng(0)
    states = env.sample_states(rng, 200)
    paths = simulate(env, states, rng.uniform(*env.action_bounds, (200, 20, env.action_dim)), "native")
    before, after = (x.reshape(-1, env.state_dim) for x in (paths[:, :-1], paths[:, 1:]))
    change = (after - before)[:, env.space.nq :]
    evaluate_batch = jax.jit(jax.vmap(partial(residuals_and_activity, residuals)))
    _, rows, active = evaluate_batch(before, change)
    assert 0.1 < active.mean() < 1
    assert not np.asarray(rows)[~np.asarray(active)].any()
    _, rows_without_change, _ = evaluate_batch(before, np.zeros_like(change))
    assert np.mean(np.asarray(rows) ** 2) < 0.1 * np.mean(np.asarray(rows_without_change) ** 2)


@pytest.mark.slow
def test_residuals_in_the_base_frame_do_not_depend_on_yaw(quadruped):
    """For a quadruped in the floor, although its MJCF has friction pyramids."""
    residuals, base = ConstraintResiduals.of(quadruped.mj_model, quadruped.space), FloatingFrame.of(quadruped.mj_model)
    rng, yaw = np.random.default_rng(0), rotations.exp(np.array([0, 0, 1.2]))
    states, changes = quadruped.sample_states(rng, 20), rng.normal(size=(20, quadruped.space.nv))
    states[:, 2] -= 0.02
    matrix, velocity = rotations.matrix(yaw), slice(quadruped.space.nq, quadruped.space.nq + 3)
    rotated, rotated_changes = states.copy(), changes.copy()
    rotated[:, :3] = states[:, :3] @ matrix.T + [3, -2, 0]
    rotated[:, 3:7] = rotations.multiply(yaw, states[:, 3:7])
    rotated[:, velocity], rotated_changes[:, :3] = states[:, velocity] @ matrix.T, changes[:, :3] @ matrix.T
    with jax.enable_x64(True):
        evaluate_batch = jax.jit(jax.vmap(residuals))
        dofs, rows = evaluate_batch(states, changes)
        rotated_dofs, rotated_rows = evaluate_batch(rotated, rotated_changes)
    assert np.abs(dofs[:, :3]).max() > 0.1
    assert (np.asarray(rows)[:, -len(residuals.contacts) :] > 0).sum() > 20
    np.testing.assert_allclose(
        base.to_base(rotated, np.asarray(rotated_dofs)), base.to_base(states, np.asarray(dofs)), atol=1e-9
    )
    np.testing.assert_allclose(rotated_rows, rows, atol=1e-9)


@pytest.mark.parametrize(
    "xml",
    [
        "<mujoco><worldbody><body><joint/><geom size='.1'/></body></worldbody></mujoco>",
        FALLING.format(cone="pyramidal", condim=3).replace('condim="1"', 'surfacevel="1 0 0"', 1),
        FALLING.format(cone="pyramidal", condim=3).replace('condim="1"', 'adhesion="1"', 1),
    ],
    ids=["no contacts", "surface velocity", "adhesion"],
)
def test_models_without_supported_contacts_have_no_residuals(xml):
    env = MjcfEnv(xml="toy.xml", mjcf=xml)
    assert ConstraintResiduals.of(env.mj_model, env.space) is None
