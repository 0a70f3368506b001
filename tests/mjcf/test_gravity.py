"""Gravity is the acceleration of the MJCF, unless it is disabled."""

import mujoco

from dynax.mjcf.gravity import gravity


def model(flag):
    return mujoco.MjModel.from_xml_string(f'<mujoco><option gravity="1 2 3"><flag gravity="{flag}"/></option></mujoco>')


def test_gravity_is_that_of_the_mjcf():
    assert gravity(model("enable")).tolist() == [1, 2, 3]


def test_disabled_gravity_is_zero():
    assert gravity(model("disable")).tolist() == [0, 0, 0]
