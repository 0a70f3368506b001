"""What is in the picture: the true robot, the ghost of the predicted one, and the camera that sees them.

A `mujoco.MjvScene` is a list of shapes with poses and colors, and needs no OpenGL: every backend draws the same one.
"""

import copy

import mujoco
import numpy as np

from dynax.errors import UserError, did_you_mean

GHOST_RGBA = (0.56, 0.18, 0.85, 0.42)
_GHOST_SCALE = 0.985  # a hair slimmer than the truth: a perfect prediction is hidden inside it, and nothing flickers
_ASPECT = 16 / 9
_MOVING = mujoco.mjtCatBit.mjCAT_DYNAMIC.value
_ALL = mujoco.mjtCatBit.mjCAT_ALL.value


def for_pictures(model: mujoco.MjModel, width: int, height: int) -> mujoco.MjModel:
    """A copy of `model` with an off-screen buffer of `width x height` pixels and a shadow map that a CPU can afford.

    Its cameras are taken as framed for 16:9: a narrower picture sees more above and below, not less at the sides.
    """
    model = copy.copy(model)
    narrow = max(1.0, _ASPECT * height / width)
    model.cam_fovy[:] = np.degrees(2 * np.arctan(narrow * np.tan(np.radians(model.cam_fovy) / 2)))
    model.vis.global_.offwidth, model.vis.global_.offheight = width, height
    model.vis.quality.shadowsize = min(model.vis.quality.shadowsize, 2048)
    if model.nlight == 0:  # MuJoCo's own headlight is meant to fill in shadows, not to light a robot
        model.vis.headlight.ambient[:], model.vis.headlight.diffuse[:] = 0.4, 0.6
    return model


def choose_camera(model: mujoco.MjModel, name: str | None, qpos: np.ndarray) -> mujoco.MjvCamera:
    """The camera `name`, else the one called `side`, else the first, else a free one that holds all `qpos (T, nq)`."""
    cameras = [model.camera(i).name for i in range(model.ncam)]
    if name is not None and name not in cameras:
        known = f"it has {', '.join(cameras)}" if cameras else "it has none"
        raise UserError(f"the robot has no camera `{name}`{did_you_mean(name, cameras)}; {known}")
    if not cameras:
        return _free_camera(model, qpos)
    camera = mujoco.MjvCamera()
    camera.type = mujoco.mjtCamera.mjCAMERA_FIXED.value
    camera.fixedcamid = cameras.index(name or ("side" if "side" in cameras else cameras[0]))
    return camera


def _free_camera(model: mujoco.MjModel, qpos: np.ndarray) -> mujoco.MjvCamera:
    """From a little above, square to the wider horizontal direction of the motion, far enough to hold all of it."""
    low, high = _motion_box(model, qpos)
    camera = mujoco.MjvCamera()
    mujoco.mjv_defaultFreeCamera(model, camera)
    camera.lookat[:] = (low + high) / 2
    camera.azimuth = 90.0 if high[0] - low[0] >= high[1] - low[1] else 180.0
    camera.elevation = -12.0
    camera.distance = 0.55 * np.linalg.norm(high - low) / np.tan(np.radians(model.vis.global_.fovy) / 2)
    return camera


def _motion_box(model: mujoco.MjModel, qpos: np.ndarray, samples: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner (3,), m, of the space that the moving geoms sweep along `qpos (T, nq)`."""
    data = mujoco.MjData(model)
    moving = model.body_weldid[model.geom_bodyid] > 0
    reach = model.geom_rbound[moving, None]
    corners = []
    for pose in qpos[:: max(1, len(qpos) // samples)]:
        data.qpos[:] = pose
        mujoco.mj_kinematics(model, data)
        at = data.geom_xpos[moving]
        corners += [at - reach, at + reach]
    stacked = np.concatenate(corners) if moving.any() else np.array([[-1.0] * 3, [1.0] * 3])
    return stacked.min(0), stacked.max(0)


def main_color(model: mujoco.MjModel) -> tuple[int, int, int]:
    """The color of the largest thing that moves, for a legend: red, green, blue up to 255."""
    moving = np.flatnonzero(model.body_weldid[model.geom_bodyid] > 0)
    if not moving.size:
        return (51, 65, 85)
    largest = moving[model.geom_rbound[moving].argmax()]
    material = model.geom_matid[largest]
    rgba = model.mat_rgba[material] if material >= 0 else model.geom_rgba[largest]
    red, green, blue = np.round(255 * rgba[:3]).astype(int).tolist()
    return red, green, blue


class Scene:
    """The two robots at one instant, as shapes: `look(truth, prediction)`, then draw `.shapes`."""

    def __init__(self, model: mujoco.MjModel, camera: mujoco.MjvCamera):
        self.shapes = mujoco.MjvScene(model, maxgeom=2 * model.ngeom + 1000)
        self.shapes.flags[mujoco.mjtRndFlag.mjRND_REFLECTION.value] = False  # it would draw everything twice
        self._model, self._camera = model, camera
        self._option = mujoco.MjvOption()
        self._truth, self._ghost = mujoco.MjData(model), mujoco.MjData(model)

    def look(self, truth: np.ndarray, prediction: np.ndarray | None, mocap: np.ndarray) -> None:
        """Pose both robots at the states `(nq + nv,)`; without a prediction there is no ghost.

        `mocap (7 nmocap,)` is the positions of mocap bodies, then their quaternions, as an action has them.
        """
        for data in (self._truth, self._ghost):
            place, turn = np.split(mocap, [3 * self._model.nmocap])
            data.mocap_pos[:], data.mocap_quat[:] = place.reshape(-1, 3), turn.reshape(-1, 4)
        self._pose(self._truth, truth)
        mujoco.mjv_updateScene(self._model, self._truth, self._option, None, self._camera, _ALL, self.shapes)
        if prediction is not None:
            self._pose(self._ghost, prediction)
            self._add_ghost()

    def _pose(self, data: mujoco.MjData, state: np.ndarray) -> None:
        data.qpos[:] = state[: self._model.nq]
        # All that a picture shows; what collides would take longer, and more memory than some models have.
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        mujoco.mj_camlight(self._model, data)
        mujoco.mj_flex(self._model, data)
        mujoco.mj_tendon(self._model, data)

    def _add_ghost(self) -> None:
        """Append what moves of the predicted robot, translucent and in one tint; the floor and the rail stay single."""
        first = self.shapes.ngeom
        mujoco.mjv_addGeoms(self._model, self._ghost, self._option, mujoco.MjvPerturb(), _MOVING, self.shapes)
        for shape in self.shapes.geoms[first : self.shapes.ngeom]:
            shape.rgba[:] = GHOST_RGBA
            shape.matid = shape.texid = -1
            shape.size[:] *= _GHOST_SCALE
            shape.category = mujoco.mjtCatBit.mjCAT_DECOR.value  # decor casts no shadow
