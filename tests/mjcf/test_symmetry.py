"""Symmetry: which positions nothing depends on, and which velocities."""

import mujoco
import numpy as np
import pytest

from dynax.mjcf.symmetry import galilean_invariant_dofs, invariant_translations, scenery

ALONG = 'type="slide" axis="1 0 0"'
GHOST = 'size=".1" contype="0" conaffinity="0"'
POLE = f'<body><joint name="hinge" axis="0 1 0"/><geom {GHOST}/></body>'


def invariant(joint=ALONG, *, before="", geom=GHOST, inside=POLE, rest="", option="", world=""):
    """Which positions of a cart on the joint `joint`, carrying `inside`, nothing depends on."""
    xml = f"""<mujoco><option {option}/><worldbody><site name="home"/>{world}
    <body>{before}<joint name="x" {joint}/><geom name="cart" {geom}/><site name="grip"/>{inside}</body>
    </worldbody>{rest}</mujoco>"""
    return invariant_translations(mujoco.MjModel.from_xml_string(xml)).tolist()


def actuator(text):
    return {"rest": f"<actuator>{text}</actuator>"}


def test_a_cart_may_be_moved_along_its_rail():
    assert invariant(**actuator('<motor joint="x"/>')) == [True, False]


def test_stops_damping_and_friction_do_not_tell_where_the_cart_is():
    assert invariant(f'{ALONG} range="-1 1" damping="1" frictionloss=".1"') == [True, False]


def test_of_the_robots_that_ship_only_those_with_carts_may_be_moved(robots):
    moved = {name: env.space.invariant.tolist() for name, env in robots.items() if env.space.invariant.any()}
    assert moved == {
        "cart_pole": [True, False],
        "double_cart_pole": [True, False, False],
        "nerd_cartpole": [True, False],
    }


FREE = {
    "a level floor": {"geom": 'size=".1"', "world": '<geom type="plane" size="1 1 1"/>'},
    "a floor that it does not touch": {"world": '<geom type="plane" size="1 1 1" zaxis=".1 0 1"/>'},
    "a wall along the way": {"geom": 'size=".1"', "world": '<geom type="plane" size="1 1 1" zaxis="0 1 0"/>'},
    "its own parts": {"geom": 'size=".1"', "inside": POLE.replace(GHOST, 'size=".1" pos="1 0 0"')},
    "still air": {"option": 'density="1.2"'},
    "a tendon of another joint": {"rest": '<tendon><fixed><joint joint="hinge" coef="1"/></fixed></tendon>'},
    "a frame that is turned": {"joint": 'type="slide" axis="0 0 1"'},
}


@pytest.mark.parametrize("scene", FREE.values(), ids=FREE)
def test_what_does_not_change_along_the_way_does_not_tell_the_place(scene):
    assert invariant(**scene)[0]


def floating(world):
    xml = f"""<mujoco><worldbody>{world}<body pos="0 0 1"><freejoint/><geom size=".1"/>
    <body pos=".3 0 0"><joint axis="0 1 0"/><geom size=".1"/></body></body></worldbody></mujoco>"""
    return mujoco.MjModel.from_xml_string(xml)


def test_over_a_level_floor_a_free_body_knows_its_height_alone():
    floor = '<geom type="plane" size="1 1 1"/>'
    assert invariant_translations(floating(floor)).tolist() == [True, True, False] + [False] * 4
    assert invariant_translations(floating("")).tolist() == [True] * 3 + [False] * 4
    assert not invariant_translations(floating('<geom type="box" size="1 1 1"/>')).any()


def test_fingers_know_how_far_they_are_apart_but_not_where_the_hand_is():
    finger = '<body pos="{x} 0 0"><joint type="slide" axis="1 0 0"/><geom size=".1"/></body>'
    pair = finger.format(x=-0.3) + finger.format(x=0.3)
    assert invariant(inside=pair) == [True, False, False]
    assert invariant(inside=finger.format(x=0.3)) == [True, True]


@pytest.mark.parametrize("stiffness", ["1", "0 1"])
def test_a_spring_holds_what_floats(stiffness):
    joint = f'<joint type="free" stiffness="{stiffness}"/>'
    xml = f'<mujoco><worldbody><body>{joint}<geom size=".1"/></body></worldbody></mujoco>'
    assert not invariant_translations(mujoco.MjModel.from_xml_string(xml)).any()


def test_scenery_is_what_can_be_touched():
    normals, planes_only = scenery(floating('<geom type="plane" size="1 1 1"/>'))
    np.testing.assert_allclose(normals, [[0, 0, 1]])
    assert planes_only
    assert not scenery(floating('<geom type="box" size="1 1 1"/>'))[1]
    assert scenery(floating(f'<geom type="box" {GHOST}/>'.replace('size=".1"', 'size="1 1 1"')))[1]


def test_a_gantry_may_be_moved_along_both_rails():
    assert invariant(inside=f'<body><joint type="slide" axis="0 0 1"/><geom {GHOST}/></body>') == [True, True]


def test_a_slide_carried_by_a_hinge_turns_against_gravity():
    slide = f"<body><joint {ALONG}/><geom {GHOST}/></body>"
    assert invariant(inside=POLE.replace("</body>", f"{slide}</body>")) == [True, False, False]


def test_a_hinge_before_the_slide_in_the_same_body_turns_it():
    assert invariant(before='<joint axis="0 1 0"/>', inside="") == [False, False]


ANCHORS = {
    "spring": {"joint": f'{ALONG} stiffness="1"'},
    "cubic spring": {"joint": f'{ALONG} stiffness="0 1"'},
    "position actuator": actuator('<position joint="x" kp="1"/>'),
    "gain by position": actuator('<general joint="x" gaintype="affine" gainprm="1 2 0"/>'),
    "site servo": actuator('<general site="grip" refsite="home" biastype="affine" biasprm="0 -1 0"/>'),
    "wall": {"geom": 'size=".1"', "world": '<geom type="box" size=".1 1 1" pos="3 0 0"/>'},
    "slope": {"geom": 'size=".1"', "world": '<geom type="plane" size="1 1 1" zaxis=".1 0 1"/>'},
    "contact pair": {
        "world": f'<geom name="wall" pos="3 0 0" {GHOST}/>',
        "rest": '<contact><pair geom1="cart" geom2="wall"/></contact>',
    },
    "another robot": {
        "geom": 'size=".1"',
        "world": '<body><joint axis="1 0 0"/><geom size=".1" pos="0 0 -1"/></body>',
    },
    "mocap body": {"geom": 'size=".1"', "world": '<body mocap="true"><geom size=".1" pos="3 0 0"/></body>'},
    "equality": {"rest": '<equality><joint joint1="x" joint2="hinge"/></equality>'},
    "tendon": {"rest": '<tendon><fixed><joint joint="x" coef="1"/></fixed></tendon>'},
}


@pytest.mark.parametrize("anchor", ANCHORS.values(), ids=ANCHORS)
def test_what_refers_to_the_position_ties_the_cart_to_its_place(anchor):
    assert not any(invariant(**anchor))


FLYING = (
    "{joint}<geom size='.1'/><body pos='.3 0 0'><joint name='hip' axis='0 1 0' damping='1'/><geom size='.1'/></body>"
)
HIP = '<actuator><motor joint="hip"/></actuator>'


def unfelt(joint="<freejoint name='root'/>", rest=HIP, option="", beside=""):
    """Which velocities of a body on `joint`, and of a leg on it, nothing but a contact feels."""
    xml = f"""<mujoco><option {option}/><worldbody><geom type="box" size="1 1 1" pos="0 0 -3"/>
    <body>{FLYING.format(joint=joint)}</body>{beside}</worldbody>{rest}</mujoco>"""
    return galilean_invariant_dofs(mujoco.MjModel.from_xml_string(xml)).tolist()


def test_how_fast_it_flies_a_robot_does_not_feel():
    assert unfelt() == [True] * 3 + [False] * 4
    assert (
        unfelt(f"<joint {ALONG}/><joint type='slide' axis='0 0 1'/><joint axis='0 1 0'/>") == [True] * 2 + [False] * 2
    )


@pytest.mark.parametrize(
    "scene",
    [
        {"joint": "<joint name='root' type='free' damping='1'/>"},
        {"joint": "<joint name='root' type='free' frictionloss='1'/>"},
        {"joint": "<joint name='root' type='free' stiffness='1'/>"},
        {"option": "density='1.2'"},
        {"option": "viscosity='1'"},
        {"beside": "<body><joint/><geom size='.1'/></body>"},
        {"rest": "<actuator><velocity joint='root' kv='1'/></actuator>"},
        {"rest": "<equality><joint joint1='hip'/></equality>"},
    ],
    ids=["damper", "friction", "spring", "air", "honey", "another robot", "a servo of its own", "an equality"],
)
def test_what_acts_on_its_velocity_it_feels(scene):
    assert not any(unfelt(**scene))


def test_a_slide_that_carries_a_part_alone_is_felt():
    part = f"<body pos='0 0 1'><joint {ALONG}/><geom size='.1'/></body>"
    xml = f"<mujoco><worldbody><body><freejoint/><geom size='.1'/>{part}</body></worldbody></mujoco>"
    assert galilean_invariant_dofs(mujoco.MjModel.from_xml_string(xml)).tolist() == [True] * 3 + [False] * 4
