"""Tests of the constraint layer against MuJoCo: one step with joint limits and dry friction."""

import dataclasses
from functools import cache

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import optax
import pytest
from marks import slow

from dynax.components.constraints import LearnedConstraints
from dynax.data.simulate import simulate
from dynax.envs import MjcfEnv
from dynax.mechanics.constraints import ConstraintLayer, JointRows, UnconstrainedStep
from dynax.mechanics.constraints.joint_rows import FACTORS
from dynax.mechanics.constraints.parameters import impedance

CONVERGED = '<option iterations="100" ls_iterations="100" tolerance="1e-14"/>'
ARM = f"""<mujoco><compiler angle="radian"/><option timestep=".01"/>{CONVERGED}
<default><geom type="capsule" size=".04" mass="1" contype="0" conaffinity="0"/></default><worldbody>
<body><joint name="a" axis="0 1 0" range="-1 1" %s/><geom fromto="0 0 0 0 0 -.5"/>
<body pos="0 0 -.5"><joint name="b" axis="0 1 0" range="-.8 1.2" %s/><geom fromto="0 0 0 0 0 -.4"/>
<body pos="0 0 -.4"><joint name="c" axis="1 0 0" range="-1 .5" %s/><geom fromto="0 0 0 0 0 -.3"/></body></body></body>
</worldbody><actuator><motor joint="a" gear="5"/><motor joint="c" gear="2"/></actuator></mujoco>"""
JOINTS = {
    "mixed": (
        'frictionloss=".3" margin=".1" damping=".2"',
        'solreflimit="-500 -10" armature=".05"',
        'frictionloss=".1" solimplimit=".5 .99 .05 .3 3" damping=".1"',
    ),
    "plain": ("", "", ""),
    "friction": ('frictionloss="3"', 'frictionloss="2" solreffriction="-100 -5"', 'frictionloss="1"'),
    "one_friction": ('limited="false" frictionloss="2"', 'limited="false"', 'limited="false"'),
    "odd": (  # values that MuJoCo clips, and sigmoids of zero width
        'solimplimit="0 .9 .1 0 2" frictionloss="1" solimpfriction=".5 .9 0 .5 2"',
        'solimplimit=".5 .9 .1 .5 .5" solreflimit=".02 5"',
        'solimplimit=".5 .9 0 .5 2" solreflimit=".005 1"',
    ),
}


@cache
def arm_of(name):
    return MjcfEnv(xml="arm.xml", mjcf=ARM % JOINTS[name])


def robot(name, robots):
    """Return an arm of `JOINTS`, or a shipped robot, with a converged solver."""
    if name in JOINTS:
        return arm_of(name)
    env = robots[name]
    return dataclasses.replace(env, mjcf=env.mjcf.replace("</mujoco>", f"{CONVERGED}</mujoco>"))


def moments(env, n, seed=0):
    """Return states, many beyond joint limits, their mass matrices, and unconstrained and true changes of velocity."""
    model, rng = env.mj_model, np.random.default_rng(seed)
    data, nv = mujoco.MjData(model), model.nv
    reach = np.where(env.space.limited, 1.5 * np.abs(model.jnt_range).max(axis=1), np.pi)
    states = rng.uniform(-1, 1, (n, 2 * nv)) * np.concatenate([reach, np.full(nv, 6.0)])
    actions = rng.uniform(*env.action_bounds, (n, 1, model.nu))
    inertias, frees = np.zeros((n, nv, nv)), np.zeros((n, nv))
    for i in range(n):
        data.qpos[:], data.qvel[:], data.ctrl[:] = states[i, :nv], states[i, nv:], actions[i, 0]
        mujoco.mj_forward(model, data)
        mujoco.mj_fullM(model, data, inertias[i])
        implicit = inertias[i] + env.dt * np.diag(model.dof_damping)
        frees[i] = env.dt * np.linalg.solve(implicit, inertias[i] @ data.qacc_smooth)
    changes = simulate(env, states, actions, "native")[:, 1, nv:] - states[:, nv:]
    return states, inertias, frees, changes


def test_row_acts_on_one_degree_of_freedom_or_on_three_of_a_ball_joint():
    hinge = '<body><joint frictionloss="1" range="-1 1"/><geom size=".1"/></body>'
    ball = '<body><joint type="ball" range="0 1"/><geom size=".1"/></body>'
    rows = JointRows.of(mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{hinge}{ball}</worldbody></mujoco>"))
    assert rows.dof_mask.astype(int).tolist() == [[1, 0, 0, 0], [0, 1, 1, 1], [1, 0, 0, 0]]


def single(tree):
    return jax.tree.map(np.float32, tree)


def zero_params(layer):
    return {name: np.zeros(len(layer.layer.joints.dof)) for name in FACTORS}


@cache
def compiled(env):
    """Return the layer of a robot, and a compiled function of parameters, states, mass matrices and changes."""
    layer = LearnedConstraints(ConstraintLayer(env.space, JointRows.of(env.mj_model)))
    damping = env.mj_model.dof_damping

    def apply(params, state, mass_matrix, change):
        return layer.apply(
            {"params": params}, state, UnconstrainedStep(change, mass_matrix, jnp.asarray(damping, state.dtype))
        )

    return layer, jax.jit(jax.vmap(apply, (None, 0, 0, 0)))


@pytest.mark.parametrize("name", ["mixed", *slow("three_link", "cart_pole", "double_cart_pole", *list(JOINTS)[1:])])
def test_layer_is_one_step_of_mujoco(name, robots):
    env = robot(name, robots)
    states, inertias, frees, changes = moments(env, 3000)
    layer, apply = compiled(env)
    with jax.enable_x64(True):
        result = np.asarray(apply(zero_params(layer), states, inertias, frees))
    np.testing.assert_allclose(result, changes, atol=1e-9)
    assert np.mean(np.abs(changes - frees).max(axis=1) > 1e-6) > 0.2  # constraints are active


def test_robots_without_joint_limits_and_friction_have_no_rows(robots):
    without = {name for name, env in robots.items() if not JointRows.of(env.mj_model)}
    assert without == {"pendulum", "acrobot", "nerd_cartpole"}


@pytest.fixture(scope="module")
def arm(robots):
    return robot("mixed", robots)


@pytest.mark.slow
def test_float32_error_is_within_rounding(arm):
    states, inertias, frees, changes = moments(arm, 500)
    layer, apply = compiled(arm)
    result = apply(*single((zero_params(layer), states, inertias, frees)))
    assert result.dtype == jnp.float32
    np.testing.assert_allclose(result, changes, atol=1e-4 * np.abs(changes).max())


@pytest.mark.slow
def test_step_without_active_constraints_is_unchanged(robots):
    env = robot("plain", robots)
    states, inertias, frees, _ = moments(env, 500)
    states[:, :3] *= 0.5 / np.abs(states[:, :3]).max()
    layer, apply = compiled(env)
    result = apply(*single((zero_params(layer), states, inertias, frees)))
    assert np.array_equal(result, np.float32(frees))


def constraint_force(env, inertias, frees, changes):
    """Return the generalized force of the constraints, (n, nv)."""
    return ((inertias + env.dt * np.diag(env.mj_model.dof_damping)) @ (changes - frees)[..., None])[..., 0] / env.dt


@pytest.mark.slow
def test_joint_limit_never_pulls(robots):
    """Even if the joint leaves the limit fast."""
    env = robot("plain", robots)
    states, inertias, frees, _ = moments(env, 2000)
    layer, apply = compiled(env)
    with jax.enable_x64(True):
        limit_force = constraint_force(
            env, inertias, frees, np.asarray(apply(zero_params(layer), states, inertias, frees))
        )
    lower, upper = env.space.beyond(states)
    assert (limit_force[lower > 0] > -1e-9).all()
    assert (limit_force[upper > 0] < 1e-9).all()
    assert not np.abs(limit_force[(lower <= 0) & (upper <= 0)]).max() > 1e-9
    assert (limit_force[lower > 0] == 0).any()  # some joints leave the limit fast


@pytest.mark.slow
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_friction_is_at_most_frictionloss(robots, factor):
    env = robot("one_friction", robots)
    states, inertias, frees, _ = moments(env, 500)
    layer, apply = compiled(env)
    params = zero_params(layer) | {"bound": np.log([factor])}
    with jax.enable_x64(True):
        friction = constraint_force(env, inertias, frees, np.asarray(apply(params, states, inertias, frees)))
    assert np.abs(friction[:, 0]).max() == pytest.approx(2 * factor)
    assert (friction[:, 0] * states[:, 3])[np.abs(states[:, 3]) > 1].max() < 0  # friction opposes the motion
    assert np.abs(friction[:, 1:]).max() < 1e-9


def boundary_states(env):
    """Return states exactly at joint limits, close to both sides of them, far beyond them, and at rest."""
    lower, upper = (env.space.lower + env.space.margin), (env.space.upper - env.space.margin)
    positions = [lower, upper, np.nextafter(lower, 0), np.nextafter(upper, 9), lower - 5, upper + 5, 0 * upper]
    return np.float32([[*q, *v] for q in positions for v in (np.zeros(3), np.full(3, 9.0), np.full(3, -9.0))])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mixed", "odd"])
def test_gradients_are_finite_everywhere(name, robots):
    env = robot(name, robots)
    layer, apply = compiled(env)
    states = boundary_states(env)
    _, inertias, frees, _ = moments(env, len(states))
    gradient = jax.jit(jax.grad(lambda *args: (apply(*args) ** 2).sum(), argnums=(0, 1, 2, 3)))
    gradients = gradient(*single((zero_params(layer), states, inertias, frees)))
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(gradients))


@pytest.mark.slow
def test_gradient_matches_finite_differences(arm):
    """In every parameter, at states away from the boundaries of the rows."""
    states, inertias, frees, _ = moments(arm, 200)
    layer, apply = compiled(arm)
    with jax.enable_x64(True):
        params = jax.tree.map(jnp.asarray, zero_params(layer))
        value = jax.jit(lambda params: (apply(params, states, inertias, frees) ** 2).sum())
        gradient = jax.jit(jax.grad(value))(params)
        for name in FACTORS:
            for i in range(len(layer.layer.joints.dof)):
                up, down = (value(params | {name: params[name].at[i].add(h)}) for h in (1e-5, -1e-5))
                assert float(gradient[name][i]) == pytest.approx(float(up - down) / 2e-5, rel=1e-4, abs=1e-4)


def test_impedance_is_the_sigmoid_of_the_documentation():
    solimp = np.float32(
        [[0.2, 0.8, 0.1, 0.5, 2], [0.2, 0.8, 0.1, 0.5, 1], [0.9, 0.9, 0.1, 0.5, 2], [0.2, 0.8, 0, 0.5, 2]]
    )
    at_distance = lambda distance: impedance(solimp, jnp.full(4, distance))  # noqa: E731
    np.testing.assert_allclose(at_distance(0.0), [0.2, 0.2, 0.9, 0.5], rtol=1e-6)
    np.testing.assert_allclose(at_distance(0.025), [0.2 + 0.6 / 8, 0.35, 0.9, 0.5], rtol=1e-6)
    np.testing.assert_allclose(at_distance(0.05), [0.5, 0.5, 0.9, 0.5], rtol=1e-6)
    np.testing.assert_allclose(at_distance(7.0), [0.8, 0.8, 0.9, 0.5], rtol=1e-6)


@pytest.mark.slow
def test_wrong_compliance_of_the_mjcf_is_learned(robots):
    """The joint limits of the data are forty percent slower than the initial ones of the layer."""
    env = robot("plain", robots)
    slower = dataclasses.replace(env, mjcf=env.mjcf.replace("range=", 'solreflimit=".028 1" range='))
    data = [np.float32(x) for x in moments(slower, 500)]
    layer, apply = compiled(env)

    @jax.jit
    def train(params, states, inertias, frees, changes):
        rule = optax.adam(optax.cosine_decay_schedule(0.1, 400))
        loss = lambda params: jnp.mean((apply(params, states, inertias, frees) - changes) ** 2)  # noqa: E731

        def step(carry, _):
            params, state = carry
            change, state = rule.update(jax.grad(loss)(params), state)
            return (optax.apply_updates(params, change), state), None

        return jax.lax.scan(step, (params, rule.init(params)), None, 400)[0][0]

    factors = jax.tree.map(np.exp, train(single(zero_params(layer)), *data))
    np.testing.assert_allclose(factors["stiffness"], (0.02 / 0.028) ** 2, rtol=0.01)
    np.testing.assert_allclose(factors["damping"], 0.02 / 0.028, rtol=0.01)
    np.testing.assert_allclose(factors["weight"], 1, rtol=0.1)  # has little effect on a stiff limit
