"""Tests of kinematic trees: which bases are floating."""

import mujoco
import pytest

from dynax.mechanics.trees import trees


def tree(joints, inside=""):
    xml = f'<mujoco><worldbody><body>{joints}<geom size=".1"/>{inside}</body></worldbody></mujoco>'
    [result] = trees(mujoco.MjModel.from_xml_string(xml))
    return result


X, Z = '<joint type="slide" axis="1 0 0"/>', '<joint type="slide" axis="0 0 1"/>'
PITCH, ROLL, BALL = '<joint axis="0 1 0"/>', '<joint axis="1 0 0"/>', '<joint type="ball"/>'
Y = '<joint type="slide" axis="0 1 0"/>'


@pytest.mark.parametrize(
    ("joints", "translation", "rotation"),
    [
        ("<freejoint/>", [0, 1, 2], [3, 4, 5]),
        (X + Z + PITCH, [0, 1], [2]),
        (X + Z, [0, 1], []),
        (X + Y + Z + BALL, [0, 1, 2], [3, 4, 5]),
    ],
)
def test_root_that_moves_freely_is_a_floating_base(joints, translation, rotation):
    result = tree(joints)
    assert result.floating_base
    assert (result.translation.tolist(), result.rotation.tolist()) == (translation, rotation)


@pytest.mark.parametrize("joints", [PITCH, X + PITCH, X + Z + ROLL, X + Z + BALL, PITCH + X + Z, BALL])
def test_root_that_is_fixed_or_rotates_out_of_its_plane_is_a_fixed_base(joints):
    assert not tree(joints).floating_base
