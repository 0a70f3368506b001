"""The frame of a robot that floats: which bodies it is of, when it is there, and what keeps place and heading in it."""

import mujoco
import numpy as np
import pytest

from dynax.envs import MjcfEnv
from dynax.math import rotations
from dynax.representation.frames import Floating

FLOOR = '<geom name="floor" type="plane" size="5 5 .1"/>'
BASE = """<body name="base"><freejoint name="root"/><geom size=".1"/><site name="tip"/>
<body pos="0 0 -.2"><joint name="hip" axis="0 1 0"/><geom size=".05"/></body></body>"""
BOX = '<body name="box" pos="1 0 0"><freejoint name="loose"/><geom type="box" size=".1 .1 .1"/></body>'
NO_GRAVITY = '<option gravity="0 0 0"/>'


def model_of(world=FLOOR + BASE, rest=""):
    return mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{world}</worldbody>{rest}</mujoco>")


def frame_of(*parts):
    frame = Floating.of(model_of(*parts))
    assert frame is not None
    return frame


@pytest.mark.parametrize(
    "world",
    [
        '<body><joint/><geom size=".1"/></body>',
        '<body><joint type="ball"/><geom size=".1"/></body>',
        '<body><joint type="slide"/><joint type="slide" axis="1 0 0"/><joint axis="0 1 0"/><geom size=".1"/></body>',
        BOX + '<body><joint/><geom size=".1"/></body>',  # an arm on the ground, and a box
    ],
)
def test_a_robot_that_stands_in_the_world_has_none(world):
    assert Floating.of(model_of(FLOOR + world)) is None


@pytest.mark.parametrize("world", [BASE + BOX, BOX + BASE])
def test_the_base_is_the_free_body_with_most_joints(world):
    model = model_of(FLOOR + world)
    root, loose = model.joint("root"), model.joint("loose")
    where = tuple((int(j.qposadr[0]), int(j.dofadr[0])) for j in (root, loose))
    assert frame_of(FLOOR + world).bodies == where


def test_its_degrees_of_freedom_are_those_of_the_free_joints():
    assert frame_of(BASE + BOX).dofs.tolist() == [True] * 6 + [False] + [True] * 6


def test_up_is_against_gravity_or_out_of_the_floor_or_nowhere():
    np.testing.assert_allclose(frame_of().up, [0, 0, 1])
    np.testing.assert_allclose(frame_of(BASE, '<option gravity="9.81 0 0"/>').up, [-1, 0, 0])
    np.testing.assert_allclose(frame_of(FLOOR + BASE, NO_GRAVITY).up, [0, 0, 1])
    assert frame_of(BASE, NO_GRAVITY).up is None
    assert frame_of(BASE, '<option><flag gravity="disable"/></option>').up is None


STAND = '<site name="post" pos="0 0 1"/>'
KEPT = {
    "scenery in reach that is not a plane": (FLOOR + BASE + '<geom type="box" size=".1 .1 .1" pos="2 0 0"/>', ""),
    "a plane in reach that is not level": (BASE + '<geom type="plane" size="1 1 .1" euler="10 0 0"/>', ""),
    "the equality `tie` with the world or a mocap body": (
        BASE,
        '<equality><connect name="tie" body1="base" anchor="0 0 0"/></equality>',
    ),
    "the equality `0` with the world or a mocap body": (BASE, '<equality><weld body1="base"/></equality>'),
    "a tendon fixed to the world or a mocap body, or around it": (
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
    "a spring between the world and what floats": (
        BASE.replace("<freejoint name", '<joint type="free" stiffness="1" name'),
        "",
    ),
    "an actuator that pushes along axes of the world": (
        BASE,
        '<actuator><motor joint="root" gear="1 0 0 0 0 0"/></actuator>',
    ),
    "wind": (BASE, '<option wind="1 0 0" density="1"/>'),
}


@pytest.mark.parametrize("reason", KEPT)
def test_what_tells_one_place_from_another_is_named(reason):
    assert frame_of(*KEPT[reason]).kept == reason


FOOT = BASE.replace("</body></body>", '<site name="foot"/></body></body>')
POLE = '<geom name="pole" type="cylinder" size=".05 1" contype="0" conaffinity="0"/>'


@pytest.mark.parametrize(
    ("world", "rest", "reason"),
    [
        (
            FOOT + POLE,
            '<tendon><spatial><site site="foot"/><geom geom="pole"/><site site="tip"/></spatial></tendon>',
            "a tendon fixed to the world or a mocap body, or around it",
        ),
        (
            BASE + STAND,
            '<actuator><general cranksite="tip" slidersite="post" cranklength="1"/></actuator>',
            "an actuator that acts relative to the world or a mocap body",
        ),
        (
            BASE.replace("<freejoint name", '<joint type="free" stiffness="0 1" name'),
            "",
            "a spring between the world and what floats",
        ),
    ],
)
def test_so_are_ways_that_are_seldom_used(world, rest, reason):
    assert frame_of(world, rest).kept == reason


def test_torques_about_axes_of_the_world_are_told_from_those_of_the_body():
    torque = '<actuator><motor jointinparent="root" gear="0 0 0 {}"/></actuator>'
    assert frame_of(BASE, torque.format("1 0 0")).kept == "an actuator that pushes along axes of the world"
    assert not frame_of(BASE, torque.format("0 0 1")).kept


def test_a_mocap_body_that_can_be_touched_is_scenery():
    assert frame_of(BASE + '<body mocap="true"><geom size=".1"/></body>').kept == "scenery in reach that is not a plane"


ALIKE = {
    "a level floor": (FLOOR + BASE, ""),
    "nothing at all": (BASE, ""),
    "scenery that is out of reach": (BASE + '<geom size=".1" contype="0" conaffinity="0"/>', ""),
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


@pytest.mark.parametrize("what", ALIKE)
def test_place_and_heading_do_not_matter_with(what):
    assert frame_of(*ALIKE[what]).kept == ""


NOTHING = np.zeros(13, bool)


@pytest.fixture(scope="module")
def robot():
    return MjcfEnv(xml="toy.xml", mjcf=f"<mujoco><worldbody>{FLOOR + BASE + BOX}</worldbody></mujoco>")


def moved(space, states, angle, shift):
    """States (..., S) of a robot with a box, both turned about the vertical and moved."""
    states, turn = states.copy(), np.array([np.cos(angle / 2), 0, 0, np.sin(angle / 2)])
    matrix = rotations.matrix(turn)
    for q, v in ((0, 0), (8, 7)):
        states[..., q : q + 3] = states[..., q : q + 3] @ matrix.T + shift
        states[..., q + 3 : q + 7] = rotations.multiply(turn, states[..., q + 3 : q + 7])
        v += space.nq
        states[..., v : v + 3] = states[..., v : v + 3] @ matrix.T
    return states


def test_wherever_it_is_and_whichever_way_it_faces_its_base_sees_the_same(robot):
    frame, states = Floating.of(robot.mj_model), robot.sample_states(np.random.default_rng(0), 20)
    elsewhere = moved(robot.space, states, 2.0, [3.0, -1.0, 0.0])
    seen = [frame.positions(x, NOTHING) for x in (states, elsewhere)]
    assert seen[0].shape == (20, 1 + 3 + 9)  # height, up; place and two axes of the box
    np.testing.assert_allclose(seen[1], seen[0], atol=1e-12)
    velocities = [frame.seen(x, robot.space.qvel(x)) for x in (states, elsewhere)]
    np.testing.assert_allclose(velocities[1], velocities[0], atol=1e-12)


def test_it_sees_its_height_and_its_tilt(robot):
    frame, states = Floating.of(robot.mj_model), robot.sample_states(np.random.default_rng(0), 20)
    seen = frame.positions(states, NOTHING)
    assert np.array_equal(seen[:, 0], states[:, 2])
    np.testing.assert_allclose(seen[:, 1:4], rotations.matrix(states[:, 3:7])[:, 2], atol=1e-15)


def test_unseen_undoes_seen(robot):
    frame, states = Floating.of(robot.mj_model), robot.sample_states(np.random.default_rng(0), 20)
    velocities = robot.space.qvel(states)
    seen = frame.seen(states, velocities)
    np.testing.assert_allclose(frame.unseen(states, seen), velocities, atol=1e-14)
    angular = [3, 4, 5, 6, 10, 11, 12]  # in the axes of the body already, and the hip
    assert np.array_equal(seen[:, angular], velocities[:, angular])


def test_what_it_sees_of_its_speed_is_what_mujoco_measures_on_board(robot):
    """A velocimeter and a gyroscope at the origin of the base."""
    sensors = '<sensor><velocimeter site="tip"/><gyro site="tip"/></sensor></mujoco>'
    model = mujoco.MjModel.from_xml_string(robot.mjcf.replace("</mujoco>", sensors))
    data, [state] = mujoco.MjData(model), robot.sample_states(np.random.default_rng(0), 1)
    data.qpos[:], data.qvel[:] = robot.space.qpos(state), robot.space.qvel(state)
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(Floating.of(model).seen(state, robot.space.qvel(state))[:6], data.sensordata, atol=1e-12)


def test_where_place_is_kept_the_whole_pose_is_seen(robot):
    post = '<geom type="box" size=".1 .1 .1" pos="2 0 0"/></worldbody>'
    frame = Floating.of(mujoco.MjModel.from_xml_string(robot.mjcf.replace("</worldbody>", post)))
    states = robot.sample_states(np.random.default_rng(0), 20)
    seen = frame.positions(states, NOTHING)
    assert seen.shape == (20, 9 + 9)
    assert np.array_equal(seen[:, :3], states[:, :3])
    dropped = np.arange(13) < 2
    assert np.array_equal(frame.positions(states, dropped), seen[:, 2:])
