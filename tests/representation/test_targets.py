"""Targets and the changes that follow from them."""

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dynax.envs import MjcfEnv
from dynax.envs.state_space import StateSpace
from dynax.representation.targets import AccelerationTarget, DeltaTarget, PositionCorrectionTarget, target_of

SPACE = StateSpace.of(
    mujoco.MjModel.from_xml_string(
        """<mujoco><compiler angle="radian"/><option timestep=".01"/><worldbody>
        <body><joint name="x" type="slide"/><geom size=".1"/><body><joint name="free" axis="0 1 0"/><geom size=".1"/>
        <body><joint name="elbow" axis="0 1 0" range="-1 1"/><geom size=".1"/></body></body></body>
        </worldbody></mujoco>"""
    )
)
STATE = np.array([1.0, 2, 3, 10, 20, 30])
STATES = hnp.arrays(np.float64, (2, 6), elements=st.floats(-50, 50))
EACH = pytest.mark.parametrize("kind", [DeltaTarget, AccelerationTarget, PositionCorrectionTarget])
SIZE = {DeltaTarget: 6, AccelerationTarget: 3, PositionCorrectionTarget: 6}


def integrate(target, state, value):
    return SPACE.add(state, target.change(state, value))


def test_velocities_are_integrated_semi_implicitly():
    following = integrate(AccelerationTarget(SPACE), STATE, np.array([1.0, -2.0, 0.0]))
    np.testing.assert_allclose(following, [1.11, 2.18, 3.3, 11, 18, 30], rtol=1e-15)


def test_a_residual_is_added_to_the_position():
    following = integrate(PositionCorrectionTarget(SPACE), STATE, np.array([0.5, 0.0, -0.5, 1.0, -2.0, 0.0]))
    np.testing.assert_allclose(following, [1.61, 2.18, 2.8, 11, 18, 30], rtol=1e-15)


@EACH
@given(states=STATES)
def test_the_target_between_two_states_leads_from_one_to_the_other(kind, states):
    """Up to whole turns. An acceleration target leads only to positions that follow the semi-implicit rule."""
    target, (state, following) = kind(SPACE), states
    if kind is AccelerationTarget:
        following[:3] = state[:3] + SPACE.dt * following[3:]
    value = target.between(state, following)
    assert value.shape == (SIZE[kind],)
    np.testing.assert_allclose(SPACE.difference(following, integrate(target, state, value)), 0, atol=1e-12)


@EACH
@given(states=STATES)
def test_a_target_is_recovered_from_the_change_of_the_state(kind, states):
    target, state, value = kind(SPACE), states[0], states[1, : SIZE[kind]]
    np.testing.assert_allclose(target.of_change(state, target.change(state, value)), value, atol=1e-12)


@EACH
@given(states=STATES)
def test_a_target_is_recovered_from_the_state_that_follows(kind, states):
    target, state, value = kind(SPACE), states[0], states[1, : SIZE[kind]] / 50  # less than half a turn
    np.testing.assert_allclose(target.between(state, integrate(target, state, value)), value, atol=1e-12)


PENDULUM = """<mujoco><option integrator="{}"/><worldbody><body><joint name="x" axis="0 1 0"/><geom size=".1"/></body>
</worldbody></mujoco>"""


@pytest.mark.parametrize(
    ("requested", "integrator", "observe", "kind"),
    [
        ("acceleration", "Euler", "all", AccelerationTarget),
        ("acceleration", "RK4", "all", PositionCorrectionTarget),
        ("acceleration", "Euler", "qpos", DeltaTarget),
        ("delta", "Euler", "all", DeltaTarget),
    ],
)
def test_the_target_suits_the_integrator_and_the_observed_coordinates(requested, integrator, observe, kind):
    env = MjcfEnv(xml="toy.xml", mjcf=PENDULUM.format(integrator), observe=(observe,))
    assert isinstance(target_of(env, requested), kind)
