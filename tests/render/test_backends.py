"""The choice of what draws, on machines good and bad."""

import logging
import subprocess
import sys

import pytest

from dynax.errors import UserError
from dynax.render import choose_backend, gl


@pytest.fixture
def machine(monkeypatch):
    """A machine on which the named contexts work and no others."""

    def with_working(*names):
        monkeypatch.setattr(gl, "fault", lambda context: "" if context in names else "no driver")
        monkeypatch.setattr(gl.sys, "platform", "linux")
        monkeypatch.delenv("MUJOCO_GL", raising=False)

    return with_working


@pytest.mark.parametrize(("works", "chosen"), [(["egl", "osmesa"], "egl"), (["osmesa"], "osmesa"), ([], "software")])
def test_auto_takes_the_first_opengl_that_works(machine, works, chosen):
    machine(*works)
    assert choose_backend("auto") == chosen


def test_falling_back_says_so_and_why(machine, caplog):
    machine()
    with caplog.at_level(logging.WARNING, "dynax"):
        choose_backend("auto")
    assert caplog.messages == [
        "no OpenGL (egl: no driver; osmesa: no driver): the robot's geoms are drawn with Pillow instead"
    ]


@pytest.mark.parametrize(("wish", "chosen"), [("osmesa", "osmesa"), ("disable", "software"), ("glfw", "software")])
def test_auto_respects_mujoco_gl(machine, monkeypatch, wish, chosen):
    machine("egl", "osmesa")
    monkeypatch.setenv("MUJOCO_GL", wish)
    assert choose_backend("auto") == chosen


def test_an_opengl_asked_for_by_name_must_work(machine):
    machine("egl")
    with pytest.raises(UserError, match=r"render.backend=osmesa does not work here \(osmesa: no driver\)"):
        choose_backend("osmesa")
    with pytest.raises(UserError, match=r"render.backend=eg is not one of .*did you mean `egl`"):
        choose_backend("eg")


@pytest.mark.parametrize(
    ("driver", "fault"),
    [
        ("kill -SEGV $$", "exit code -11"),
        ("sleep 9", "timed out"),
        ("echo no such display >&2; exit 1", "no such display"),
    ],
)
def test_a_driver_that_crashes_or_hangs_takes_only_its_probe_along(monkeypatch, tmp_path, driver, fault):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{driver}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert fault in gl.fault.__wrapped__("egl", timeout=0.5)


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
def test_it_works_in_a_process_that_imported_mujoco_before_choosing(context):
    if fault := gl.fault(context):
        pytest.skip(f"{context} is not here: {fault}")
    done = subprocess.run([sys.executable, "-c", _SCRIPT, context], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
