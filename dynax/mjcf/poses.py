"""The default pose of a robot, and the bodies that move together."""

import mujoco


def default_pose(model: mujoco.MjModel) -> mujoco.MjData:
    """Return the kinematics of the default pose `qpos0`."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    return data


def subtree(model: mujoco.MjModel, body: int) -> list[int]:
    """Return a body and its descendants in the kinematic tree, in ascending order."""
    bodies = [int(body)]
    for other in range(body + 1, model.nbody):  # the index of a parent is below the indices of its children
        if model.body_parentid[other] in bodies:
            bodies.append(other)
    return bodies
