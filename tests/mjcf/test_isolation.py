"""Model files that crash MuJoCo are errors of one sentence, and the process goes on."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import pytest

from dynax.envs import Env, source
from dynax.errors import UserError
from dynax.mjcf import child_limits, isolation
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


def test_a_child_ends_itself_in_time():
    """The parent may have been stopped or killed."""
    with pytest.raises(UserError, match=r"^it cannot be used: MuJoCo needs more than 300 s"):
        run_in_child(_shorten, "it")


def _shorten():
    """Decrease the remaining time of this process by the factor 1000."""
    signal.setitimer(signal.ITIMER_REAL, signal.getitimer(signal.ITIMER_REAL)[0] / 1000)
    time.sleep(60)


LARGE = {
    "height field": '<asset><hfield name="h" nrow="100000" ncol="100000" size="1 1 1 1"/></asset>',
    "texture": '<asset><texture name="t" type="2d" builtin="flat" width="60000" height="60000"/></asset>',
    "arena": '<size memory="100G"/>',
}


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.parametrize("as_text", [True, False])
def test_a_model_that_needs_too_much_memory_is_an_error(tmp_path, kind, as_text):
    text = f'<mujoco>{LARGE[kind]}<worldbody><body><joint/><geom size=".1"/></body></worldbody></mujoco>'
    (tmp_path / "large.xml").write_text(text)
    with pytest.raises(UserError, match=r"cannot be used: MuJoCo needs more than .* GB of memory to compile the model"):
        Env(text if as_text else tmp_path / "large.xml")


def test_a_child_has_a_limit_of_memory(monkeypatch):
    monkeypatch.setattr(child_limits, "MAX_BYTES", 500e6)
    assert run_in_child(lambda: len(bytearray(20_000_000)), "it") == 20_000_000
    with pytest.raises(UserError, match=r"^it cannot be used: MuJoCo needs more than 0\.5 GB of memory"):
        run_in_child(lambda: len(bytearray(2_000_000_000)), "it")


def test_a_child_has_no_files_of_its_parent():
    """A reader of the standard output of a killed process would wait for the child."""
    with tempfile.TemporaryFile():
        names = run_in_child(lambda: [str(file) for file in _open_files()], "it")
    assert names[0] == os.devnull
    assert len(names) == 4
    assert names[1] == names[2]
    assert names[3].startswith("pipe:")


def _open_files():
    links = sorted(Path("/dev/fd").iterdir(), key=lambda link: int(link.name))
    return [link.readlink() for link in links if link.is_symlink()]  # the folder itself is closed


PARENT = """if True:
    import os, time
    from dynax.mjcf.isolation import run_in_child

    def wait():
        with open("{path}", "w") as file:
            file.write(f"{{os.getpid()}}\\n")
        time.sleep(100)

    run_in_child(wait, "it")
"""


def test_a_child_ends_with_its_parent(tmp_path):
    path = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(path=path)], stdout=subprocess.PIPE)
    end = time.monotonic() + 60
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < end
        time.sleep(0.01)
    parent.kill()
    parent.communicate(timeout=10)  # until nobody can write to the pipe
    while (Path("/proc") / path.read_text().strip()).exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_child_of_a_parent_that_has_ended_ends():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forks, if another test has started threads of JAX
        child = os.fork()
    if not child:
        child_limits.end_with(1 + os.getppid(), None)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_a_model_is_tried_once(monkeypatch):
    children = []
    monkeypatch.setattr(source, "run_in_child", lambda *args: children.append(args))
    mjcf = '<mujoco><worldbody><body><joint/><geom size=".123"/></body></worldbody></mujoco>'
    Env(mjcf), Env(mjcf)
    assert len(children) == 1
    Env((source.ASSETS / "pendulum.xml").read_text())
    assert len(children) == 1
