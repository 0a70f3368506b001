"""What of a robot's constraints the layer does not have, so that a training can say it."""

import mujoco
import numpy as np

from dynax.mechanics.constraints.layer import NEAREST
from dynax.mjcf.joints import BALL


def left_out(model: mujoco.MjModel) -> tuple[str, ...]:
    """What of MuJoCo's constraints and of their solver the layer does not have, in words."""
    width = model.jnt_range[:, 1] - model.jnt_range[:, 0]
    two = (model.jnt_limited != 0) & (model.jnt_type != BALL)
    there = {
        "equalities": model.neq > 0,
        "limits of tendons": model.tendon_limited.any(),
        "friction of tendons": model.tendon_frictionloss.any(),
        "one of two stops that act at once": (two & (2 * model.jnt_margin > width)).any(),
        "the iterations without slip": model.opt.noslip_iterations > 0,
        "the exact diagonal (diagexact)": bool(model.opt.enableflags & mujoco.mjtEnableBit.mjENBL_DIAGEXACT),
    }
    return tuple(what for what, is_there in there.items() if is_there)


def contact_overflow(model: mujoco.MjModel, qpos: np.ndarray) -> float:
    """The share of positions (M, nq) in which C MuJoCo has more contacts of one dimension than the layer follows."""
    data, crowds = mujoco.MjData(model), 0
    for here in qpos:
        data.qpos[:] = here
        mujoco.mj_fwdPosition(model, data)
        acting = data.contact.dim[data.contact.exclude == 0]  # others are in a `gap`
        crowds += np.bincount(acting, minlength=1).max() > NEAREST
    return crowds / len(qpos)
