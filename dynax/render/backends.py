"""What draws: an OpenGL that works on this machine, or Pillow."""

import logging
from typing import Protocol

import mujoco
import numpy as np

from dynax.errors import UserError, check_choice
from dynax.render import gl
from dynax.render.software import DrawnPainter

BACKENDS = ("auto", *gl.CONTEXTS, "software")

_log = logging.getLogger(__name__)


class Painter(Protocol):
    """Turns scenes into pictures."""

    def paint(self, scene: mujoco.MjvScene) -> np.ndarray:
        """The scene as uint8 (height, width, 3)."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...


def choose_backend(choice: str = "auto") -> str:
    """What will draw: `choice`, or for `auto` the first OpenGL that works here, else `drawn`.

    `auto` tries the one that MUJOCO_GL names, if the user set it, and no other. Raises `UserError` where `choice`
    does not work here.
    """
    check_choice("render.backend", choice, BACKENDS)
    if choice == "software":
        return choice
    faults = {}
    for context in gl.candidates() if choice == "auto" else (choice,):
        faults[context] = gl.fault(context)
        if not faults[context]:
            return context
    why = "; ".join(f"{name}: {fault}" for name, fault in faults.items()) or "MUJOCO_GL turns it off"
    if choice != "auto":
        raise UserError(f"render.backend={choice} does not work here ({why})\nleave it at `auto`, or take `drawn`")
    _log.warning("no OpenGL (%s): the robot's geoms are drawn with Pillow instead", why)
    return "software"


def painter(model: mujoco.MjModel, width: int, height: int, backend: str) -> Painter:
    """What paints pictures of `width x height` pixels by `backend`, as `choose_backend` gave it."""
    if backend == "software":
        return DrawnPainter(model, width, height)
    return gl.GLPainter(model, width, height, backend)
