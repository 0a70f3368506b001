"""What a state is: its joints, their limits and units, and how two states are subtracted.

A state is `[qpos, qvel]` as MuJoCo lays it out. With hinge and slide joints alone nq = nv, and the tangent space of
differences is `[dq, dv]` with the angle of every unlimited hinge wrapped to [-pi, pi).

The functions take NumPy or JAX arrays and return the kind they were given (`xp` is the array's own namespace), with any
number of leading axes.
"""

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

HINGE, SLIDE = mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE


@dataclass(frozen=True, eq=False)
class StateSpace:
    """The coordinates of a robot of hinge and slide joints; one entry a degree of freedom, in MuJoCo's order."""

    names: tuple[str, ...]  # joint names
    hinge: np.ndarray  # (nv,) bool: an angle in rad; otherwise a length in m
    limited: np.ndarray  # (nv,) bool
    lower: np.ndarray  # (nv,) rad or m; meaningful where limited
    upper: np.ndarray  # (nv,)
    margin: np.ndarray  # (nv,) how long before its end a stop begins to act, rad or m
    home: np.ndarray  # (2 nv,) the default pose at rest, about which angles are unwrapped
    invariant: np.ndarray  # (nv,) bool: nothing but a stop depends on this position
    dt: float  # control step, s

    @classmethod
    def of(cls, model: mujoco.MjModel, decimation: int = 1) -> "StateSpace":
        """The coordinates of `model`, all hinges or slides; a control step is `decimation` physics steps."""
        return cls(
            names=tuple(model.joint(j).name or f"joint{j}" for j in range(model.njnt)),
            hinge=model.jnt_type == HINGE,
            limited=model.jnt_limited.astype(bool),
            lower=model.jnt_range[:, 0].copy(),
            upper=model.jnt_range[:, 1].copy(),
            margin=model.jnt_margin.copy(),
            home=np.concatenate([model.qpos0, np.zeros(model.nv)]),
            invariant=invariant_translations(model),
            dt=decimation * model.opt.timestep,
        )

    @property
    def nv(self) -> int:
        """Degrees of freedom; for these joints also the number of positions nq."""
        return len(self.names)

    @property
    def dim(self) -> int:
        return 2 * self.nv

    @property
    def wrapped(self) -> np.ndarray:
        """(nv,) bool: the hinges that may turn for ever, whose angles are equal modulo 2 pi."""
        return self.hinge & ~self.limited

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the 2 nv tangent coordinates."""
        position = ["rad" if h else "m" for h in self.hinge]
        return (*position, *(f"{p}/s" for p in position))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the 2 nv tangent coordinates."""
        return (*self.names, *(f"{name} velocity" for name in self.names))

    def difference(self, start: Any, end: Any) -> Any:
        """`end - start` in the tangent space, (..., 2 nv), unlimited hinges wrapped."""
        xp = start.__array_namespace__()
        delta = end - start
        turns = np.concatenate([self.wrapped, np.zeros(self.nv, bool)])
        return xp.where(turns, (delta + np.pi) % (2 * np.pi) - np.pi, delta)

    def beyond(self, state: Any) -> tuple[Any, Any]:
        """How far each limited joint is past where its lower and its upper stop begin: two (..., number limited)."""
        position = state[..., : self.nv][..., self.limited]
        lower, upper = (self.lower + self.margin)[self.limited], (self.upper - self.margin)[self.limited]
        return lower - position, position - upper


def invariant_translations(model: mujoco.MjModel) -> np.ndarray:
    """(nv,) bool: slide joints along which the whole machine may be moved without changing its accelerations.

    True where the joint moves a tree rooted in the world through slides alone, no spring, actuator, tendon or equality
    refers to its position, and no geom of the robot can touch anything: gravity is uniform, so nothing is left that
    could tell where the robot is. A stop may: it is a constraint, and enters the model as one.
    """
    touches = model.npair or np.any((model.geom_contype != 0) | (model.geom_conaffinity != 0))
    at_joints = np.isin(model.actuator_trntype, (mujoco.mjtTrn.mjTRN_JOINT, mujoco.mjtTrn.mjTRN_JOINTINPARENT))
    if touches or model.neq or model.ntendon or not at_joints.all() or model.opt.density or model.opt.viscosity:
        return np.zeros(model.nv, bool)
    return np.array([_moves_freely(model, j) for j in range(model.njnt)], bool)


def _moves_freely(model: mujoco.MjModel, joint: int) -> bool:
    if model.jnt_type[joint] != SLIDE or model.jnt_stiffness[joint] or model.jnt_stiffnesspoly[joint].any():
        return False
    servo = (model.actuator_gaintype != mujoco.mjtGain.mjGAIN_FIXED) | (
        model.actuator_biastype != mujoco.mjtBias.mjBIAS_NONE
    )
    if np.any(servo & (model.actuator_trnid[:, 0] == joint)):
        return False
    body = model.jnt_bodyid[joint]
    while body:  # a hinge between the joint and the world turns the slide's axis against gravity
        first, count = model.body_jntadr[body], model.body_jntnum[body]
        before = [j for j in range(first, first + count) if j <= joint]
        if any(model.jnt_type[j] != SLIDE for j in before):
            return False
        body = model.body_parentid[body]
    return True
