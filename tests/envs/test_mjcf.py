"""Any MJCF: its name, where it starts, and what is said of a file that cannot be a robot."""

import numpy as np
import pytest

from dynax.envs import MjcfEnv
from dynax.envs.resets.keyframe import Reset
from dynax.errors import UserError

BODY = """<body><joint name="x" type="slide" range="-1 1"/><geom size=".1"/>
<body><joint name="hinge" axis="0 1 0" ref="30"/><geom size=".1"/></body></body>"""
MJCF = f"<mujoco><worldbody>{BODY}</worldbody></mujoco>"
STILL = Reset(hinge=0.0, slide=0.0, velocity=0.0)
KEYED = MJCF.replace("</mujoco>", '<keyframe><key qpos=".5 2" qvel="3 4"/><key qpos="0 0"/></keyframe></mujoco>')


@pytest.fixture
def write(tmp_path):
    """Writes a file and returns its path."""

    def to(text, name="arm.xml"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return to


def test_the_robot_is_called_after_the_stem_of_its_file(write):
    assert MjcfEnv(xml=write(MJCF, "my_arm.xml")).name == "my_arm"


def test_a_path_is_relative_to_the_working_directory(write, tmp_path, monkeypatch):
    write(MJCF)
    monkeypatch.chdir(tmp_path)
    assert MjcfEnv(xml="arm.xml").mjcf == MJCF


def test_a_path_may_start_at_home(write, tmp_path, monkeypatch):
    write(MJCF)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert MjcfEnv(xml="~/arm.xml").mjcf == MJCF


def test_it_starts_at_its_first_keyframe(write):
    env = MjcfEnv(xml=write(KEYED), reset=STILL)
    assert env.sample_states(np.random.default_rng(0), 2).tolist() == [[0.5, 2, 3, 4]] * 2


def test_without_a_keyframe_it_starts_at_rest_in_its_default_pose(write):
    env = MjcfEnv(xml=write(MJCF), reset=STILL)
    np.testing.assert_allclose(env.sample_states(np.random.default_rng(0), 1), [[0, np.pi / 6, 0, 0]])


def test_includes_are_written_out(write, tmp_path):
    write(f"<mujoco>{BODY}</mujoco>", "part.xml")
    whole = write('<mujoco><worldbody><include file="part.xml"/></worldbody></mujoco>')
    env = MjcfEnv(xml=whole)
    (tmp_path / "part.xml").unlink()
    assert MjcfEnv(xml=whole, mjcf=env.mjcf).space.joints == ("x", "hinge")


def test_the_text_a_run_has_kept_needs_no_file():
    env = MjcfEnv(xml="/gone/arm.xml", mjcf=MJCF)
    assert (env.name, env.state_dim) == ("arm", 4)


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(UserError, match=r"env.xml=nowhere.xml cannot be read: No such file or directory"):
        MjcfEnv(xml="nowhere.xml")


def test_a_directory_is_no_mjcf(tmp_path):
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        MjcfEnv(xml=str(tmp_path))


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "arm.xml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        MjcfEnv(xml=str(tmp_path / "arm.xml"))


@pytest.mark.parametrize(
    "text", ["", "no XML", "<mujoco><worldbody><body><joint type='round'/></body></worldbody></mujoco>"]
)
def test_what_mujoco_does_not_accept_is_told(write, text):
    with pytest.raises(UserError, match="is no MJCF or URDF that MuJoCo accepts"):
        MjcfEnv(xml=write(text))


def test_a_file_that_it_loads_comes_along(write):
    write("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n", "tetrahedron.obj")
    mesh = '<mujoco><asset><mesh name="m" file="tetrahedron.obj"/></asset>'
    env = MjcfEnv(xml=write(MJCF.replace("<mujoco>", mesh)))
    assert list(env.assets) == ["tetrahedron.obj"]
    assert env.mj_model.nmesh == 1


def test_a_reset_that_the_robot_cannot_do_is_told_at_construction(write):
    with pytest.raises(UserError, match=r"env.reset.keyframe=2: the robot has 2 keyframes, from 0"):
        MjcfEnv(xml=write(KEYED), reset=Reset(keyframe=2))
