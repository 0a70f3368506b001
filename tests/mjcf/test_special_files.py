"""Model files that load pipes or devices are errors of one sentence, and nothing reads the pipe."""

import os
import socket

import pytest

from dynax.envs import Env
from dynax.errors import UserError
from dynax.mjcf.special_files import check_regular_files

BODY = '<worldbody><body><joint/><geom size=".1"/></body></worldbody>'
LOADS = {
    "mesh": '<asset><mesh name="m" file="pipe"/></asset>',
    "mesh without its folders": '<compiler strippath="true"/><asset><mesh name="m" file="/a/b/pipe"/></asset>',
    "mesh beside an ampersand": '<asset><mesh name="m" file="pipe"/></asset><size a="&"/>',
    "texture": '<asset><texture type="cube" fileup="pipe"/></asset>',
    "height field": '<asset><hfield name="h" file="pipe" size="1 1 1 1"/></asset>',
    "skin": '<asset><skin file="pipe"/></asset>',
    "flexible body": '<worldbody><flexcomp name="f" type="mesh" file="pipe"/></worldbody>',
    "included file": '<include file="pipe"/>',
    "attached model": '<asset><model name="m" file="pipe"/></asset>',
}


@pytest.fixture
def pipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize("kind", LOADS)
@pytest.mark.parametrize("nested", [True, False])
def test_a_pipe_is_refused(pipe, kind, nested):
    path, text = pipe.parent / "robot.xml", f"<mujoco>{LOADS[kind]}{BODY}</mujoco>"
    (pipe.parent / "part.xml").write_text(text)
    path.write_text('<mujoco><include file="part.xml"/></mujoco>' if nested else text)
    with pytest.raises(
        UserError, match=r"^source=.*robot.xml loads .*pipe, which is not a regular file: name"
    ) as error:
        Env(path)
    assert error.value.argument == "source"


def test_the_pipe_of_a_text_is_refused(pipe):
    with pytest.raises(UserError, match=r"^the model of the robot loads pipe, which is not a regular file"):
        Env(f"<mujoco>{LOADS['mesh']}{BODY}</mujoco>")


@pytest.mark.parametrize("where", ["meshdir", "assetdir", "texturedir"])
def test_a_pipe_in_a_folder_is_refused(pipe, where):
    text = f'<mujoco>{LOADS["mesh"]}<compiler {where}="{pipe.parent.name}"/></mujoco>'
    with pytest.raises(UserError, match="the model loads pipe, which is not a regular file"):
        check_regular_files(text, pipe.parent.parent, "the model")


@pytest.mark.parametrize("name", ["/dev/zero", "socket"])
def test_devices_and_sockets_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(UserError, match=f"the model loads {name}, which is not a regular file"):
            check_regular_files(LOADS["mesh"].replace("pipe", name), tmp_path, "the model")


@pytest.mark.parametrize("name", ["", "folder", "gone", "x" * 1000, "itself.xml"])
def test_other_files_are_left_to_mujoco(tmp_path, name):
    (tmp_path / "folder").mkdir()
    text = f'<mujoco><include file="{name}"/></mujoco>'
    (tmp_path / "itself.xml").write_text(text)
    check_regular_files(text, tmp_path, "the model")


def test_an_asset_is_not_read_from_the_disk(pipe):
    check_regular_files(LOADS["mesh"], pipe.parent, "the model", assets={"pipe": b""})
