"""Constraints of a model that the layer does not support, so that training can report them."""

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.mechanics.constraints.layer import MAX_CONTACTS_PER_CONDIM
from dynax.mjcf.joints import BALL


def unsupported_constraints(model: mujoco.MjModel) -> tuple[str, ...]:
    """Return the names of the constraints and solver options of a model that the layer ignores."""
    width = model.jnt_range[:, 1] - model.jnt_range[:, 0]
    two_limits = (model.jnt_limited != 0) & (model.jnt_type != BALL)
    present = {
        "equality constraints": model.neq > 0,
        "tendon limits": model.tendon_limited.any(),
        "tendon friction": model.tendon_frictionloss.any(),
        "simultaneously active lower and upper joint limits": (two_limits & (2 * model.jnt_margin > width)).any(),
        "noslip iterations": model.opt.noslip_iterations > 0,
        "the exact diagonal (diagexact)": bool(model.opt.enableflags & mujoco.mjtEnableBit.mjENBL_DIAGEXACT),
    }
    return tuple(name for name, is_present in present.items() if is_present)


def contact_overflow(model: mujoco.MjModel, qpos: Float[np.ndarray, "K nq"]) -> float:
    """Return the share of positions with more than `MAX_CONTACTS_PER_CONDIM` active contacts of a condim in MuJoCo."""
    data, overflows = mujoco.MjData(model), 0
    for position in qpos:
        data.qpos[:] = position
        mujoco.mj_fwdPosition(model, data)
        active = data.contact.dim[data.contact.exclude == 0]  # excludes contacts in a `gap`
        overflows += np.bincount(active, minlength=1).max() > MAX_CONTACTS_PER_CONDIM
    return float(overflows / len(qpos))
