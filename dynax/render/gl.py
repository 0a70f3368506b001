"""Which OpenGL works here, and an off-screen context of it.

`mujoco.Renderer` takes its context from MUJOCO_GL as it was when mujoco was first imported. A context class can be had
at any time from `mujoco.egl`, `mujoco.osmesa`, ..., so the choice is made here, late, and sets no variable.
The file runs alone, as the probe of a child process, and so imports nothing of Dynax.
"""

import functools
import importlib
import os
import subprocess
import sys
import textwrap

import mujoco
import numpy as np

CONTEXTS = ("egl", "osmesa", "glfw", "cgl")  # each a module `mujoco.<name>` with a GLContext
_HEADLESS = {"linux": ("egl", "osmesa"), "darwin": ("cgl", "glfw")}
_OFF = ("disable", "disabled", "off", "false", "0")
_UNDECIDED = ("", "enable", "enabled", "on", "true", "1")


def candidates() -> tuple[str, ...]:
    """The contexts worth trying, best first: the one MUJOCO_GL names, where the user set it, and no other."""
    wish = os.environ.get("MUJOCO_GL", "").lower().strip()
    if wish in _OFF:
        return ()
    if wish not in _UNDECIDED:
        return (wish if wish in CONTEXTS else "glfw",)  # glx and wgl are what glfw opens
    return _HEADLESS.get(sys.platform, ("glfw",))


@functools.cache
def fault(context: str, timeout: float = 60.0) -> str:
    """Why `context` cannot draw on this machine, in a line; empty where it can.

    Asked of a child process, once: a bad driver may crash or hang where it should raise.
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
    said = [line for line in child.stderr.splitlines() if line.strip()]
    return textwrap.shorten(said[-1], 100, placeholder=" ...") if said else f"exit code {child.returncode}"


class GLPainter:
    """An off-screen buffer that MuJoCo draws scenes into; `close()` it, for drivers mind being left open at exit."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int, context: str):
        """`model.vis.global_.offwidth` and `offheight` must hold `width x height` pixels."""
        self._gl = importlib.import_module(f"mujoco.{context}").GLContext(width, height)
        self._gl.make_current()
        self._mjr = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._mjr)
        self._rect = mujoco.MjrRect(0, 0, width, height)

    def paint(self, scene: mujoco.MjvScene) -> np.ndarray:
        """The scene as uint8 (height, width, 3)."""
        self._gl.make_current()
        pixels = np.empty((self._rect.height, self._rect.width, 3), np.uint8)
        mujoco.mjr_render(self._rect, scene, self._mjr)
        mujoco.mjr_readPixels(pixels, None, self._rect, self._mjr)
        return np.flipud(pixels)

    def close(self) -> None:
        """Give the buffer and the context back."""
        self._mjr.free()
        self._gl.free()


_BALL = """<mujoco><worldbody><light pos="0 0 3"/><geom size="1" rgba="1 0 0 1"/></worldbody></mujoco>"""


def _probe(context: str) -> None:
    """Draw a red ball; raises, or leaves a non-zero exit code, where that fails or comes out black."""
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
        raise RuntimeError("it drew a black picture")


if __name__ == "__main__":
    _probe(sys.argv[1])
