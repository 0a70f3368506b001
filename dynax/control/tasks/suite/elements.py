"""The elements of a model that a task of the suite refers to by name."""

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.control.tasks.task import Task
from dynax.envs import Env
from dynax.mjcf.joints import HINGE, SLIDE

KINDS = {"body": mujoco.mjtObj.mjOBJ_BODY, "geom": mujoco.mjtObj.mjOBJ_GEOM}


def index(task: Task, env: Env, kind: str, name: str) -> int:
    """Return the index of the body or geom with a name.

    Raises:
        UserError: if the robot has no such element.
    """
    found = mujoco.mj_name2id(env.mj_model, KINDS[kind], name)
    if found < 0:
        raise task.misfit(env, f"it has no {kind} `{name}`")
    return found


def center(task: Task, env: Env, body: str) -> tuple[int, Float[np.ndarray, "3"]]:
    """Return a body, and its center of mass in the frame of the body, m."""
    found = index(task, env, "body", body)
    return found, env.mj_model.body_ipos[found].copy()


def check_joints(task: Task, env: Env) -> None:
    """Raise UserError unless all joints of the robot are hinges and slides."""
    if not np.isin(env.mj_model.jnt_type, (HINGE, SLIDE)).all():
        raise task.misfit(env, "its joints must be hinges and slides")
