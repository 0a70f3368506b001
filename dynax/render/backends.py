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


def choose_backend(backend: str = "auto") -> str:
    """Return the backend that draws on this machine.

    Args:
        backend: The name of a backend, or `auto`: the first OpenGL backend that works, otherwise `software`. If the
            user has set MUJOCO_GL, `auto` tries only the backend named there.

    Raises:
        UserError: `backend` is unknown or does not work on this machine.
    """
    check_choice("backend", backend, BACKENDS)
    if backend == "software":
        return backend
    failures = {}
    for context in gl.candidates() if backend == "auto" else (backend,):
        failures[context] = gl.failure(context)
        if not failures[context]:
            return context
    reason = "; ".join(f"{name}: {failure}" for name, failure in failures.items()) or "MUJOCO_GL disables it"
    if backend != "auto":
        message = f"backend={backend} does not work on this machine ({reason}); use auto or software"
        raise UserError(message, argument="backend")
    _log.warning("OpenGL is not available (%s); the software backend draws the geoms", reason)
    return "software"


def make_painter(model: mujoco.MjModel, width: int, height: int, backend: str) -> Painter:
    """Return a painter of pictures with `width` x `height` pixels. `choose_backend` returns valid backends."""
    if backend == "software":
        return SoftwarePainter(model, width, height)
    return gl.GLPainter(model, width, height, backend)
