"""Tests of the constraints that the layer does not support, and of the limit on active contacts."""

import mujoco
import numpy as np

from dynax.mechanics.constraints import JointRows, contact_overflow, unsupported_constraints

SCENE = """<mujoco><option {option}><flag {flags}/></option><worldbody><geom type="plane" size="1 1 1"/>
<body><joint name="a" range="-1 1"/><geom size=".1" contype="0" conaffinity="0"/>
<body pos="0 0 .3"><joint name="b"/><geom size=".1" contype="0" conaffinity="0"/></body></body>{boxes}</worldbody>
{rest}</mujoco>"""


def scene(option="", flags="", boxes=0, rest=""):
    box = '<body pos="{} 0 .05"><freejoint/><geom type="box" size=".1 .1 .1"/></body>'
    boxes = "".join(box.format(i) for i in range(1, boxes + 1))
    return mujoco.MjModel.from_xml_string(SCENE.format(option=option, flags=flags, boxes=boxes, rest=rest))


def test_unsupported_constraints_are_named():
    assert unsupported_constraints(scene()) == ()
    tendon = '<tendon><fixed range="-1 1" frictionloss="1"><joint joint="a" coef="1"/></fixed></tendon>'
    rest = f'{tendon}<equality><joint joint1="a" joint2="b"/></equality>'
    assert unsupported_constraints(scene('noslip_iterations="2"', 'diagexact="enable"', rest=rest)) == (
        "equality constraints", "tendon limits", "tendon friction", "noslip iterations",
        "the exact diagonal (diagexact)",
    )  # fmt: skip


def test_simultaneously_active_joint_limits_are_named():
    hinge = '<joint range="-1 1" margin="{}" limited="true"/>'
    mjcf = f'<mujoco><compiler angle="radian"/><worldbody><body>{hinge}<geom size=".1"/></body></worldbody></mujoco>'
    assert unsupported_constraints(mujoco.MjModel.from_xml_string(mjcf.format(0.9))) == ()
    assert unsupported_constraints(mujoco.MjModel.from_xml_string(mjcf.format(1.1))) == (
        "simultaneously active lower and upper joint limits",
    )


def test_disabled_constraints_have_no_rows():
    assert len(JointRows.of(scene())) == 1
    assert len(JointRows.of(scene(flags='constraint="disable"'))) == 0


def test_overflow_is_the_share_of_states_with_too_many_contacts():
    two, three = scene(boxes=2), scene(boxes=3)
    assert contact_overflow(two, two.qpos0[None]) == 0
    lifted = three.qpos0.copy()
    lifted[4] = 1.0  # one of them in the air
    assert contact_overflow(three, np.array([three.qpos0, lifted])) == 0.5


def test_contacts_within_the_gap_are_not_counted():
    three = scene(boxes=3)
    three.geom_gap[:] = 0.1
    above = three.qpos0.copy()
    above[[4, 11, 18]] += 0.1  # the boxes are within the gap, but not within the margin
    assert contact_overflow(three, above[None]) == 0
