"""Warnings of MuJoCo's compiler, and limits that it ignores, belong to the robot and are logged once."""

import pytest

from dynax.envs import Env
from dynax.mjcf import messages

INERTIAL = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
URDF = """<robot name="gripper"><link name="base"/>
<link name="palm">{inertial}</link>
<link name="left">{inertial}</link>
<link name="camera"/>
<joint name="wrist" type="continuous"><parent link="base"/><child link="palm"/><axis xyz="0 1 0"/></joint>
<joint name="l" type="prismatic"><parent link="palm"/><child link="left"/><axis xyz="1 0 0"/>
<limit lower="{lower}" upper="0.04" effort="20" velocity="1"/>{mimic}</joint>
<joint name="cam" type="fixed"><parent link="palm"/><child link="camera"/></joint></robot>"""
SWAPPED = """<mujoco><worldbody><body><joint name="h" range="20 -20"/><geom size=".1"/></body></worldbody>
<actuator><motor name="m" joint="h" ctrlrange="1 -1" forcerange="2 -2"/></actuator></mujoco>"""


@pytest.fixture(autouse=True)
def _nothing_is_logged_yet(monkeypatch):
    monkeypatch.setattr(messages, "_logged", set())


def test_a_mimic_that_mujoco_ignores_is_logged_once(tmp_path, caplog):
    path = tmp_path / "gripper.urdf"
    path.write_text(URDF.format(inertial=INERTIAL, lower=0, mimic='<mimic joint="cam" multiplier="1"/>'))
    robots = Env(path), Env(path)
    for env in robots:
        warning, motors, without = env.warnings
        assert motors == "a URDF has no actuators, so motors are added at `wrist`"
        assert without == "no motors are added at joints that follow other joints: `l`"
        assert warning.startswith("<mimic> on joint 'l' ignored")
    assert sum("<mimic> on joint 'l' ignored" in message for message in caplog.messages) == 1


def test_swapped_limits_of_a_urdf_are_logged(tmp_path, caplog):
    path = tmp_path / "gripper.urdf"
    path.write_text(URDF.format(inertial=INERTIAL, lower=0.5, mimic=""))
    warning = "the range [0.5, 0.04] of joint `l` is swapped, so that MuJoCo ignores it"
    assert warning in Env(path).warnings
    assert f"the model of the robot: {warning}" in caplog.messages


def test_swapped_limits_of_an_mjcf_are_warnings():
    assert [warning.partition(" is")[0] for warning in Env(SWAPPED).warnings] == [
        "the range [20, -20] of joint `h`",
        "the ctrlrange [1, -1] of actuator `m`",
        "the forcerange [2, -2] of actuator `m`",
    ]


def test_a_correct_model_has_no_warnings(every_robot):
    assert every_robot.warnings == ()
