"""Impacts: transitions at which a constraint becomes active or inactive."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from dynax.data.simulate import simulate
from dynax.envs import MjcfEnv
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.constraints.active import active_constraints
from dynax.training.impacts import NEIGHBORS, contact_changes, impacts

BALL = """
<mujoco>
  <option timestep="0.01"/>
  <worldbody>
    <geom type="plane" size="5 5 1"/>
    <body pos="0 0 0.5"><joint type="slide" axis="0 0 1"/><geom size="0.1"/></body>
    <body pos="9 0 5"><joint type="slide" axis="1 0 0" limited="true" range="-1 1"/><geom size="0.1"/></body>
  </worldbody>
</mujoco>
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory):
    path = tmp_path_factory.mktemp("ball") / "ball.xml"
    path.write_text(BALL)
    return MjcfEnv(xml=str(path))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("qpos", "limits", "contact"),
    [
        ((0, 0), [False], False),
        ((-0.41, 0), [False], True),
        ((0, 1.1), [True], False),
        ((0, -1.1), [True], False),
    ],
)
def test_active_constraints_of_a_state(env, qpos, limits, contact):
    active_limits, contacts = jax.jit(active_constraints(env.mj_model, env.space, Contacts.of(env.mj_model)))(
        jnp.array([*qpos, 0.0, 0.0])
    )
    assert active_limits.tolist() == limits
    assert bool(contacts.any()) == contact


@pytest.mark.parametrize(("angle", "limits"), [(0.5, [False]), (0.8, [True])])
def test_the_limit_of_a_ball_joint_is_one_limit(angle, limits):
    mjcf = '<body><joint type="ball" limited="true" range="0 40"/><geom size=".1"/></body>'
    env = MjcfEnv(xml="ball.xml", mjcf=f"<mujoco><worldbody>{mjcf}</worldbody></mujoco>")
    state = jnp.array([np.cos(angle / 2), 0.0, np.sin(angle / 2), 0.0, 0.0, 0.0, 0.0])
    assert jax.jit(active_constraints(env.mj_model, env.space, None))(state)[0].tolist() == limits


def test_the_impact_of_a_falling_ball_is_when_it_reaches_the_floor(env):
    """The ball starts at 0.5 m and has a radius of 0.1 m. It falls 0.4 m in 0.286 s."""
    states = simulate(env, np.zeros((1, 4)), np.zeros((1, 60, 0)), "native")
    hit = impacts(env, states)[0]
    assert hit.shape == (60,)
    first = np.flatnonzero(hit)[0] + NEIGHBORS
    assert first == pytest.approx(28, abs=1)
    assert not hit[: first - NEIGHBORS].any()
    assert hit[first - NEIGHBORS : first + NEIGHBORS + 1].all()


@pytest.mark.slow
def test_resting_and_flying_have_no_impacts(env):
    states = np.tile([-0.41, 0.0, 0.0, 0.0], (2, 11, 1))
    states[1, :, 0] = 1.0
    assert not impacts(env, states).any()


@pytest.mark.parametrize(
    "floor",
    [
        '<geom type="plane" size="5 5 1"/>',
        '<geom type="hfield" hfield="flat"/>',
        '<geom type="plane" size="5 5 1" gap=".1"/>',
    ],
)
def test_the_contacts_of_all_geoms_count_from_the_distance_at_which_they_act(floor):
    """The ball touches the floor from a height of 0.1 m on. A gap does not move this height."""
    asset = '<asset><hfield name="flat" nrow="2" ncol="2" size="5 5 1 1"/></asset>'
    ball = '<body><joint type="slide" axis="0 0 1"/><geom size=".1"/></body>'
    model = mujoco.MjModel.from_xml_string(f"<mujoco>{asset}<worldbody>{floor}{ball}</worldbody></mujoco>")
    heights = np.array([0.3, 0.15, 0.12, 0.09, 0.08, 0.11])
    assert contact_changes(model, heights[None, :, None])[0].tolist() == [False, False, True, False, True]
