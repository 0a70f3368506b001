"""The choice between the OpenGL backends and the software backend."""

import logging
from typing import Protocol, runtime_checkable

import mujoco
import numpy as np
from jaxtyping import UInt8

from dynax.errors import UserError, check_choice
from dynax.render import gl
from dynax.render.software import SoftwarePainter

BACKENDS = ("auto", *gl.CONTEXTS, "software")

_log = logging.getLogger(__name__)


@runtime_checkable
class Painter(Protocol):
    """An object that draws scenes."""

    def paint(self, scene: mujoco.MjvScene) -> UInt8[np.ndarray, "H W 3"]:
        """Return the picture of a scene."""
        ...

    def close(self) -> None:
        """Release all resources."""
        ...


def choose_backend(choice: str = "auto", where: str = "backend") -> str:
    """Return the backend that draws on this machine.

    Args:
        choice: The name of a backend, or `auto`: the first OpenGL backend that works, otherwise `software`. If the user
            has set MUJOCO_GL, `auto` tries only the backend named there.
        where: Name of the argument or config key for error messages.

    Raises:
        UserError: `choice` is unknown or does not work on this machine.
    """
    check_choice(where, choice, BACKENDS)
    if choice == "software":
        return choice
    failures = {}
    for context in gl.candidates() if choice == "auto" else (choice,):
        failures[context] = gl.failure(context)
        if not failures[context]:
            return context
    reason = "; ".join(f"{name}: {failure}" for name, failure in failures.items()) or "MUJOCO_GL disables it"
    if choice != "auto":
        raise UserError(f"{where}={choice} does not work on this machine ({reason}); use {where}=auto or software")
    _log.warning("OpenGL is not available (%s); the software backend draws the geoms", reason)
    return "software"


def make_painter(model: mujoco.MjModel, width: int, height: int, backend: str) -> Painter:
    """Return a painter of pictures with `width` x `height` pixels. `choose_backend` returns valid backends."""
    if backend == "software":
        return SoftwarePainter(model, width, height)
    return gl.GLPainter(model, width, height, backend)
