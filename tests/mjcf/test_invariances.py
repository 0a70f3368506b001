"""Positions and velocities on which no acceleration depends."""

import mujoco
import pytest

from dynax.mjcf.invariances import galilean_invariant_dofs, invariant_translations

ALONG = 'type="slide" axis="1 0 0"'
GHOST = 'size=".1" contype="0" conaffinity="0"'
POLE = f'<body><joint name="hinge" axis="0 1 0"/><geom {GHOST}/></body>'


def invariant(joint=ALONG, *, before="", geom=GHOST, inside=POLE, rest="", option="", world=""):
    """Return the invariant positions of a cart on the joint `joint` that carries the bodies `inside`."""
    xml = f"""<mujoco><option {option}/><worldbody><site name="home"/>{world}
    <body>{before}<joint name="x" {joint}/><geom name="cart" {geom}/><site name="grip"/>{inside}</body>
    </worldbody>{rest}</mujoco>"""
    return invariant_translations(mujoco.MjModel.from_xml_string(xml)).tolist()


def actuator(text):
    return {"rest": f"<actuator>{text}</actuator>"}


def test_a_cart_is_invariant_along_its_rail():
    assert invariant(**actuator('<motor joint="x"/>')) == [True, False]


def test_joint_limits_damping_and_friction_preserve_the_invariance():
    assert invariant(f'{ALONG} range="-1 1" damping="1" frictionloss=".1"') == [True, False]


def test_only_the_carts_are_invariant_among_the_classics(robots):
    invariances = {name: env.space.invariant.tolist() for name, env in robots.items() if env.space.invariant.any()}
    assert invariances == {
        "cart_pole": [True, False],
        "double_cart_pole": [True, False, False],
        "nerd_cartpole": [True, False],
    }


HARMLESS = {
    "a level floor": {"geom": 'size=".1"', "world": '<geom type="plane" size="1 1 1"/>'},
    "a floor that it does not touch": {"world": '<geom type="plane" size="1 1 1" zaxis=".1 0 1"/>'},
    "a wall along the rail": {"geom": 'size=".1"', "world": '<geom type="plane" size="1 1 1" zaxis="0 1 0"/>'},
    "its own parts": {"geom": 'size=".1"', "inside": POLE.replace(GHOST, 'size=".1" pos="1 0 0"')},
    "still air": {"option": 'density="1.2"'},
    "a tendon of another joint": {"rest": '<tendon><fixed><joint joint="hinge" coef="1"/></fixed></tendon>'},
    "a rotated axis": {"joint": 'type="slide" axis="0 0 1"'},
}


@pytest.mark.parametrize("scene", HARMLESS.values(), ids=HARMLESS)
def test_a_scene_without_dependence_on_the_position_preserves_the_invariance(scene):
    assert invariant(**scene)[0]


def floating(world):
    xml = f"""<mujoco><worldbody>{world}<body pos="0 0 1"><freejoint/><geom size=".1"/>
    <body pos=".3 0 0"><joint axis="0 1 0"/><geom size=".1"/></body></body></worldbody></mujoco>"""
    return mujoco.MjModel.from_xml_string(xml)


def test_a_level_floor_breaks_only_the_invariance_of_the_height():
    floor = '<geom type="plane" size="1 1 1"/>'
    assert invariant_translations(floating(floor)).tolist() == [True, True, False] + [False] * 4
    assert invariant_translations(floating("")).tolist() == [True] * 3 + [False] * 4
    assert not invariant_translations(floating('<geom type="box" size="1 1 1"/>')).any()


def test_the_distance_of_two_fingers_is_not_invariant_but_their_common_position_is():
    finger = '<body pos="{x} 0 0"><joint type="slide" axis="1 0 0"/><geom size=".1"/></body>'
    pair = finger.format(x=-0.3) + finger.format(x=0.3)
    assert invariant(inside=pair) == [True, False, False]
    assert invariant(inside=finger.format(x=0.3)) == [True, True]


@pytest.mark.parametrize("stiffness", ["1", "0 1"])
def test_a_spring_breaks_the_invariance_of_a_free_joint(stiffness):
    joint = f'<joint type="free" stiffness="{stiffness}"/>'
    xml = f'<mujoco><worldbody><body>{joint}<geom size=".1"/></body></worldbody></mujoco>'
    assert not invariant_translations(mujoco.MjModel.from_xml_string(xml)).any()


def test_a_gantry_is_invariant_along_both_rails():
    assert invariant(inside=f'<body><joint type="slide" axis="0 0 1"/><geom {GHOST}/></body>') == [True, True]


def test_a_slide_behind_a_hinge_is_not_invariant():
    slide = f"<body><joint {ALONG}/><geom {GHOST}/></body>"
    assert invariant(inside=POLE.replace("</body>", f"{slide}</body>")) == [True, False, False]


def test_a_slide_behind_a_hinge_of_the_same_body_is_not_invariant():
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
def test_a_force_that_depends_on_the_position_breaks_the_invariance(anchor):
    assert not any(invariant(**anchor))


FLYING = (
    "{joint}<geom size='.1'/><body pos='.3 0 0'><joint name='hip' axis='0 1 0' damping='1'/><geom size='.1'/></body>"
)
HIP = '<actuator><motor joint="hip"/></actuator>'


def galilean(joint="<freejoint name='root'/>", rest=HIP, option="", beside=""):
    """Return the Galilean-invariant degrees of freedom of a body on `joint` with a leg."""
    xml = f"""<mujoco><option {option}/><worldbody><geom type="box" size="1 1 1" pos="0 0 -3"/>
    <body>{FLYING.format(joint=joint)}</body>{beside}</worldbody>{rest}</mujoco>"""
    return galilean_invariant_dofs(mujoco.MjModel.from_xml_string(xml)).tolist()


def test_the_linear_velocity_of_a_flying_robot_is_invariant():
    assert galilean() == [True] * 3 + [False] * 4
    assert (
        galilean(f"<joint {ALONG}/><joint type='slide' axis='0 0 1'/><joint axis='0 1 0'/>") == [True] * 2 + [False] * 2
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
    ids=["damper", "friction", "spring", "air", "honey", "another robot", "a servo at the root", "an equality"],
)
def test_a_force_that_depends_on_the_velocity_breaks_the_invariance(scene):
    assert not any(galilean(**scene))


def test_a_slide_that_moves_only_a_part_is_not_invariant():
    part = f"<body pos='0 0 1'><joint {ALONG}/><geom size='.1'/></body>"
    xml = f"<mujoco><worldbody><body><freejoint/><geom size='.1'/>{part}</body></worldbody></mujoco>"
    assert galilean_invariant_dofs(mujoco.MjModel.from_xml_string(xml)).tolist() == [True] * 3 + [False] * 4
