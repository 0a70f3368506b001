"""The constraint layer against C MuJoCo: given the exact free motion, stops and friction bend it as they do there."""

import dataclasses
from functools import cache

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import optax
import pytest
from marks import slow

from dynax.data.simulate import simulate
from dynax.envs import MjcfEnv
from dynax.mechanics.constraints import ConstraintLayer, JointRows, UnconstrainedStep
from dynax.mechanics.constraints.joint_rows import FACTORS
from dynax.mechanics.constraints.parameters import impedance
from dynax.networks.constraints import LearnedConstraints

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
    "odd": (  # what MuJoCo clips, and sigmoids of no width
        'solimplimit="0 .9 .1 0 2" frictionloss="1" solimpfriction=".5 .9 0 .5 2"',
        'solimplimit=".5 .9 .1 .5 .5" solreflimit=".02 5"',
        'solimplimit=".5 .9 0 .5 2" solreflimit=".005 1"',
    ),
}


@cache
def arm_of(name):
    return MjcfEnv(xml="arm.xml", mjcf=ARM % JOINTS[name])


def robot(name, robots):
    """An arm, or a robot that ships, its solver run to the end."""
    if name in JOINTS:
        return arm_of(name)
    env = robots[name]
    return dataclasses.replace(env, mjcf=env.mjcf.replace("</mujoco>", f"{CONVERGED}</mujoco>"))


def moments(env, n, seed=0):
    """States, many beyond the stops, and what MuJoCo does there: M, the free change of velocity, and the true one."""
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


def test_a_row_acts_on_one_degree_of_freedom_and_that_of_a_ball_on_three():
    hinge = '<body><joint frictionloss="1" range="-1 1"/><geom size=".1"/></body>'
    ball = '<body><joint type="ball" range="0 1"/><geom size=".1"/></body>'
    rows = JointRows.of(mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{hinge}{ball}</worldbody></mujoco>"))
    assert rows.moved.astype(int).tolist() == [[1, 0, 0, 0], [0, 1, 1, 1], [1, 0, 0, 0]]


def single(tree):
    return jax.tree.map(np.float32, tree)


def untouched(layer):
    return {name: np.zeros(len(layer.layer.joints.dof)) for name in FACTORS}


@cache
def compiled(env):
    """The layer of a robot on a batch, as a function of its parameters, states, mass matrices and free changes."""
    layer = LearnedConstraints(ConstraintLayer(env.space, JointRows.of(env.mj_model)))
    damping = env.mj_model.dof_damping

    def apply(params, state, inertia, change):
        return layer.apply(
            {"params": params}, state, UnconstrainedStep(change, inertia, jnp.asarray(damping, state.dtype))
        )

    return layer, jax.jit(jax.vmap(apply, (None, 0, 0, 0)))


@pytest.mark.parametrize(
    "name",
    ["mixed", "three_link", *slow("cart_pole", "double_cart_pole", *(name for name in JOINTS if name != "mixed"))],
)
def test_it_is_one_step_of_mujoco(name, robots):
    env = robot(name, robots)
    states, inertias, frees, changes = moments(env, 3000)
    layer, apply = compiled(env)
    with jax.enable_x64(True):
        found = np.asarray(apply(untouched(layer), states, inertias, frees))
    np.testing.assert_allclose(found, changes, atol=1e-9)
    assert np.mean(np.abs(changes - frees).max(axis=1) > 1e-6) > 0.2  # constraints act


def test_robots_without_stops_and_friction_have_no_rows(robots):
    without = {name for name, env in robots.items() if not JointRows.of(env.mj_model)}
    assert without == {"pendulum", "acrobot", "nerd_cartpole"}


@pytest.fixture(scope="module")
def arm(robots):
    return robot("mixed", robots)


@pytest.mark.slow
def test_in_float32_it_is_as_good_as_float32(arm):
    states, inertias, frees, changes = moments(arm, 500)
    layer, apply = compiled(arm)
    found = apply(*single((untouched(layer), states, inertias, frees)))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, changes, atol=1e-4 * np.abs(changes).max())


def test_inside_the_range_nothing_changes(robots):
    env = robot("plain", robots)
    states, inertias, frees, _ = moments(env, 500)
    states[:, :3] *= 0.5 / np.abs(states[:, :3]).max()
    layer, apply = compiled(env)
    found = apply(*single((untouched(layer), states, inertias, frees)))
    assert np.array_equal(found, np.float32(frees))


def force(env, inertias, frees, found):
    """The generalized force of the constraints, (n, nv)."""
    return ((inertias + env.dt * np.diag(env.mj_model.dof_damping)) @ (found - frees)[..., None])[..., 0] / env.dt


def test_a_stop_never_pulls(robots):
    """However fast the way out of it."""
    env = robot("plain", robots)
    states, inertias, frees, _ = moments(env, 2000)
    layer, apply = compiled(env)
    with jax.enable_x64(True):
        pushed = force(env, inertias, frees, np.asarray(apply(untouched(layer), states, inertias, frees)))
    lower, upper = env.space.beyond(states)
    assert (pushed[lower > 0] > -1e-9).all()
    assert (pushed[upper > 0] < 1e-9).all()
    assert not np.abs(pushed[(lower <= 0) & (upper <= 0)]).max() > 1e-9
    assert (pushed[lower > 0] == 0).any()  # some leave it faster than it pushes


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_friction_is_at_most_its_bound(robots, factor):
    env = robot("one_friction", robots)
    states, inertias, frees, _ = moments(env, 500)
    layer, apply = compiled(env)
    params = untouched(layer) | {"bound": np.log([factor])}
    with jax.enable_x64(True):
        rubbed = force(env, inertias, frees, np.asarray(apply(params, states, inertias, frees)))
    assert np.abs(rubbed[:, 0]).max() == pytest.approx(2 * factor)
    assert (rubbed[:, 0] * states[:, 3])[np.abs(states[:, 3]) > 1].max() < 0  # against the motion
    assert np.abs(rubbed[:, 1:]).max() < 1e-9


def edges(env):
    """States exactly at a stop, a little to either side of it, far beyond it, and at rest."""
    lower, upper = (env.space.lower + env.space.margin), (env.space.upper - env.space.margin)
    places = [lower, upper, np.nextafter(lower, 0), np.nextafter(upper, 9), lower - 5, upper + 5, 0 * upper]
    return np.float32([[*q, *v] for q in places for v in (np.zeros(3), np.full(3, 9.0), np.full(3, -9.0))])


@pytest.mark.parametrize("name", ["mixed", *slow("odd")])
def test_gradients_are_numbers_everywhere(name, robots):
    env = robot(name, robots)
    layer, apply = compiled(env)
    states = edges(env)
    _, inertias, frees, _ = moments(env, len(states))
    gradient = jax.jit(jax.grad(lambda *args: (apply(*args) ** 2).sum(), argnums=(0, 1, 2, 3)))
    gradients = gradient(*single((untouched(layer), states, inertias, frees)))
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(gradients))


@pytest.mark.slow
def test_its_gradient_is_that_of_its_values(arm):
    """In every parameter, on states of which none stands where a row begins or ends."""
    states, inertias, frees, _ = moments(arm, 200)
    layer, apply = compiled(arm)
    with jax.enable_x64(True):
        params = jax.tree.map(jnp.asarray, untouched(layer))
        value = jax.jit(lambda params: (apply(params, states, inertias, frees) ** 2).sum())
        gradient = jax.jit(jax.grad(value))(params)
        for name in FACTORS:
            for i in range(len(layer.layer.joints.dof)):
                up, down = (value(params | {name: params[name].at[i].add(h)}) for h in (1e-5, -1e-5))
                assert float(gradient[name][i]) == pytest.approx(float(up - down) / 2e-5, rel=1e-4, abs=1e-4)


def test_the_sigmoid_is_the_one_of_the_documentation():
    solimp = np.float32(
        [[0.2, 0.8, 0.1, 0.5, 2], [0.2, 0.8, 0.1, 0.5, 1], [0.9, 0.9, 0.1, 0.5, 2], [0.2, 0.8, 0, 0.5, 2]]
    )
    at = lambda distance: impedance(solimp, jnp.full(4, distance))  # noqa: E731
    np.testing.assert_allclose(at(0.0), [0.2, 0.2, 0.9, 0.5], rtol=1e-6)
    np.testing.assert_allclose(at(0.025), [0.2 + 0.6 / 8, 0.35, 0.9, 0.5], rtol=1e-6)
    np.testing.assert_allclose(at(0.05), [0.5, 0.5, 0.9, 0.5], rtol=1e-6)
    np.testing.assert_allclose(at(7.0), [0.8, 0.8, 0.9, 0.5], rtol=1e-6)


@pytest.mark.slow
def test_compliance_that_the_mjcf_has_wrong_is_learned(robots):
    """The stops of the data are forty percent slower than those the layer starts from."""
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

    factors = jax.tree.map(np.exp, train(single(untouched(layer)), *data))
    np.testing.assert_allclose(factors["stiffness"], (0.02 / 0.028) ** 2, rtol=0.01)
    np.testing.assert_allclose(factors["damping"], 0.02 / 0.028, rtol=0.01)
    np.testing.assert_allclose(factors["weight"], 1, rtol=0.1)  # hardly felt, where a stop is as hard as it is
