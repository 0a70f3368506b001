"""Numbers of a model with which a simulation cannot start, although MuJoCo compiles the model."""

from collections.abc import Iterator

import mujoco
import numpy as np

OBJECT = mujoco.mjtObj
UNBOUNDED = float("inf")
KEY = ("qpos", "qvel", "act", "ctrl", "mpos", "mquat")  # attributes of a keyframe
ATTRIBUTES = (  # element, attribute, field of MjModel, kind of the object, largest absolute value
    *(("key", name, f"key_{name}", OBJECT.mjOBJ_KEY, mujoco.mjMAXVAL) for name in KEY),
    ("actuator", "ctrlrange", "actuator_ctrlrange", OBJECT.mjOBJ_ACTUATOR, mujoco.mjMAXVAL),
    ("actuator", "actrange", "actuator_actrange", OBJECT.mjOBJ_ACTUATOR, mujoco.mjMAXVAL),
    ("actuator", "forcerange", "actuator_forcerange", OBJECT.mjOBJ_ACTUATOR, UNBOUNDED),
    ("actuator", "gear", "actuator_gear", OBJECT.mjOBJ_ACTUATOR, UNBOUNDED),
    ("joint", "range", "jnt_range", OBJECT.mjOBJ_JOINT, mujoco.mjMAXVAL),
    ("joint", "actuatorfrcrange", "jnt_actfrcrange", OBJECT.mjOBJ_JOINT, UNBOUNDED),
    ("tendon", "range", "tendon_range", OBJECT.mjOBJ_TENDON, UNBOUNDED),
    ("body", "mass", "body_mass", OBJECT.mjOBJ_BODY, mujoco.mjMAXVAL),
    ("body", "inertia", "body_inertia", OBJECT.mjOBJ_BODY, mujoco.mjMAXVAL),
    ("body", "pos", "body_pos", OBJECT.mjOBJ_BODY, mujoco.mjMAXVAL),
)
OPTIONS = ("timestep", "gravity", "wind", "magnetic", "density", "viscosity")


def unusable_number(model: mujoco.MjModel) -> str:
    """Return a sentence about the first number that is not finite or too large, or an empty string."""
    return next(_unusable(model), "")


def _unusable(model: mujoco.MjModel) -> Iterator[str]:
    for element, attribute, field, kind, most in ATTRIBUTES:
        for i, row in enumerate(map(np.ravel, getattr(model, field))):
            if fault := _fault(row, most):
                name = mujoco.mj_id2name(model, kind, i) or i
                yield f"the attribute {attribute} of the {element} `{name}` {fault}"
    for name in OPTIONS:
        if fault := _fault(np.atleast_1d(getattr(model.opt, name)), mujoco.mjMAXVAL):
            yield f"the option {name} {fault}"
    for owner in (model, model.opt):
        for field in filter(lambda name: not name.startswith("_"), dir(owner)):
            values = getattr(owner, field)
            if isinstance(values, float | np.ndarray) and np.any(values != values):  # only NaN differs from itself
                yield f"{field} of the compiled model contains NaN: write a number"


def _fault(values: np.ndarray, most: float) -> str:
    """Return in words which value is NaN or above `most`, or an empty string."""
    wrong = values[np.isnan(values) | (np.abs(values) > most)]
    rule = "write a number" if most == UNBOUNDED else f"write numbers from -{most:g} to {most:g}"
    return f"contains {wrong[0]:g}: {rule}" if wrong.size else ""
