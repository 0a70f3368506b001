"""Frames of a true and a predicted trajectory."""

from collections.abc import Iterator

import mujoco
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image

from dynax.render.backends import choose_backend, make_painter
from dynax.render.camera import choose_camera
from dynax.render.overlay import Overlay
from dynax.render.scene import Scene, main_color, picture_model

MAX_COORDINATE = 1e6  # the prediction has diverged when the magnitude of a coordinate exceeds this


def frames(
    mj_model: mujoco.MjModel,
    truth: Float[np.ndarray, "_ S"],
    prediction: Float[np.ndarray, "_ S"],
    error: Float[np.ndarray, " _"],
    dt: float,
    *,
    mocap: Float[np.ndarray, "_ M"] | None = None,
    fps: int = 25,
    width: int = 640,
    height: int = 360,
    backend: str = "auto",
    camera: str | None = None,
    speed: float = 1.0,
    title: str = "",
) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """Return an iterator over the frames of a true and a predicted trajectory.

    The prediction is a translucent ghost. Once it diverges, the ghost disappears and the caption is `diverged`.

    Args:
        mj_model: The robot.
        truth: True states (T, S) at control steps.
        prediction: Predicted states (T, S).
        error: Normalized error (T,), shown in the caption.
        dt: Time between two control steps, s.
        mocap: Positions, then quaternions of the mocap bodies at each control step; by default, those of the MJCF.
        fps: Frames per second.
        width: Width of a frame in pixels.
        height: Height of a frame in pixels.
        backend: A backend, see `choose_backend`.
        camera: Name of a camera in the MJCF. By default, the camera `side`, otherwise the first camera, otherwise a
            free camera that covers the whole motion.
        speed: Seconds of the trajectory per second of the clip.
        title: Text in the caption.

    Raises:
        ValueError: The shapes do not agree.
        UserError: The backend does not work on this machine, or the robot does not have the camera.
    """
    truth, prediction, error = (np.asarray(array, float) for array in (truth, prediction, error))
    _check_shapes(mj_model, truth, prediction, error)
    mocap = _default_mocap(mj_model) if mocap is None else mocap
    diverged = _diverged(prediction)
    model = picture_model(mj_model, width, height)
    scene = Scene(model, choose_camera(model, camera, truth[:, : model.nq]))
    overlay = Overlay(width, height, np.where(diverged, np.nan, error), dt, main_color(model), title)
    chosen = choose_backend(backend)

    def generate() -> Iterator[np.ndarray]:
        painter = make_painter(model, width, height, chosen)
        try:
            for k in _steps(len(error), dt, fps, speed):
                scene.pose(truth[k], None if diverged[k] else prediction[k], mocap[min(k, len(mocap) - 1)])
                yield np.asarray(overlay.write(Image.fromarray(painter.paint(scene.shapes)), int(k)))
        finally:
            painter.close()

    return generate()


def _check_shapes(model: mujoco.MjModel, truth: np.ndarray, prediction: np.ndarray, error: np.ndarray) -> None:
    shape = (len(error), model.nq + model.nv + model.na)
    if truth.shape != shape or prediction.shape != shape:
        raise ValueError(f"truth and prediction must have the shape {shape}, got {truth.shape} and {prediction.shape}")


def _default_mocap(model: mujoco.MjModel) -> Float[np.ndarray, "1 M"]:
    data = mujoco.MjData(model)
    return np.concatenate([data.mocap_pos.ravel(), data.mocap_quat.ravel()])[None]


def _diverged(prediction: Float[np.ndarray, "T S"]) -> Bool[np.ndarray, " T"]:
    """Return whether the prediction has diverged at or before each control step."""
    return np.logical_or.accumulate(~(np.abs(prediction) < MAX_COORDINATE).all(1))


def _steps(length: int, dt: float, fps: int, speed: float) -> Int[np.ndarray, " K"]:
    """Return the control step of each frame."""
    return np.round(np.arange(0.0, (length - 1) * dt + 1e-9, speed / fps) / dt).astype(int)
