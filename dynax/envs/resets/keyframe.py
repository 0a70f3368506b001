"""Where trajectories start: about a pose, with noise by the kind of joint, or in ranges by the name of a joint."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np

from dynax.envs.state_space import StateSpace
from dynax.errors import UserError, check_range, did_you_mean
from dynax.math import rotations
from dynax.mjcf.joints import BALL, FREE, HINGE, SLIDE


@dataclass(frozen=True)
class Reset:
    """A keyframe, or the default pose where there is none, with Gaussian noise; limited joints stay within their range.

    A joint named in `ranges` starts uniformly between two values instead. Of free joints the position has the noise
    `free`, the orientation that of ball joints.
    """

    keyframe: int | None = 0  # index of the pose; None, as of a robot without keyframes, is the default pose
    hinge: float = 0.5  # standard deviation, rad
    slide: float = 0.2  # m
    ball: float = 0.3  # rad
    free: float = 0.1  # m
    velocity: float = 1.0  # standard deviation of every velocity, rad/s or m/s
    ranges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # joint: [lowest, highest], rad or m

    def __post_init__(self):
        for name in ("hinge", "slide", "ball", "free", "velocity", "keyframe"):
            if (value := getattr(self, name)) is not None:
                check_range(f"env.reset.{name}", value, 0)

    def check(self, model: mujoco.MjModel, space: StateSpace) -> None:
        """Raise `UserError` for a keyframe or a joint that the robot does not have, or that takes no range."""
        if self.keyframe is not None and self.keyframe >= max(model.nkey, 1):
            raise UserError(f"env.reset.keyframe={self.keyframe}: the robot has {model.nkey} keyframes, from 0")
        single = [space.joints[j] for j in np.flatnonzero(np.isin(model.jnt_type, (HINGE, SLIDE)))]
        for name, ends in self.ranges.items():
            if name not in single:
                raise UserError(
                    f"env.reset.ranges.{name}: no hinge or slide of the robot has that name"
                    f"{did_you_mean(name, single)}; it has {', '.join(single)}"
                )
            if len(ends) != 2 or ends[0] > ends[1]:
                raise UserError(f"env.reset.ranges.{name}={list(ends)} must be [lowest, highest]")

    def __call__(self, model: mujoco.MjModel, space: StateSpace, rng: np.random.Generator, n: int) -> np.ndarray:
        """`n` states (n, nq + nv + na), drawn one after the other."""
        noise, low, high = self._widths(model, space)
        drawn = rng.normal(size=(n, 2 * space.nv)), rng.uniform(size=(n, space.nv))
        change = np.concatenate([drawn[0] * noise, np.zeros((n, space.na))], axis=1)
        states = space.add(np.tile(home(model, self.keyframe), (n, 1)), change)
        for q, v, turns in space.blocks:
            if not turns:
                inside = np.clip(states[:, q], space.lower[v], space.upper[v])
                states[:, q] = np.where(space.limited[v], inside, states[:, q])
                uniform = low[v] + (high - low)[v] * drawn[1][:, v]
                states[:, q] = np.where(np.isnan(low[v]), states[:, q], uniform)
        for joint in np.flatnonzero((model.jnt_type == BALL) & (model.jnt_limited != 0)):
            q = slice(model.jnt_qposadr[joint], model.jnt_qposadr[joint] + 4)
            turn = rotations.log(states[:, q])
            angle = np.linalg.norm(turn, axis=1, keepdims=True)
            inside = np.minimum(1, model.jnt_range[joint].max() / np.maximum(angle, 1e-9))
            states[:, q] = rotations.exp(turn * inside)
        return states

    def _widths(self, model: mujoco.MjModel, space: StateSpace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The noise (2 nv,) and the ranges, lowest and highest (nv,), NaN where there is none."""
        width, low, high = np.full(space.nv, self.ball), *np.full((2, space.nv), np.nan)
        for kind, value in ((HINGE, self.hinge), (SLIDE, self.slide), (FREE, self.free)):
            for dof in model.jnt_dofadr[model.jnt_type == kind]:
                width[dof : dof + (3 if kind == FREE else 1)] = value
        for name, ends in self.ranges.items():
            dof = model.jnt_dofadr[space.joints.index(name)]
            low[dof], high[dof] = ends
        return np.concatenate([width, np.full(space.nv, self.velocity)]), low, high


def home(model: mujoco.MjModel, keyframe: int | None = 0) -> np.ndarray:
    """The state (nq + nv + na,) of a keyframe; without one, or of a robot that has none, the default pose at rest."""
    if keyframe is None or not model.nkey:
        return np.concatenate([model.qpos0, np.zeros(model.nv + model.na)])
    return np.concatenate([model.key_qpos[keyframe], model.key_qvel[keyframe], model.key_act[keyframe]])
