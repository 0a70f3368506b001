"""The choice of the backend, on machines with and without OpenGL."""

import logging
import subprocess
import sys

import pytest

from dynax.errors import UserError
from dynax.render import choose_backend, gl


@pytest.fixture
def machine(monkeypatch):
    """A function that simulates a machine on which only the named contexts work."""

    def with_working(*names):
        monkeypatch.setattr(gl, "failure", lambda context: "" if context in names else "no driver")
        monkeypatch.setattr(gl.sys, "platform", "linux")
        monkeypatch.delenv("MUJOCO_GL", raising=False)

    return with_working


@pytest.mark.parametrize(("works", "chosen"), [(["egl", "osmesa"], "egl"), (["osmesa"], "osmesa"), ([], "software")])
def test_auto_chooses_the_first_opengl_that_works(machine, works, chosen):
    machine(*works)
    assert choose_backend("auto") == chosen


def test_the_fallback_is_logged_with_the_reason(machine, caplog):
    machine()
    with caplog.at_level(logging.WARNING, "dynax"):
        choose_backend("auto")
    assert caplog.messages == [
        "OpenGL is not available (egl: no driver; osmesa: no driver); the software backend draws the geoms"
    ]


@pytest.mark.parametrize(("name", "chosen"), [("osmesa", "osmesa"), ("disable", "software"), ("glfw", "software")])
def test_auto_respects_mujoco_gl(machine, monkeypatch, name, chosen):
    machine("egl", "osmesa")
    monkeypatch.setenv("MUJOCO_GL", name)
    assert choose_backend("auto") == chosen


def test_a_named_backend_must_work(machine):
    machine("egl")
    with pytest.raises(UserError, match=r"^backend=osmesa does not work on this machine \(osmesa: no driver\)"):
        choose_backend("osmesa")
    with pytest.raises(UserError, match=r"^backend=eg .*did you mean `egl`"):
        choose_backend("eg")


@pytest.mark.parametrize(
    ("driver", "timeout", "failure"),
    [
        ("kill -SEGV $$", 600.0, "exit code -11"),
        ("sleep 99", 0.5, "timed out"),
        ("echo no such display >&2; exit 1", 600.0, "no such display"),
    ],
)
def test_a_driver_that_crashes_or_hangs_is_a_failure(monkeypatch, tmp_path, driver, timeout, failure):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{driver.replace('sleep', 'exec sleep')}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert failure in gl.failure.__wrapped__("egl", timeout=timeout)


_SCRIPT = """
import sys
import mujoco, numpy as np
from dynax.render import frames
model = mujoco.MjModel.from_xml_string('''<mujoco><worldbody><light pos="0 0 3"/><body><joint/>
    <geom size="1" rgba="1 0 0 1"/></body></worldbody></mujoco>''')
rest = np.zeros((1, 2))
frame = next(frames(model, rest, rest, np.zeros(1), 0.1, width=200, height=200, backend=sys.argv[1]))
assert frame[100, 100, 0] > frame[100, 100, 1] + 20, frame[100, 100]
"""


@pytest.mark.slow
@pytest.mark.parametrize("context", ["egl", "osmesa"])
def test_the_backend_can_be_chosen_after_the_import_of_mujoco(context):
    if failure := gl.failure(context):
        pytest.skip(f"{context} does not work on this machine: {failure}")
    done = subprocess.run([sys.executable, "-c", _SCRIPT, context], capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stderr) == (0, "")
