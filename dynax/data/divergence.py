"""The cause of a simulation that diverges: the part of the robot that fails first."""

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.envs import Env
from dynax.mjcf.messages import warnings_to_log

TORN = 0.01  # violation of an equality constraint, or depth of a contact, that counts as a failure, m or rad
EQUALITY = int(mujoco.mjtConstraint.mjCNSTR_EQUALITY)


def cause_of_divergence(env: Env, state: Float[np.ndarray, " s"], actions: Float[np.ndarray, "t u"]) -> str:
    """Return a sentence, without a period, about the last physics step before C MuJoCo resets a trajectory.

    It names the equality constraint with the largest violation, the deepest contact, or the fastest joint.
    """
    model = env.sim_model
    data, nu = mujoco.MjData(model), model.nu
    data.qpos[:], data.qvel[:] = state[: model.nq], state[model.nq : model.nq + model.nv]
    data.act[:] = state[model.nq + model.nv :]
    found = ""
    with warnings_to_log():
        for action in np.repeat(actions, env.decimation, axis=0):
            data.ctrl[:] = action[:nu]
            data.mocap_pos[:] = action[nu : nu + 3 * model.nmocap].reshape(-1, 3)
            data.mocap_quat[:] = action[nu + 3 * model.nmocap :].reshape(-1, 4)
            speed, time = data.qvel.copy(), data.time
            mujoco.mj_step(model, data)
            if data.time < time + model.opt.timestep / 2:  # MuJoCo has reset the simulation
                return found or _fastest(env, speed, time)
            found = _torn(model, data) or _fastest(env, data.qvel, data.time)
    return found


def _torn(model: mujoco.MjModel, data: mujoco.MjData) -> str:
    """Return a clause about the largest violation in the last step, or an empty string if all are small."""
    rows = np.flatnonzero(data.efc_type == EQUALITY)
    if rows.size and np.abs(data.efc_pos[rows]).max() > TORN:
        row = rows[np.abs(data.efc_pos[rows]).argmax()]
        index = int(data.efc_id[row])
        name = model.eq(index).name or index
        return f"The equality constraint `{name}` is torn by {abs(data.efc_pos[row]):.3g} after {data.time:.3g} s"
    if data.ncon and data.contact.dist.min() < -TORN:
        i = int(data.contact.dist.argmin())
        names = " and ".join(f"`{model.geom(geom).name or geom}`" for geom in data.contact.geom[i].tolist())
        return f"The geoms {names} overlap by {-data.contact.dist[i]:.3g} m after {data.time:.3g} s"
    return ""


def _fastest(env: Env, qvel: Float[np.ndarray, " nv"], time: float) -> str:
    dof = int(np.nan_to_num(np.abs(qvel), nan=np.inf).argmax())
    unit = env.space.units[env.space.nv + dof]
    return f"The joint `{env.space.names[dof]}` moves at {abs(qvel[dof]):.3g} {unit} after {time:.3g} s"
