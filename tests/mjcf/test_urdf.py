"""URDF files: motors at their joints, and macros that have not been expanded."""

import pytest

from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.mjcf import messages, urdf

LINK = """<link name="{0}"><inertial><origin xyz="0 0 -.2"/><mass value="1"/>
<inertia ixx=".01" iyy=".01" izz=".01" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="{0}_joint" type="{1}"><parent link="{2}"/><child link="{0}"/><axis xyz="0 1 0"/>{3}</joint>"""
ARM = f"""<?xml version="1.0"?><!-- <robot> with <xacro:macro> once -->
<robot name="arm" xmlns:xacro="x"><link name="base"/>
{LINK.format("upper", "revolute", "base", '<limit lower="-1" upper="1" effort="5" velocity="2"/>')}
{LINK.format("lower", "continuous", "upper", "")}
{LINK.format("finger", "prismatic", "lower", '<limit lower="0" upper=".1" effort="2"/>')}
{LINK.format("thumb", "prismatic", "lower", '<limit lower="0" upper=".1"/><mimic joint="finger_joint"/>')}
{LINK.format("tool", "fixed", "lower", "")}</robot>"""


def robot(folder, text):
    (folder / "arm.urdf").write_text(text)
    return MjcfEnv(xml=str(folder / "arm.urdf"))


def test_every_joint_that_mimics_no_other_has_a_motor_with_its_effort_limit(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(messages, "_logged", set())
    env = robot(tmp_path, ARM)
    assert env.action_names == ("upper_joint", "lower_joint", "finger_joint")
    low, high = env.action_bounds
    assert (low[0], high[0], low[2], high[2]) == (-5, 5, -2, 2)
    assert env.mj_model.actuator_ctrllimited.tolist() == [True, False, True]
    expected = "a URDF has no actuators, so motors are added at `upper_joint`, `lower_joint`, `finger_joint`"
    assert expected in caplog.text
    assert "no motors are added at joints that follow other joints: `thumb_joint`" in caplog.text


def test_an_mjcf_that_mentions_a_robot_is_no_urdf():
    assert urdf.is_urdf(ARM)
    assert not urdf.is_urdf("<mujoco><!-- <robot> --><worldbody/></mujoco>")


def test_macros_must_be_expanded(tmp_path):
    text = '<robot name="arm" xmlns:xacro="x"><xacro:include filename="arm.xacro"/></robot>'
    with pytest.raises(UserError, match=r"contains xacro macros: expand them with `xacro arm.urdf > robot.urdf`"):
        robot(tmp_path, text)
