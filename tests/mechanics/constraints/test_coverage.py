"""What the layer has no rows for, and where contacts are more than it follows."""

import mujoco
import numpy as np

from dynax.mechanics.constraints import JointRows, contact_overflow, left_out

SCENE = """<mujoco><option {option}><flag {flags}/></option><worldbody><geom type="plane" size="1 1 1"/>
<body><joint name="a" range="-1 1"/><geom size=".1" contype="0" conaffinity="0"/>
<body pos="0 0 .3"><joint name="b"/><geom size=".1" contype="0" conaffinity="0"/></body></body>{boxes}</worldbody>
{rest}</mujoco>"""


def scene(option="", flags="", boxes=0, rest=""):
    box = '<body pos="{} 0 .05"><freejoint/><geom type="box" size=".1 .1 .1"/></body>'
    boxes = "".join(box.format(i) for i in range(1, boxes + 1))
    return mujoco.MjModel.from_xml_string(SCENE.format(option=option, flags=flags, boxes=boxes, rest=rest))


def test_what_it_does_not_have_is_named():
    assert left_out(scene()) == ()
    tendon = '<tendon><fixed range="-1 1" frictionloss="1"><joint joint="a" coef="1"/></fixed></tendon>'
    rest = f'{tendon}<equality><joint joint1="a" joint2="b"/></equality>'
    assert left_out(scene('noslip_iterations="2"', 'diagexact="enable"', rest=rest)) == (
        "equalities", "limits of tendons", "friction of tendons", "the iterations without slip",
        "the exact diagonal (diagexact)",
    )  # fmt: skip


def test_stops_that_act_at_once_are_named():
    hinge = '<joint range="-1 1" margin="{}" limited="true"/>'
    mjcf = f'<mujoco><compiler angle="radian"/><worldbody><body>{hinge}<geom size=".1"/></body></worldbody></mujoco>'
    assert left_out(mujoco.MjModel.from_xml_string(mjcf.format(0.9))) == ()
    assert left_out(mujoco.MjModel.from_xml_string(mjcf.format(1.1))) == ("one of two stops that act at once",)


def test_there_are_no_rows_where_the_mjcf_has_no_constraints():
    assert len(JointRows.of(scene())) == 1
    assert len(JointRows.of(scene(flags='constraint="disable"'))) == 0


def test_more_contacts_than_it_follows_are_a_crowd():
    two, three = scene(boxes=2), scene(boxes=3)
    assert contact_overflow(two, two.qpos0[None]) == 0
    apart = three.qpos0.copy()
    apart[4] = 1.0  # one of them in the air
    assert contact_overflow(three, np.array([three.qpos0, apart])) == 0.5


def test_what_is_in_a_gap_is_no_contact():
    three = scene(boxes=3)
    three.geom_gap[:] = 0.1
    above = three.qpos0.copy()
    above[[4, 11, 18]] += 0.1  # of nothing but the boxes' height: reported, and not yet in touch
    assert contact_overflow(three, above[None]) == 0
