"""What constraints ask of a motion."""

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


def demands_of(xml):
    env = MjcfEnv(xml="toy.xml", mjcf=xml)
    demands = ConstraintResiduals.of(env.mj_model, env.space)
    assert demands is not None
    return env, demands


def asked(demands, state, change):
    state, change = jnp.asarray(state, jnp.float32), jnp.asarray(change, jnp.float32)
    acting = demands.acting(state)
    return *map(np.asarray, demands(acting, change)), bool(acting.any)


@pytest.mark.parametrize(("cone", "condim"), [("pyramidal", 1), ("pyramidal", 3), ("elliptic", 3)])
def test_nothing_is_asked_where_nothing_touches(cone, condim):
    _, demands = demands_of(FALLING.format(cone=cone, condim=condim))
    coordinates, rows, acts = asked(demands, [0.01, 0, -1, 2], [-0.04, 0])
    assert not acts
    np.testing.assert_array_equal(coordinates, [0, 0])
    np.testing.assert_array_equal(rows, [0])


@pytest.mark.parametrize(("cone", "condim"), [("pyramidal", 1), ("pyramidal", 3), ("elliptic", 3)])
def test_a_ball_that_falls_into_the_floor_is_asked_to_rise_and_to_slide_no_more(cone, condim):
    _, demands = demands_of(FALLING.format(cone=cone, condim=condim))
    coordinates, rows, acts = asked(demands, [-0.001, 0, -1, 0.2], [-0.04, 0])
    assert acts
    assert coordinates[0] > 0
    assert coordinates[1] < 0 if condim > 1 else coordinates[1] == 0
    assert rows[0] > 0


def test_without_friction_a_ball_lacks_what_it_falls_short_of_the_reference():
    """The impulse is the one that MuJoCo gives, for which a single body needs no more than its own mass."""
    env, demands = demands_of(FALLING.format(cone="pyramidal", condim=1))
    state = np.array([-0.001, 0, -1, 0.2])
    free = np.array([-9.81 * 0.004, 0])
    _, rows, _ = asked(demands, state, free)
    change = (simulate(env, state[None], np.zeros((1, 1, 0)), "native")[0, 1] - state)[2:]
    coordinates, _, _ = asked(demands, state, free)
    np.testing.assert_allclose(coordinates, change - free, rtol=1e-4)
    assert asked(demands, state, change)[1] == pytest.approx(0.05 * rows, rel=1e-3)  # impedance 0.95


def test_a_stop_asks_for_the_way_back():
    _, demands = demands_of(STOPPED)
    still = np.zeros(6)
    for angle, side in ((0.55, -1), (-0.55, 1), (0.3, 0)):
        state = np.concatenate([[angle], [9, 0, 0, 1, 0, 0, 0], [side * -2.0], still])
        coordinates, rows, acts = asked(demands, state, np.zeros(7))
        assert np.sign(coordinates[0]) == side
        assert (rows[0] > 0) == acts == (side != 0)
        np.testing.assert_array_equal(coordinates[1:], still)


@pytest.mark.parametrize("name", ["hopper", "quadruped"])
def test_where_it_stands_it_asks_for_little_more_than_a_step_gives(name):
    """Of the change that a step makes, next to that of a fall: rows are content but for their compliance."""
    env = envs.make({"name": name})
    demands = ConstraintResiduals.of(env.mj_model, env.space)
    rng = np.random.default_rng(0)
    states = env.sample_states(rng, 200)
    paths = simulate(env, states, rng.uniform(*env.action_bounds, (200, 20, env.action_dim)), "native")
    before, after = (x.reshape(-1, env.state_dim) for x in (paths[:, :-1], paths[:, 1:]))
    change = (after - before)[:, env.space.nq :]
    both = jax.jit(jax.vmap(lambda s, c: (demands.acting(s).any, demands(demands.acting(s), c)[1])))
    acts, lacking = both(before, change)
    assert 0.1 < acts.mean() < 1
    assert not np.asarray(lacking)[~np.asarray(acts)].any()
    _, of_none = both(before, np.zeros_like(change))
    assert np.mean(np.asarray(lacking) ** 2) < 0.1 * np.mean(np.asarray(of_none) ** 2)


def test_whichever_way_a_robot_faces_it_is_asked_for_the_same(quadruped):
    """Of a quadruped in the floor, whose MJCF has pyramids of friction: in the axes of its base, to rounding errors."""
    demands, base = ConstraintResiduals.of(quadruped.mj_model, quadruped.space), FloatingFrame.of(quadruped.mj_model)
    rng, turn = np.random.default_rng(0), rotations.exp(np.array([0, 0, 1.2]))
    states, changes = quadruped.sample_states(rng, 20), rng.normal(size=(20, quadruped.space.nv))
    states[:, 2] -= 0.02
    matrix, velocity = rotations.matrix(turn), slice(quadruped.space.nq, quadruped.space.nq + 3)
    moved, turned = states.copy(), changes.copy()
    moved[:, :3] = states[:, :3] @ matrix.T + [3, -2, 0]
    moved[:, 3:7] = rotations.multiply(turn, states[:, 3:7])
    moved[:, velocity], turned[:, :3] = states[:, velocity] @ matrix.T, changes[:, :3] @ matrix.T
    with jax.enable_x64(True):
        both = jax.jit(jax.vmap(lambda s, c: demands(demands.acting(s), c)))
        (here, rows), (there, others) = both(states, changes), both(moved, turned)
    assert np.abs(here[:, :3]).max() > 0.1
    assert (np.asarray(rows)[:, -len(demands.contacts) :] > 0).sum() > 20
    np.testing.assert_allclose(base.to_base(moved, np.asarray(there)), base.to_base(states, np.asarray(here)), atol=1e-9)
    np.testing.assert_allclose(others, rows, atol=1e-9)


@pytest.mark.parametrize(
    "xml",
    [
        "<mujoco><worldbody><body><joint/><geom size='.1'/></body></worldbody></mujoco>",
        FALLING.format(cone="pyramidal", condim=3).replace('condim="1"', 'surfacevel="1 0 0"', 1),
        FALLING.format(cone="pyramidal", condim=3).replace('condim="1"', 'adhesion="1"', 1),
    ],
    ids=["nothing to touch", "a belt", "glue"],
)
def test_what_contacts_ask_is_not_known_where_there_are_none_or_they_do_more_than_keep_bodies_apart(xml):
    env = MjcfEnv(xml="toy.xml", mjcf=xml)
    assert ConstraintResiduals.of(env.mj_model, env.space) is None
