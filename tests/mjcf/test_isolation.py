"""Model files that crash MuJoCo are errors of one sentence, and the process goes on."""

import ctypes
import os
import time

import pytest

from dynax.envs import Env, source
from dynax.errors import UserError
from dynax.mjcf import isolation
from dynax.mjcf.isolation import run_in_child

ITSELF = """<mujoco><asset><model name="again" file="{path}"/></asset><worldbody>
<body name="b"><joint/><geom size=".1"/></body>
<frame><attach model="again" body="b" prefix="x"/></frame></worldbody></mujoco>"""


@pytest.mark.slow
def test_a_file_that_attaches_itself_is_an_error(tmp_path):
    path = tmp_path / "itself.xml"
    path.write_text(ITSELF.format(path=path))
    with pytest.raises(UserError, match=r"^source=.*itself\.xml cannot be used: MuJoCo crashes with SIGSEGV") as error:
        Env(path)
    assert error.value.argument == "source"


def test_overlapping_spheres_are_an_error(monkeypatch):
    monkeypatch.setattr(source, "MAX_CONTACTS", 100)
    spheres = "".join(f'<body><freejoint/><geom size=".{i + 1}"/></body>' for i in range(20))
    with pytest.raises(UserError, match="the robot has 190 contacts in its default pose, more than 100"):
        Env(f"<mujoco><worldbody>{spheres}</worldbody></mujoco>")


def test_results_and_errors_of_the_child_arrive():
    assert run_in_child(lambda: [os.getpid(), b"x" * 2**20], "it")[0] != os.getpid()

    def fail():
        raise UserError("x=1 is wrong", "x")

    with pytest.raises(UserError, match=r"^x=1 is wrong") as error:
        run_in_child(fail, "it")
    assert error.value.argument == "x"


def test_the_death_of_the_child_is_an_error():
    with pytest.raises(UserError, match=r"^it cannot be used: MuJoCo crashes with SIGSEGV"):
        run_in_child(lambda: ctypes.string_at(0), "it")
    with pytest.raises(UserError, match=r"^it cannot be used: MuJoCo ends with an error .*: KeyError: 'cause'"):
        run_in_child(lambda: {}["cause"], "it")


def test_a_child_that_does_not_end_is_killed(monkeypatch):
    monkeypatch.setattr(isolation, "MAX_SECONDS", 0.2)
    with pytest.raises(UserError, match=r"^it cannot be used: MuJoCo needs more than 0\.2 s"):
        run_in_child(lambda: time.sleep(60), "it")


def test_a_model_is_tried_once(monkeypatch):
    children = []
    monkeypatch.setattr(source, "run_in_child", lambda *args: children.append(args))
    mjcf = '<mujoco><worldbody><body><joint/><geom size=".123"/></body></worldbody></mujoco>'
    Env(mjcf), Env(mjcf)
    assert len(children) == 1
    Env((source.ASSETS / "pendulum.xml").read_text())
    assert len(children) == 1
