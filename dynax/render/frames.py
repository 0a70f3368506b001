"""From two trajectories to frames."""

from collections.abc import Iterator

import mujoco
import numpy as np
from PIL import Image

from dynax.render.backends import choose_backend, painter
from dynax.render.overlay import Overlay
from dynax.render.scene import Scene, choose_camera, for_pictures, main_color

_GONE = 1e6  # a coordinate beyond this is as good as infinite, and no picture's business


def frames(
    mj_model: mujoco.MjModel,
    truth: np.ndarray,
    prediction: np.ndarray,
    error: np.ndarray,
    dt: float,
    *,
    mocap: np.ndarray | None = None,
    fps: float = 25.0,
    width: int = 640,
    height: int = 360,
    backend: str = "auto",
    camera: str | None = None,
    speed: float = 1.0,
    title: str = "",
) -> Iterator[np.ndarray]:
    """Frames, uint8 (height, width, 3), of `truth` and `prediction`, both (T+1, nq+nv+na) at control steps of `dt` s.

    `error (T+1,)` is the normalized error written into them. `fps` frames are a second of film, and `speed` seconds
    of the robot's time. Once the prediction is not finite its ghost is gone and the caption says `diverged`. `camera`
    names one of the robot's: None takes `side`, else its first, else one that holds the whole motion. `mocap (T, 7 n)`
    says where mocap bodies are, as actions do, positions first; by default they stay where the MJCF has them.
    """
    truth, prediction, error = (np.asarray(array, float) for array in (truth, prediction, error))
    wanted = (len(error), mj_model.nq + mj_model.nv + mj_model.na)
    if truth.shape != wanted or prediction.shape != wanted:
        raise ValueError(
            f"truth is {truth.shape} and prediction {prediction.shape}, wanted {wanted} by error and model"
        )
    if mocap is None:
        data = mujoco.MjData(mj_model)
        mocap = np.concatenate([data.mocap_pos.ravel(), data.mocap_quat.ravel()])[None]
    lost = np.logical_or.accumulate(~(np.abs(prediction) < _GONE).all(1))
    steps = np.round(np.arange(0.0, (len(error) - 1) * dt + 1e-9, speed / fps) / dt).astype(int)
    model = for_pictures(mj_model, width, height)
    scene = Scene(model, choose_camera(model, camera, truth[:, : model.nq]))
    overlay = Overlay(width, height, np.where(lost, np.nan, error), dt, main_color(model), title)
    chosen = choose_backend(backend)

    def film() -> Iterator[np.ndarray]:
        artist = painter(model, width, height, chosen)
        try:
            for k in steps:
                scene.look(truth[k], None if lost[k] else prediction[k], mocap[min(k, len(mocap) - 1)])
                yield np.asarray(overlay.write(Image.fromarray(artist.paint(scene.shapes)), k))
        finally:
            artist.close()

    return film()
