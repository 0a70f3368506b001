"""Initial states around a keyframe, with Gaussian noise."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.envs.resets.limits import clip_to_limits
from dynax.envs.resets.reset import Reset, keyframe_state
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError, check_range, did_you_mean
from dynax.mjcf.joints import FREE, HINGE, SLIDE


@dataclass(frozen=True)
class KeyframeReset(Reset):
    """A keyframe with Gaussian noise, or the default pose if the robot has no keyframe.

    Limited joints stay within their range. A joint in `ranges` is uniform between two values instead.
    """

    keyframe: int | None = 0  # index of the keyframe; None is the default pose
    hinge: float = 0.5  # standard deviation of hinge angles, rad
    slide: float = 0.2  # standard deviation of slide positions, m
    ball: float = 0.3  # standard deviation of the orientations of ball and free joints, rad
    free: float = 0.1  # standard deviation of the positions of free joints, m
    velocity: float = 1.0  # standard deviation of all velocities, rad/s or m/s
    ranges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # joint name: [lowest, highest], rad or m

    def __post_init__(self):
        super().__post_init__()
        for name in ("hinge", "slide", "ball", "free", "velocity", "keyframe"):
            if (value := getattr(self, name)) is not None:
                check_range(name, value, 0)

    @property
    def home_keyframe(self) -> int | None:
        return self.keyframe

    @property
    def fixed_joints(self) -> tuple[str, ...]:
        return tuple(self.ranges)

    def check(self, model: mujoco.MjModel, space: StateSpace) -> None:
        if self.keyframe is not None and self.keyframe >= max(model.nkey, 1):
            raise UserError(
                f"keyframe={self.keyframe} does not exist: the robot has {model.nkey} keyframes, counted from 0",
                "keyframe",
            )
        single = [space.joints[j] for j in np.flatnonzero(np.isin(model.jnt_type, (HINGE, SLIDE)))]
        for name, limits in self.ranges.items():
            argument = f"ranges.{name}"
            if name not in single:
                raise UserError(
                    f"{argument}: no hinge or slide of the robot has this name{did_you_mean(name, single)}; "
                    f"the robot has {', '.join(single)}",
                    argument,
                )
            if len(limits) != 2 or limits[0] > limits[1]:
                raise UserError(f"{argument}={list(limits)} must be [lowest, highest]", argument)

    def __call__(
        self, model: mujoco.MjModel, space: StateSpace, rng: np.random.Generator, n: int
    ) -> Float[np.ndarray, "n s"]:
        normal, uniform = rng.normal(size=(n, 2 * space.nv)), rng.uniform(size=(n, space.nv))
        noise = np.concatenate([normal * self._std(model, space), np.zeros((n, space.na))], axis=1)
        states = space.add(np.tile(keyframe_state(model, self.keyframe), (n, 1)), noise)
        states = clip_to_limits(model, space, states)
        for name, (low, high) in self.ranges.items():
            joint = space.joints.index(name)
            draws = uniform[:, model.jnt_dofadr[joint]]
            states[:, model.jnt_qposadr[joint]] = low + (high - low) * draws
        return states

    def _std(self, model: mujoco.MjModel, space: StateSpace) -> Float[np.ndarray, " two_nv"]:
        """Return the standard deviations of the positions and of the velocities."""
        std = np.full(space.nv, self.ball)
        for kind, value in ((HINGE, self.hinge), (SLIDE, self.slide), (FREE, self.free)):
            for dof in model.jnt_dofadr[model.jnt_type == kind]:
                std[dof : dof + (3 if kind == FREE else 1)] = value
        return np.concatenate([std, np.full(space.nv, self.velocity)])
