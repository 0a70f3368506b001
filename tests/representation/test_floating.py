"""The frame of a floating base, and the elements of a scene that make its horizontal position and yaw matter."""

import mujoco
import numpy as np
import pytest

from dynax.envs import MjcfEnv
from dynax.math import rotations
from dynax.representation.floating import FloatingFrame

FLOOR = '<geom name="floor" type="plane" size="5 5 .1"/>'
BASE = """<body name="base"><freejoint name="root"/><geom size=".1"/><site name="tip"/>
<body pos="0 0 -.2"><joint name="hip" axis="0 1 0"/><geom size=".05"/></body></body>"""
BOX = '<body name="box" pos="1 0 0"><freejoint name="loose"/><geom type="box" size=".1 .1 .1"/></body>'
NO_GRAVITY = '<option gravity="0 0 0"/>'


def model_of(world=FLOOR + BASE, rest=""):
    return mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{world}</worldbody>{rest}</mujoco>")


def frame_of(*parts):
    frame = FloatingFrame.of(model_of(*parts))
    assert frame is not None
    return frame


@pytest.mark.parametrize(
    "world",
    [
        '<body><joint/><geom size=".1"/></body>',
        '<body><joint type="ball"/><geom size=".1"/></body>',
        '<body><joint type="slide"/><joint type="slide" axis="1 0 0"/><joint axis="0 1 0"/><geom size=".1"/></body>',
        BOX + '<body><joint/><geom size=".1"/></body>',  # an arm with a fixed base, and a box
    ],
)
def test_a_robot_with_a_fixed_base_has_no_floating_frame(world):
    assert FloatingFrame.of(model_of(FLOOR + world)) is None


@pytest.mark.parametrize("world", [BASE + BOX, BOX + BASE])
def test_the_base_is_the_free_body_with_most_joints(world):
    model = model_of(FLOOR + world)
    root, loose = model.joint("root"), model.joint("loose")
    where = tuple((int(j.qposadr[0]), int(j.dofadr[0])) for j in (root, loose))
    assert frame_of(FLOOR + world).bodies == where


def test_the_degrees_of_freedom_are_those_of_the_free_joints():
    assert frame_of(BASE + BOX).dofs.tolist() == [True] * 6 + [False] + [True] * 6


def test_up_is_against_gravity_or_out_of_the_floor_or_none():
    np.testing.assert_allclose(frame_of().up, [0, 0, 1])
    np.testing.assert_allclose(frame_of(BASE, '<option gravity="9.81 0 0"/>').up, [-1, 0, 0])
    np.testing.assert_allclose(frame_of(FLOOR + BASE, NO_GRAVITY).up, [0, 0, 1])
    assert frame_of(BASE, NO_GRAVITY).up is None
    assert frame_of(BASE, '<option><flag gravity="disable"/></option>').up is None


STAND = '<site name="post" pos="0 0 1"/>'
DEPENDENCE = {
    "static geometry within reach that is not a plane": (
        FLOOR + BASE + '<geom type="box" size=".1 .1 .1" pos="2 0 0"/>',
        "",
    ),
    "a plane within reach that is not level": (BASE + '<geom type="plane" size="1 1 .1" euler="10 0 0"/>', ""),
    "the equality `tie` with the world or a mocap body": (
        BASE,
        '<equality><connect name="tie" body1="base" anchor="0 0 0"/></equality>',
    ),
    "the equality `0` with the world or a mocap body": (BASE, '<equality><weld body1="base"/></equality>'),
    "a tendon attached to the world or a mocap body, or wrapped around it": (
        BASE + STAND,
        '<tendon><spatial><site site="post"/><site site="tip"/></spatial></tendon>',
    ),
    "an actuator that acts relative to the world or a mocap body": (
        BASE + STAND,
        '<actuator><general site="tip" refsite="post" gear="1 0 0 0 0 0"/></actuator>',
    ),
    "the equality `leash` with the world or a mocap body": (
        BASE + '<body name="hand" mocap="true"/>',
        '<equality><weld name="leash" body1="base" body2="hand"/></equality>',
    ),
    "the equality `pin` with the world or a mocap body": (
        BASE + STAND,
        '<equality><connect name="pin" site1="tip" site2="post"/></equality>',
    ),
    "a spring between the world and a floating body": (
        BASE.replace("<freejoint name", '<joint type="free" stiffness="1" name'),
        "",
    ),
    "an actuator that pushes along world axes": (
        BASE,
        '<actuator><motor joint="root" gear="1 0 0 0 0 0"/></actuator>',
    ),
    "wind": (BASE, '<option wind="1 0 0" density="1"/>'),
}


@pytest.mark.parametrize("reason", DEPENDENCE)
def test_the_element_that_makes_the_pose_matter_is_named(reason):
    assert frame_of(*DEPENDENCE[reason]).dependence == reason


FOOT = BASE.replace("</body></body>", '<site name="foot"/></body></body>')
POLE = '<geom name="pole" type="cylinder" size=".05 1" contype="0" conaffinity="0"/>'


@pytest.mark.parametrize(
    ("world", "rest", "reason"),
    [
        (
            FOOT + POLE,
            '<tendon><spatial><site site="foot"/><geom geom="pole"/><site site="tip"/></spatial></tendon>',
            "a tendon attached to the world or a mocap body, or wrapped around it",
        ),
        (
            BASE + STAND,
            '<actuator><general cranksite="tip" slidersite="post" cranklength="1"/></actuator>',
            "an actuator that acts relative to the world or a mocap body",
        ),
        (
            BASE.replace("<freejoint name", '<joint type="free" stiffness="0 1" name'),
            "",
            "a spring between the world and a floating body",
        ),
    ],
)
def test_rare_elements_are_named_too(world, rest, reason):
    assert frame_of(world, rest).dependence == reason


def test_torques_about_world_axes_differ_from_torques_about_body_axes():
    torque = '<actuator><motor jointinparent="root" gear="0 0 0 {}"/></actuator>'
    assert frame_of(BASE, torque.format("1 0 0")).dependence == "an actuator that pushes along world axes"
    assert not frame_of(BASE, torque.format("0 0 1")).dependence


def test_a_mocap_body_that_can_be_touched_is_static_geometry():
    assert (
        frame_of(BASE + '<body mocap="true"><geom size=".1"/></body>').dependence
        == "static geometry within reach that is not a plane"
    )


INVARIANT = {
    "a level floor": (FLOOR + BASE, ""),
    "nothing at all": (BASE, ""),
    "static geometry out of reach": (BASE + '<geom size=".1" contype="0" conaffinity="0"/>', ""),
    "an equality between its own joints": (BASE, '<equality><joint joint1="hip"/></equality>'),
    "a tendon between its own parts": (
        BASE.replace("</body></body>", '<site name="foot"/></body></body>'),
        '<tendon><spatial><site site="foot"/><site site="tip"/></spatial></tendon>',
    ),
    "a lift": (BASE, '<actuator><motor joint="root" gear="0 0 1 0 0 0"/></actuator>'),
    "thrust about its own axes": (BASE, '<actuator><motor joint="root" gear="0 0 0 1 0 0"/></actuator>'),
    "wind in a vacuum": (BASE, '<option wind="1 0 0"/>'),
    "a loose box": (FLOOR + BASE + BOX, ""),
}


@pytest.mark.parametrize("scene", INVARIANT)
def test_horizontal_position_and_yaw_do_not_matter_with(scene):
    assert frame_of(*INVARIANT[scene]).dependence == ""


NOTHING = np.zeros(13, bool)


@pytest.fixture(scope="module")
def robot():
    return MjcfEnv(xml="toy.xml", mjcf=f"<mujoco><worldbody>{FLOOR + BASE + BOX}</worldbody></mujoco>")


def displaced(space, states, angle, shift):
    """States (..., S) of a robot with a box after a yaw and a displacement of both."""
    states, yaw = states.copy(), np.array([np.cos(angle / 2), 0, 0, np.sin(angle / 2)])
    matrix = rotations.matrix(yaw)
    for q, v in ((0, 0), (8, 7)):
        states[..., q : q + 3] = states[..., q : q + 3] @ matrix.T + shift
        states[..., q + 3 : q + 7] = rotations.multiply(yaw, states[..., q + 3 : q + 7])
        v += space.nq
        states[..., v : v + 3] = states[..., v : v + 3] @ matrix.T
    return states


def test_features_and_velocities_do_not_depend_on_horizontal_position_and_yaw(robot):
    frame, states = FloatingFrame.of(robot.mj_model), robot.sample_states(np.random.default_rng(0), 20)
    others = displaced(robot.space, states, 2.0, [3.0, -1.0, 0.0])
    features = [frame.positions(x, NOTHING) for x in (states, others)]
    assert features[0].shape == (20, 1 + 3 + 9)  # height, up; position and two axes of the box
    np.testing.assert_allclose(features[1], features[0], atol=1e-12)
    velocities = [frame.to_base(x, robot.space.qvel(x)) for x in (states, others)]
    np.testing.assert_allclose(velocities[1], velocities[0], atol=1e-12)


def test_positions_contain_height_and_upward_direction(robot):
    frame, states = FloatingFrame.of(robot.mj_model), robot.sample_states(np.random.default_rng(0), 20)
    features = frame.positions(states, NOTHING)
    assert np.array_equal(features[:, 0], states[:, 2])
    np.testing.assert_allclose(features[:, 1:4], rotations.matrix(states[:, 3:7])[:, 2], atol=1e-15)


def test_to_world_is_the_inverse_of_to_base(robot):
    frame, states = FloatingFrame.of(robot.mj_model), robot.sample_states(np.random.default_rng(0), 20)
    velocities = robot.space.qvel(states)
    in_base = frame.to_base(states, velocities)
    np.testing.assert_allclose(frame.to_world(states, in_base), velocities, atol=1e-14)
    angular = [3, 4, 5, 6, 10, 11, 12]  # in the axes of the body already, and the hip
    assert np.array_equal(in_base[:, angular], velocities[:, angular])


def test_velocities_in_the_base_frame_are_those_of_mujoco_sensors(robot):
    """With a velocimeter and a gyroscope at the origin of the base."""
    sensors = '<sensor><velocimeter site="tip"/><gyro site="tip"/></sensor></mujoco>'
    model = mujoco.MjModel.from_xml_string(robot.mjcf.replace("</mujoco>", sensors))
    data, [state] = mujoco.MjData(model), robot.sample_states(np.random.default_rng(0), 1)
    data.qpos[:], data.qvel[:] = robot.space.qpos(state), robot.space.qvel(state)
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(
        FloatingFrame.of(model).to_base(state, robot.space.qvel(state))[:6], data.sensordata, atol=1e-12
    )


def test_the_whole_pose_is_among_the_features_if_it_matters(robot):
    post = '<geom type="box" size=".1 .1 .1" pos="2 0 0"/></worldbody>'
    frame = FloatingFrame.of(mujoco.MjModel.from_xml_string(robot.mjcf.replace("</worldbody>", post)))
    states = robot.sample_states(np.random.default_rng(0), 20)
    features = frame.positions(states, NOTHING)
    assert features.shape == (20, 9 + 9)
    assert np.array_equal(features[:, :3], states[:, :3])
    dropped = np.arange(13) < 2
    assert np.array_equal(frame.positions(states, dropped), features[:, 2:])
