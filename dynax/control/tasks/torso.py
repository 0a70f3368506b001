"""The torso of a legged robot: which body it is, and its height and posture in the standing pose."""

from dataclasses import dataclass

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks.task import Task
from dynax.envs import Env
from dynax.envs.resets.placement import Placement
from dynax.envs.resets.reset import keyframe_state
from dynax.errors import did_you_mean
from dynax.mechanics.kinematics import Kinematics
from dynax.mechanics.trees import trees
from dynax.mjcf.names import body_names

DOWN = np.array([0.0, 0, -1])


@dataclass(frozen=True)
class Torso:
    """The torso, and its standing pose: keyframe 0, or the default pose of the MJCF without keyframes, on the floor."""

    body: int  # the torso
    root: int  # first body of the robot, whose subtree is the robot
    height: float  # height of the torso's frame above the floor in the standing pose, m
    floor: float  # height of the floor under the torso, m
    up: Float[np.ndarray, " 3"]  # vertical direction of the standing pose in the torso's frame

    def posture(self, model: mujoco.MjModel, qpos: Float[Array, " nq"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """Return the height above the floor, m, and the cosine of the angle from the upright posture, in JAX."""
        poses = Kinematics.of(model)(qpos)
        upright = (poses.rotation[self.body] @ jnp.asarray(self.up, qpos.dtype))[2]
        return poses.position[self.body, 2] - self.floor, upright


def torso_of(task: Task, env: Env, name: str | None) -> Torso:
    """Return the torso of a robot.

    Args:
        task: the task, for error messages.
        env: the robot.
        name: name of the torso; None is the first body of the heaviest robot with a floating base and with legs.

    Raises:
        UserError: if the robot has no floating base, no joints besides it, no such body, or no floor.
    """
    model = env.mj_model
    robots = [tree.root for tree in trees(model) if tree.floating_base and len(tree.dofs) > len(tree.base)]
    if not robots:
        raise task.misfit(env, "it must have a floating base and legs")
    bodies = np.flatnonzero(np.isin(model.body_rootid, model.body_rootid[robots]))
    names = body_names(model, bodies)
    if name is not None and name not in names:
        known = f"the bodies of the robot are {', '.join(names)}"
        raise task.misfit(env, f"it has no body `{name}`{did_you_mean(name, names)}; {known}")
    if name is None:
        body = max(robots, key=lambda root: model.body_subtreemass[root])
    else:
        body = int(bodies[names.index(name)])
    data = _standing(model)
    floor = _floor_under(data, model, body)
    if floor is None:
        raise task.misfit(env, "there is no floor under its torso: add a plane to the MJCF")
    root = next(tree for tree in robots if model.body_rootid[tree] == model.body_rootid[body])
    return Torso(body, root, float(data.xpos[body, 2]) - floor, floor, data.xmat[body, 6:].copy())


def _standing(model: mujoco.MjModel) -> mujoco.MjData:
    """Return the kinematics of the standing pose."""
    data, qpos = mujoco.MjData(model), keyframe_state(model)[: model.nq].copy()
    Placement(model).set_down(qpos, 0.0)
    data.qpos[:] = qpos
    mujoco.mj_kinematics(model, data)
    return data


def _floor_under(data: mujoco.MjData, model: mujoco.MjModel, body: int) -> float | None:
    """Return the height of the floor under a body, m, or None if there is no floor."""
    gaps = [
        mujoco.mju_rayGeom(
            data.geom_xpos[floor], data.geom_xmat[floor], model.geom_size[floor], data.xpos[body], DOWN,
            model.geom_type[floor],
        )
        for floor in Placement(model).floors
    ]  # fmt: skip
    gaps = [gap for gap in gaps if gap >= 0]
    return float(data.xpos[body, 2]) - min(gaps) if gaps else None
