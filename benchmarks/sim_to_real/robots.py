"""The robots: the shipped MJCF with a fixed base, and the motion that a user would record."""

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.envs.source import ASSETS


@dataclass(frozen=True)
class Robot:
    """A shipped robot with a fixed base, and the controller that drives it.

    The import of a log takes hinges and slides. Therefore the free body of the MJCF is removed, or fixed.

    Attributes:
        asset: name of the shipped MJCF.
        free_body: body with a free joint.
        keep: whether the free body stays, without its free joint. Otherwise it is removed.
        center: middle of the target angles, rad.
        width: half-width of the target angles, rad.
        play: the joint with a backlash.
        stiffness, rate: gains of the controller, N m/rad and N m s/rad; 0: the actuators are servos.
        dry: speed at which dry friction and damping are equal, rad/s.
        gap: backlash, rad.
    """

    asset: str
    free_body: str
    keep: bool
    center: tuple[float, ...]
    width: float
    play: str
    stiffness: float
    rate: float
    dry: float
    gap: float

    def spec(self) -> mujoco.MjSpec:
        """Return the shipped MJCF with a fixed base; its keyframe is the center of the motion."""
        spec = mujoco.MjSpec.from_file(str(ASSETS / f"{self.asset}.xml"))
        for key in list(spec.keys):
            spec.delete(key)
        body = spec.body(self.free_body)
        spec.delete(body.joints[0] if self.keep else body)
        spec.add_key(name="home", qpos=list(self.center))
        return spec

    def action(
        self, model: mujoco.MjModel, target: Float[np.ndarray, " n"], state: Float[np.ndarray, " s"]
    ) -> Float[np.ndarray, " n"]:
        """Return the action that drives the robot to target angles, in a state of angles and rates."""
        if not self.stiffness:
            return target
        angle, speed = np.split(state, 2)
        torque = self.stiffness * (target - angle) - self.rate * speed
        low, high = model.actuator_ctrlrange.T
        return np.clip(torque / model.actuator_gear[:, 0], low, high)


LEGS = (0.2, 0.5, -1.2, -0.2, 0.5, -1.2) * 2  # abduction, hip and knee of a left and a right leg, rad
ROBOTS = {
    "arm": Robot("arm", "box", False, (0.0, 0.4, 1.1, 0.0, 0.5, 0.0), 0.35, "elbow", 0.0, 0.0, 0.2, 0.03),
    "quadruped": Robot("quadruped", "trunk", True, LEGS, 0.3, "fl_knee", 30.0, 0.5, 1.0, 0.05),
}
