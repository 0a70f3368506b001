"""Dry friction."""

import jax.numpy as jnp
import numpy as np
import pytest

from dynax.components.friction import STOPPED, STRIBECK, learned_friction

UNIT = np.array([2.0])


def force(v, coulomb=0.0, stribeck=0.0, offset=0.0, speeds=(0.0, 0.0)):
    constants = {
        "friction": jnp.array([[coulomb], [stribeck], [offset]]),
        "friction_speeds": jnp.array(speeds)[:, None],
    }
    return float(learned_friction(lambda name, *_: constants[name], jnp.array([v]), jnp.asarray(UNIT))[0])


def test_fast_motion_feels_coulomb_friction_against_the_velocity():
    assert force(10.0, coulomb=0.3, stribeck=0.5) == pytest.approx(-0.3, rel=1e-5)
    assert force(-10.0, coulomb=0.3, stribeck=0.5) == pytest.approx(0.3, rel=1e-5)


def test_slow_motion_feels_stribeck_friction_as_well():
    slow = 4 * STOPPED * UNIT[0]
    expected = -(0.3 + 0.5 * np.exp(-((slow / (STRIBECK * UNIT[0])) ** 2))) * np.tanh(4)
    assert force(slow, coulomb=0.3, stribeck=0.5) == pytest.approx(expected, rel=1e-5)


def test_only_the_offset_acts_at_rest():
    assert force(0.0, coulomb=0.3, stribeck=0.5, offset=0.1) == pytest.approx(-0.1)


def test_speeds_are_learned_within_a_range():
    small = 1e-4 * UNIT[0]
    slopes = [force(small, coulomb=1.0, speeds=(speed, 0.0)) / small for speed in (-100.0, 0.0, 100.0)]
    np.testing.assert_allclose(np.array(slopes) / slopes[1], np.exp([2.0, 0.0, -2.0]), rtol=1e-2)
