"""Trees: which bases float."""

import mujoco
import pytest

from dynax.mechanics.trees import trees


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
