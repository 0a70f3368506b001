"""MjcfEnv: the name of the robot, its initial states, and errors of its file."""

import numpy as np
import pytest

from dynax.envs import MjcfEnv
from dynax.envs.resets.keyframe import KeyframeReset
from dynax.errors import UserError

BODY = """<body><joint name="x" type="slide" range="-1 1"/><geom size=".1"/>
<body><joint name="hinge" axis="0 1 0" ref="30"/><geom size=".1"/></body></body>"""
MJCF = f"<mujoco><worldbody>{BODY}</worldbody></mujoco>"
STILL = KeyframeReset(hinge=0.0, slide=0.0, velocity=0.0)
KEYED = MJCF.replace("</mujoco>", '<keyframe><key qpos=".5 2" qvel="3 4"/><key qpos="0 0"/></keyframe></mujoco>')


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file and returns its path."""

    def to(text, name="arm.xml"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return to


def test_the_name_is_the_stem_of_the_file(write):
    assert MjcfEnv(xml=write(MJCF, "my_arm.xml")).name == "my_arm"


def test_a_path_is_relative_to_the_working_directory(write, tmp_path, monkeypatch):
    write(MJCF)
    monkeypatch.chdir(tmp_path)
    assert MjcfEnv(xml="arm.xml").mjcf == MJCF


def test_a_path_may_begin_with_the_home_folder(write, tmp_path, monkeypatch):
    write(MJCF)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert MjcfEnv(xml="~/arm.xml").mjcf == MJCF


def test_the_first_keyframe_is_the_initial_state(write):
    env = MjcfEnv(xml=write(KEYED), reset=STILL)
    assert env.sample_states(np.random.default_rng(0), 2).tolist() == [[0.5, 2, 3, 4]] * 2


def test_without_a_keyframe_the_default_pose_is_the_initial_state(write):
    env = MjcfEnv(xml=write(MJCF), reset=STILL)
    np.testing.assert_allclose(env.sample_states(np.random.default_rng(0), 1), [[0, np.pi / 6, 0, 0]])


def test_includes_are_written_out(write, tmp_path):
    write(f"<mujoco>{BODY}</mujoco>", "part.xml")
    whole = write('<mujoco><worldbody><include file="part.xml"/></worldbody></mujoco>')
    env = MjcfEnv(xml=whole)
    (tmp_path / "part.xml").unlink()
    assert MjcfEnv(xml=whole, mjcf=env.mjcf).space.joints == ("x", "hinge")


def test_with_a_saved_text_no_file_is_read():
    env = MjcfEnv(xml="/gone/arm.xml", mjcf=MJCF)
    assert (env.name, env.state_dim) == ("arm", 4)


def test_a_missing_file_is_an_error():
    with pytest.raises(UserError, match=r"^xml=nowhere.xml cannot be read: No such file or directory"):
        MjcfEnv(xml="nowhere.xml")


def test_a_directory_is_an_error(tmp_path):
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        MjcfEnv(xml=str(tmp_path))


def test_a_binary_file_is_an_error(tmp_path):
    (tmp_path / "arm.xml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="is not in the encoding UTF-8"):
        MjcfEnv(xml=str(tmp_path / "arm.xml"))


@pytest.mark.parametrize(
    "text", ["", "no XML", "<mujoco><worldbody><body><joint type='round'/></body></worldbody></mujoco>"]
)
def test_an_invalid_mjcf_is_an_error(write, text):
    with pytest.raises(UserError, match="is not a valid MJCF or URDF file"):
        MjcfEnv(xml=write(text))


def test_a_mesh_is_an_asset(write):
    write("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n", "tetrahedron.obj")
    mesh = '<mujoco><asset><mesh name="m" file="tetrahedron.obj"/></asset>'
    env = MjcfEnv(xml=write(MJCF.replace("<mujoco>", mesh)))
    assert list(env.assets) == ["tetrahedron.obj"]
    assert env.mj_model.nmesh == 1


def test_a_reset_that_does_not_fit_the_robot_is_an_error_at_construction(write):
    with pytest.raises(UserError, match=r"^reset.keyframe=2 does not exist: the robot has 2 keyframes, counted from 0"):
        MjcfEnv(xml=write(KEYED), reset=KeyframeReset(keyframe=2))
