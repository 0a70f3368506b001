"""The scene of a picture: the simulated robot and the ghost of its prediction.

A `mujoco.MjvScene` is a list of shapes with poses and colors. It needs no OpenGL, so all backends draw the same scene.
"""

import copy

import mujoco
import numpy as np
from jaxtyping import Float

GHOST_RGBA = (0.56, 0.18, 0.85, 0.42)
_GHOST_SCALE = 0.985  # the ghost of a perfect prediction is hidden inside the robot, so that surfaces do not flicker
_ASPECT_RATIO = 16 / 9  # of the pictures that the cameras of the MJCF are designed for
_MOVING = mujoco.mjtCatBit.mjCAT_DYNAMIC.value
_ALL = mujoco.mjtCatBit.mjCAT_ALL.value


def picture_model(model: mujoco.MjModel, width: int, height: int) -> mujoco.MjModel:
    """Return a copy of `model` with visual settings for pictures of `width` x `height` pixels.

    If a picture is narrower than 16:9, its cameras cover more above and below instead of less at the sides. The shadow
    map is small enough for a CPU.
    """
    model = copy.copy(model)
    narrowing = max(1.0, _ASPECT_RATIO * height / width)
    model.cam_fovy[:] = np.degrees(2 * np.arctan(narrowing * np.tan(np.radians(model.cam_fovy) / 2)))
    model.vis.global_.offwidth, model.vis.global_.offheight = width, height
    model.vis.quality.shadowsize = min(model.vis.quality.shadowsize, 2048)
    if model.nlight == 0:  # MuJoCo's headlight only brightens shadows by default
        model.vis.headlight.ambient[:], model.vis.headlight.diffuse[:] = 0.4, 0.6
    return model


def main_color(model: mujoco.MjModel) -> tuple[int, int, int]:
    """Return the color of the largest moving geom for the legend: red, green and blue from 0 to 255."""
    moving = np.flatnonzero(model.body_weldid[model.geom_bodyid] > 0)
    if not moving.size:
        return (51, 65, 85)
    largest = moving[model.geom_rbound[moving].argmax()]
    material = model.geom_matid[largest]
    rgba = model.mat_rgba[material] if material >= 0 else model.geom_rgba[largest]
    red, green, blue = np.round(255 * rgba[:3]).astype(int).tolist()
    return red, green, blue


class Scene:
    """The simulated robot and its ghost at one time. Call `pose`, then draw `shapes`."""

    def __init__(self, model: mujoco.MjModel, camera: mujoco.MjvCamera):
        self.shapes = mujoco.MjvScene(model, maxgeom=2 * model.ngeom + 1000)
        self.shapes.flags[mujoco.mjtRndFlag.mjRND_REFLECTION.value] = False  # reflections double the drawing time
        self._model, self._camera = model, camera
        self._option = mujoco.MjvOption()
        self._truth, self._ghost = mujoco.MjData(model), mujoco.MjData(model)

    def pose(
        self,
        truth: Float[np.ndarray, " S"],
        prediction: Float[np.ndarray, " S"] | None,
        mocap: Float[np.ndarray, " M"],
    ) -> None:
        """Set the states of both robots.

        Args:
            truth: State of the simulated robot.
            prediction: State of the ghost, or None for no ghost.
            mocap: Positions, then quaternions of the mocap bodies.
        """
        for data in (self._truth, self._ghost):
            positions, quaternions = np.split(mocap, [3 * self._model.nmocap])
            data.mocap_pos[:], data.mocap_quat[:] = positions.reshape(-1, 3), quaternions.reshape(-1, 4)
        self._set_state(self._truth, truth)
        mujoco.mjv_updateScene(self._model, self._truth, self._option, None, self._camera, _ALL, self.shapes)
        if prediction is not None:
            self._set_state(self._ghost, prediction)
            self._add_ghost()

    def _set_state(self, data: mujoco.MjData, state: Float[np.ndarray, " S"]) -> None:
        """Compute everything that is drawn. Contacts are not drawn, and for some models they need too much memory."""
        data.qpos[:] = state[: self._model.nq]
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        mujoco.mj_camlight(self._model, data)
        mujoco.mj_flex(self._model, data)
        mujoco.mj_tendon(self._model, data)

    def _add_ghost(self) -> None:
        """Append the moving shapes of the predicted robot in the color of the ghost."""
        first = self.shapes.ngeom
        mujoco.mjv_addGeoms(self._model, self._ghost, self._option, mujoco.MjvPerturb(), _MOVING, self.shapes)
        for shape in self.shapes.geoms[first : self.shapes.ngeom]:
            shape.rgba[:] = GHOST_RGBA
            shape.matid = shape.texid = -1
            shape.size[:] *= _GHOST_SCALE
            shape.category = mujoco.mjtCatBit.mjCAT_DECOR.value  # shapes of this category cast no shadow
