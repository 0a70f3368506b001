"""Projection of states onto the equality constraints of a robot."""

import copy

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from dynax.mjcf.joints import HINGE, SLIDE

MAX_ITERATIONS = 50  # steps of Newton's method
MAX_STEP = 0.3  # largest change of a position in one step, rad or m
TOLERANCE = 1e-7  # violation at which the iteration ends, m or rad
MAX_VIOLATION = 1e-3  # largest violation in an initial state, m or rad
DAMPING = 1e-9  # added to the matrix of the step, because equality constraints may be redundant
EQUALITY = int(mujoco.mjtConstraint.mjCNSTR_EQUALITY)
OTHERS = (  # constraints that the projection ignores
    mujoco.mjtDisableBit.mjDSBL_CONTACT | mujoco.mjtDisableBit.mjDSBL_LIMIT | mujoco.mjtDisableBit.mjDSBL_FRICTIONLOSS
)


class Equalities:
    """The active equality constraints of a model. The object owns an MjData, and is not thread-safe.

    Args:
        model: the robot.
        mocap: positions, then quaternions, of the mocap bodies.
        fixed: mask of the degrees of freedom whose positions the projection does not change.
        locked: mask of further degrees of freedom, whose velocities it does not change.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        mocap: Float[np.ndarray, " m"],
        fixed: Bool[np.ndarray, " nv"],
        locked: Bool[np.ndarray, " nv"],
    ):
        self.model, self.free, self.moving = copy.copy(model), ~fixed, ~(fixed | locked)
        self.model.opt.disableflags |= OTHERS
        self.model.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
        self.data = mujoco.MjData(self.model)
        self.data.mocap_pos[:] = mocap[: 3 * model.nmocap].reshape(-1, 3)
        self.data.mocap_quat[:] = mocap[3 * model.nmocap :].reshape(-1, 4)

    def project(self, qpos: Float[np.ndarray, " nq"], qvel: Float[np.ndarray, " nv"]) -> float:
        """Change a position and a velocity in place, so that they satisfy the constraints. Joint limits are respected.

        Positions move by Newton's method with the least change, dq = -J^T (J J^T)^-1 r, where r is the violation.
        Velocities lose their component along the constraints, J v = 0.

        Returns:
            The largest violation of a constraint that remains, m or rad.
        """
        for _ in range(MAX_ITERATIONS):
            residual, jacobian = self._linearize(qpos)
            if np.abs(residual).max(initial=0) < TOLERANCE:
                break
            step = -jacobian.T @ _solve(jacobian, residual)
            step *= min(1.0, MAX_STEP / max(np.abs(step).max(initial=0), TOLERANCE))
            mujoco.mj_integratePos(self.model, qpos, step, 1.0)
            self._clip(qpos)
        residual, jacobian = self._linearize(qpos)
        jacobian = jacobian * self.moving
        qvel -= jacobian.T @ _solve(jacobian, jacobian @ qvel)
        return float(np.abs(residual).max(initial=0))

    def worst(self) -> str:
        """Return the name of the constraint with the largest violation in the last position given to `project`."""
        rows = self.data.efc_type == EQUALITY
        index = int(self.data.efc_id[rows][np.abs(self.data.efc_pos[rows]).argmax()])
        return f"`{self.model.eq(index).name or index}`"

    def violation(self, qpos: Float[np.ndarray, " nq"]) -> float:
        """Return the largest violation of a constraint, m or rad."""
        return float(np.abs(self._linearize(qpos)[0]).max(initial=0))

    def _linearize(self, qpos: Float[np.ndarray, " nq"]) -> tuple[np.ndarray, np.ndarray]:
        """Return the violation of each row, and its derivative with respect to the degrees of freedom that may move."""
        data = self.data
        data.qpos[:] = qpos
        mujoco.mj_fwdPosition(self.model, data)
        rows = data.efc_type == EQUALITY
        jacobian = data.efc_J.reshape(-1, self.model.nv)[rows]
        return data.efc_pos[rows].copy(), jacobian * self.free

    def _clip(self, qpos: Float[np.ndarray, " nq"]) -> None:
        """Move limited hinges and slides into their ranges, in place."""
        model = self.model
        joints = np.flatnonzero((model.jnt_limited != 0) & ((model.jnt_type == HINGE) | (model.jnt_type == SLIDE)))
        address = model.jnt_qposadr[joints]
        qpos[address] = np.clip(qpos[address], *model.jnt_range[joints].T)


def _solve(jacobian: Float[np.ndarray, "R nv"], residual: Float[np.ndarray, " R"]) -> Float[np.ndarray, " R"]:
    """Return (J J^T)^-1 r."""
    matrix = jacobian @ jacobian.T
    return np.linalg.solve(matrix + DAMPING * np.eye(len(matrix)), residual)
