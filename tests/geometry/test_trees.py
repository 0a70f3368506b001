"""Trees: which bases float, and which terms of the equations of motion can differ from zero."""

import mujoco
import numpy as np
import pytest

from dynax.geometry.trees import Pattern, trees


def tree(joints, inside=""):
    xml = f'<mujoco><worldbody><body>{joints}<geom size=".1"/>{inside}</body></worldbody></mujoco>'
    [found] = trees(mujoco.MjModel.from_xml_string(xml))
    return found


X, Z = '<joint type="slide" axis="1 0 0"/>', '<joint type="slide" axis="0 0 1"/>'
PITCH, ROLL, BALL = '<joint axis="0 1 0"/>', '<joint axis="1 0 0"/>', '<joint type="ball"/>'
Y = '<joint type="slide" axis="0 1 0"/>'


@pytest.mark.parametrize(
    ("joints", "linear", "turning"),
    [
        ("<freejoint/>", [0, 1, 2], [3, 4, 5]),
        (X + Z + PITCH, [0, 1], [2]),
        (X + Z, [0, 1], []),
        (X + Y + Z + BALL, [0, 1, 2], [3, 4, 5]),
    ],
)
def test_a_root_that_may_go_anywhere_floats(joints, linear, turning):
    found = tree(joints)
    assert (found.linear.tolist(), found.turning.tolist()) == (linear, turning)


@pytest.mark.parametrize("joints", [PITCH, X + PITCH, X + Z + ROLL, X + Z + BALL, PITCH + X + Z, BALL])
def test_a_root_that_is_held_or_turned_out_of_its_plane_does_not(joints):
    assert not tree(joints).floats


def test_the_base_shapes_nothing():
    leg = f'<body pos="0 0 -1">{PITCH}<geom size=".1"/></body>'
    xml = f'<mujoco><worldbody><body><freejoint/><geom size=".1"/>{leg}</body></worldbody></mujoco>'
    model = mujoco.MjModel.from_xml_string(xml)
    found = Pattern.of(model, trees(model)[0])
    assert found.inner.tolist() == [6]
    assert found.rates.tolist() == [3, 4, 5, 6]


def test_the_pattern_covers_mujocos_mass_matrix_and_no_more():
    from dynax import envs

    model = envs.make({"name": "quadruped"}).mj_model
    data, full = mujoco.MjData(model), np.zeros((model.nv, model.nv))
    mujoco.mj_integratePos(model, data.qpos, np.random.default_rng(0).normal(size=model.nv), 1.0)
    mujoco.mj_forward(model, data)
    mujoco.mj_fullM(model, data, full)
    pattern = Pattern.of(model, trees(model)[0])
    covered = np.zeros((model.nv, model.nv), bool)
    covered[pattern.entries] = True
    assert not full[np.tril(~covered)].any()
    assert covered.sum() == 6 * 7 / 2 + 12 * 6 + 4 * 6  # base, base and joints, within each leg
