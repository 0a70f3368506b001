"""The camera of a clip."""

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.errors import UserError, did_you_mean

MAX_POSES = 50  # about the number of poses from which the extent of a motion is computed


def choose_camera(model: mujoco.MjModel, name: str | None, qpos: Float[np.ndarray, "T nq"]) -> mujoco.MjvCamera:
    """Return a camera for the motion `qpos`.

    Args:
        model: The robot.
        name: Name of a camera in the model. By default, the camera `side`, otherwise the first camera, otherwise a free
            camera that covers the whole motion.
        qpos: Positions at all control steps.

    Raises:
        UserError: The model does not have the camera `name`.
    """
    check_camera(model, name)
    cameras = _names(model)
    if not cameras:
        return _free_camera(model, qpos)
    camera = mujoco.MjvCamera()
    camera.type = mujoco.mjtCamera.mjCAMERA_FIXED.value
    camera.fixedcamid = cameras.index(name or ("side" if "side" in cameras else cameras[0]))
    return camera


def check_camera(model: mujoco.MjModel, name: str | None) -> None:
    """Raise UserError unless `name` is None or a camera of the model. Commands call the function before their work."""
    cameras = _names(model)
    if name is not None and name not in cameras:
        known = f"the cameras are {', '.join(cameras)}" if cameras else "the robot has no cameras"
        raise UserError(f"camera={name} does not exist{did_you_mean(name, cameras)}; {known}", "camera")


def _names(model: mujoco.MjModel) -> list[str]:
    return [model.camera(i).name for i in range(model.ncam)]


def _free_camera(model: mujoco.MjModel, qpos: Float[np.ndarray, "T nq"]) -> mujoco.MjvCamera:
    """Return a camera slightly above the robot, perpendicular to the wider horizontal direction of the motion."""
    low, high = _motion_box(model, qpos)
    camera = mujoco.MjvCamera()
    mujoco.mjv_defaultFreeCamera(model, camera)
    camera.lookat[:] = (low + high) / 2
    camera.azimuth = 90.0 if high[0] - low[0] >= high[1] - low[1] else 180.0
    camera.elevation = -12.0
    camera.distance = 0.55 * np.linalg.norm(high - low) / np.tan(np.radians(model.vis.global_.fovy) / 2)
    return camera


def _motion_box(
    model: mujoco.MjModel, qpos: Float[np.ndarray, "T nq"]
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "3"]]:
    """Return the lowest and the highest corner, in m, of the box that contains the moving geoms along `qpos`."""
    moving = model.body_weldid[model.geom_bodyid] > 0
    if not moving.any():
        return np.full(3, -1.0), np.full(3, 1.0)
    data = mujoco.MjData(model)
    radius = model.geom_rbound[moving, None]
    corners = []
    for pose in qpos[:: max(1, len(qpos) // MAX_POSES)]:
        data.qpos[:] = pose
        mujoco.mj_kinematics(model, data)
        centers = data.geom_xpos[moving]
        corners += [centers - radius, centers + radius]
    stacked = np.concatenate(corners)
    return stacked.min(0), stacked.max(0)
