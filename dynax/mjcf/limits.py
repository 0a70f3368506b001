"""Limits that MuJoCo ignores without a warning, because the lower one is above the upper one."""

from collections.abc import Iterator

import mujoco

OBJECT = mujoco.mjtObj


def swapped_limits(model: mujoco.MjModel) -> Iterator[str]:
    """Yield a sentence for each limit whose lower bound is above its upper bound."""
    for kind, limit, ranges, obj in (
        ("joint", "range", model.jnt_range, OBJECT.mjOBJ_JOINT),
        ("tendon", "range", model.tendon_range, OBJECT.mjOBJ_TENDON),
        ("actuator", "ctrlrange", model.actuator_ctrlrange, OBJECT.mjOBJ_ACTUATOR),
        ("actuator", "forcerange", model.actuator_forcerange, OBJECT.mjOBJ_ACTUATOR),
        ("actuator", "actrange", model.actuator_actrange, OBJECT.mjOBJ_ACTUATOR),
    ):
        for i, (low, high) in enumerate(ranges.tolist()):
            if low > high:
                name = mujoco.mj_id2name(model, obj, i) or i
                yield f"the {limit} [{low:g}, {high:g}] of {kind} `{name}` is swapped, so that MuJoCo ignores it"
