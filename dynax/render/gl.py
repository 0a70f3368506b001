"""OpenGL backends: which of them work on this machine, and off-screen rendering with one of them.

`mujoco.Renderer` chooses its backend when MuJoCo is first imported. This module creates a context of `mujoco.egl`,
`mujoco.osmesa`, ... directly. The choice can therefore be made later and needs no environment variable.

A child process runs this file as a script to test a backend, so the file imports nothing from Dynax.
"""

import functools
import importlib
import os
import subprocess
import sys
import textwrap

import mujoco
import numpy as np
from jaxtyping import UInt8

CONTEXTS = ("egl", "osmesa", "glfw", "cgl")  # names of modules `mujoco.<name>` that contain a GLContext
_HEADLESS = {"linux": ("egl", "osmesa"), "darwin": ("cgl", "glfw")}
_DISABLED = ("disable", "disabled", "off", "false", "0")  # values of MUJOCO_GL
_UNSPECIFIC = ("", "enable", "enabled", "on", "true", "1")


def candidates() -> tuple[str, ...]:
    """Return the contexts to try, best first. If the user has set MUJOCO_GL, it is the only candidate."""
    name = os.environ.get("MUJOCO_GL", "").lower().strip()
    if name in _DISABLED:
        return ()
    if name not in _UNSPECIFIC:
        return (name if name in CONTEXTS else "glfw",)  # glfw replaces glx and wgl
    return _HEADLESS.get(sys.platform, ("glfw",))


@functools.cache
def failure(context: str, timeout: float = 60.0) -> str:
    """Return in one line why `context` cannot draw on this machine, or an empty string if it can.

    The test runs in a child process, because a faulty driver may crash or hang. `timeout` is in seconds.
    """
    try:
        child = subprocess.run(
            [sys.executable, "-P", __file__, context],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if child.returncode == 0:
        return ""
    lines = [line for line in child.stderr.splitlines() if line.strip()]
    return textwrap.shorten(lines[-1], 100, placeholder=" ...") if lines else f"exit code {child.returncode}"


class GLPainter:
    """An off-screen OpenGL buffer. Call `close()` at the end, because some drivers crash at exit otherwise."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int, context: str):
        """Create the buffer. `offwidth` and `offheight` of the model must be at least `width` and `height`."""
        self._gl = importlib.import_module(f"mujoco.{context}").GLContext(width, height)
        self._gl.make_current()
        self._mjr = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._mjr)
        self._rect = mujoco.MjrRect(0, 0, width, height)

    def paint(self, scene: mujoco.MjvScene) -> UInt8[np.ndarray, "H W 3"]:
        """Return the picture of a scene."""
        self._gl.make_current()
        pixels = np.empty((self._rect.height, self._rect.width, 3), np.uint8)
        mujoco.mjr_render(self._rect, scene, self._mjr)
        mujoco.mjr_readPixels(pixels, None, self._rect, self._mjr)
        return np.flipud(pixels)

    def close(self) -> None:
        """Release the buffer and the context."""
        self._mjr.free()
        self._gl.free()


_BALL = """<mujoco><worldbody><light pos="0 0 3"/><geom size="1" rgba="1 0 0 1"/></worldbody></mujoco>"""


def _draw_ball(context: str) -> None:
    """Draw a red ball. Raise an exception or crash if that fails or if the picture is black."""
    model = mujoco.MjModel.from_xml_string(_BALL)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    camera, scene = mujoco.MjvCamera(), mujoco.MjvScene(model, 10)
    mujoco.mjv_defaultFreeCamera(model, camera)
    everything = mujoco.mjtCatBit.mjCAT_ALL.value
    mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, camera, everything, scene)
    painter = GLPainter(model, 64, 64, context)
    red, green, _ = painter.paint(scene)[32, 32].astype(int)
    painter.close()
    if red < green + 20:
        raise RuntimeError("the picture is black")


if __name__ == "__main__":
    _draw_ball(sys.argv[1])
