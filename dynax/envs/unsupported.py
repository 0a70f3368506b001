"""Features of a MuJoCo model that Dynax does not support."""

from collections.abc import Iterator

import mujoco
import numpy as np

MIN_TIMESTEP, MAX_TIMESTEP = 1e-7, 10.0  # s


def unsupported_model(model: mujoco.MjModel) -> Iterator[str]:
    """Yield a clause for each feature whose state is not part of positions, velocities and activations."""
    if not MIN_TIMESTEP <= model.opt.timestep <= MAX_TIMESTEP:
        yield f"its timestep is {model.opt.timestep:g} s, but must be between {MIN_TIMESTEP:g} and {MAX_TIMESTEP:g} s"
    if not model.njnt:
        yield "it has no joint"
    if model.nflex:
        yield f"the flex `{mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_FLEX, 0) or 0}` is a soft body"
    for i in range(model.nactuator):
        if model.actuator_ctrlnum[i] != 1 or model.actuator_outnum[i] != 1:
            yield f"actuator `{model.actuator(i).name or i}` has several inputs or outputs"
            return  # the checks below index actuators by their controls
    for i in np.flatnonzero(model.actuator_delay):
        yield f"actuator `{model.actuator(i).name or i}` has a delay, whose buffer is not part of the state"
    for i in np.flatnonzero(model.actuator_dyntype == mujoco.mjtDyn.mjDYN_USER):
        yield f"actuator `{model.actuator(i).name or i}` has user-defined dynamics (dyntype user)"
    if model.nplugin:
        yield "it uses a MuJoCo plugin, which may have further state"
