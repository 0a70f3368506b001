"""Numbers that make every simulation diverge are named, with their element and attribute."""

import mujoco
import pytest

from dynax.envs import Env
from dynax.errors import UserError
from dynax.mjcf.numbers import unusable_number

MJCF = """<mujoco>
  {option}
  <worldbody><body name="b" {body}><joint name="j" {joint}/><geom size=".1" mass="{mass}" {geom}/></body></worldbody>
  <actuator><motor name="m" joint="j" {motor}/></actuator>
  <keyframe><key name="k" {key}/></keyframe>
</mujoco>"""
WRONG = {
    "the attribute qpos of the key `k` contains nan": {"key": 'qpos="nan"'},
    "the attribute qvel of the key `k` contains 1e+300": {"key": 'qvel="1e300"'},
    "the attribute ctrl of the key `k` contains inf": {"key": 'ctrl="inf"'},
    "the attribute ctrlrange of the actuator `m` contains -1e+200": {"motor": 'ctrlrange="-1e200 1e200"'},
    "the attribute gear of the actuator `m` contains nan": {"motor": 'gear="nan"'},
    "the attribute mass of the body `b` contains 1e+100": {"mass": "1e100"},
    "the attribute pos of the body `b` contains -1e+20": {"body": 'pos="-1e20 0 0"'},
    "geom_friction of the compiled model contains NaN": {"geom": 'friction="nan"'},
    "the option gravity contains nan": {"option": '<option gravity="0 0 nan"/>'},
    "the option wind contains 1e+300": {"option": '<option wind="1e300 0 0"/>'},
    "o_margin of the compiled model contains NaN": {"option": '<option o_margin="nan"/>'},
}


def mjcf(**parts):
    return MJCF.format(**dict.fromkeys(("option", "body", "joint", "geom", "motor", "key"), "") | {"mass": "1"} | parts)


@pytest.mark.parametrize("message", WRONG)
def test_the_element_and_the_attribute_are_named(tmp_path, message):
    (tmp_path / "robot.xml").write_text(mjcf(**WRONG[message]))
    with pytest.raises(UserError) as error:
        Env(tmp_path / "robot.xml")
    assert f"robot.xml cannot be simulated: {message}: write" in str(error.value)
    with pytest.raises(UserError, match="the model of the robot cannot be simulated"):
        Env(mjcf(**WRONG[message]))


def test_a_model_that_accelerates_without_bound_is_an_error():
    with pytest.raises(UserError, match="the model of the robot accelerates without bound in its default pose: check"):
        Env(mjcf(joint='type="slide" stiffness="1e9" springref="1"', mass="1e-3"))


@pytest.mark.parametrize("motor", ["", 'forcerange="-1e30 1e30"', 'ctrlrange="-1e9 1e9"'])
def test_large_numbers_that_have_a_meaning_are_accepted(motor):
    assert not unusable_number(mujoco.MjModel.from_xml_string(mjcf(motor=motor)))
