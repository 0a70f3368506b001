"""Initial states of robots on a floor: without interpenetration, around the home pose or anywhere."""

from dataclasses import dataclass, fields
from typing import NamedTuple

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from dynax.envs.resets.placement import MAX_OVERLAP, Placement
from dynax.envs.resets.reset import Reset, keyframe_state
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError, check_range
from dynax.mjcf.joints import FREE, HINGE, SLIDE

POSE_FULL_DRAWS = 100  # draws of a pose with the full noise
POSE_REDUCED_DRAWS = 50  # further draws, each with less noise than the one before
POSE_REDUCTION = 0.8  # factor of the noise from one reduced draw to the next


class _Box(NamedTuple):
    """The ranges of wide initial states, relative to the home pose."""

    low: Float[np.ndarray, " nv"]  # lowest displacement, rad or m
    high: Float[np.ndarray, " nv"]  # highest displacement, rad or m
    speed: Float[np.ndarray, " nv"]  # half-width of the velocity, rad/s or m/s
    limited: Bool[np.ndarray, " nv"]  # degree of freedom of a limited hinge or slide


@dataclass(frozen=True)
class StandingReset(Reset):
    """Initial states around the home pose, and wide initial states, all on the floor and without interpenetration.

    The home pose is keyframe 0, or the default pose if the robot has no keyframe. Around the home pose the noise is
    Gaussian. In a wide state, limited joints are uniform in their range, and coordinates without limits (a floating
    base, a loose body) are uniform around their value in the home pose. Then every tree that can move vertically is
    placed just above the floor. A pose with interpenetration is drawn again.
    """

    wide_share: float = 0.5  # share of wide initial states
    home_qpos: float = 0.05  # standard deviation of the positions around the home pose, rad or m
    home_qvel: float = 0.2  # standard deviation of the velocities around the home pose, rad/s or m/s
    home_drop: float = 0.01  # greatest height above the floor around the home pose, m
    wide_shift: float = 0.5  # half-width of positions without limits, m
    wide_tilt: float = 0.8  # half-width of angles without limits and of rotation vectors, rad
    wide_drop: float = 0.3  # greatest height above the floor in a wide state, m
    wide_speed: float = 1.0  # half-width of linear velocities in a wide state, m/s
    wide_spin: float = 2.0  # half-width of the rates of angles without limits, rad/s
    wide_rate: float = 4.0  # half-width of the rates of limited joints, rad/s

    def __post_init__(self):
        super().__post_init__()
        for option in fields(self):
            check_range(option.name, getattr(self, option.name), 0, 1.0 if option.name == "wide_share" else np.inf)

    @property
    def home_keyframe(self) -> int | None:
        return 0

    def __call__(
        self, model: mujoco.MjModel, space: StateSpace, rng: np.random.Generator, n: int
    ) -> Float[np.ndarray, "n s"]:
        placement, box = Placement(model), self._box(model)
        states = np.empty((n, space.dim))
        wide = rng.random(n) < self.wide_share
        remaining = np.arange(n)
        for draw in range(POSE_FULL_DRAWS + POSE_REDUCED_DRAWS):
            scale = POSE_REDUCTION ** max(0, draw + 1 - POSE_FULL_DRAWS)
            states[remaining] = self._draw(rng, wide[remaining], scale, box, placement)
            overlaps = [placement.depth(states[i, : model.nq]) > MAX_OVERLAP for i in remaining]
            remaining = remaining[np.array(overlaps, bool)]
            if not remaining.size:
                return states
        depth = placement.depth(states[remaining[0], : model.nq])
        raise UserError(
            f"reset=standing finds no initial state without interpenetration. Near the home pose, the geoms "
            f"{placement.deepest_pair()} overlap by {1e3 * depth:.1f} mm: exclude the contact in the MJCF, change "
            "keyframe 0, or use another reset",
            "reset",
        )

    def _draw(
        self, rng: np.random.Generator, wide: Bool[np.ndarray, " n"], scale: float, box: _Box, placement: Placement
    ) -> Float[np.ndarray, "n s"]:
        """Draw states, some of them wide, and place them on the floor. `scale` multiplies the displacements."""
        model, n = placement.model, len(wide)
        around = rng.normal(0, self.home_qpos, (n, model.nv))
        around = np.where(box.limited, np.clip(around, box.low, box.high), around)
        shift = np.where(wide[:, None], rng.uniform(box.low, box.high, (n, model.nv)), around) * scale
        home_velocity = rng.normal(0, self.home_qvel, (n, model.nv))
        wide_velocity = rng.uniform(-box.speed, box.speed, (n, model.nv))
        drop = rng.uniform(0, np.where(wide, self.wide_drop, self.home_drop))
        poses = np.tile(keyframe_state(model)[: model.nq], (n, 1))
        for pose, step, height in zip(poses, shift, drop, strict=True):
            mujoco.mj_integratePos(model, pose, step, 1.0)
            placement.set_down(pose, height)
        return np.hstack([poses, np.where(wide[:, None], wide_velocity, home_velocity), np.zeros((n, model.na))])

    def _box(self, model: mujoco.MjModel) -> _Box:
        joint = model.dof_jntid
        kind, axis = model.jnt_type[joint], np.arange(model.nv) - model.jnt_dofadr[joint]
        limited = model.jnt_limited[joint].astype(bool) & ((kind == HINGE) | (kind == SLIDE))
        linear = (kind == SLIDE) | ((kind == FREE) & (axis < 3))
        width = np.where(linear, self.wide_shift, self.wide_tilt)
        low, high = (model.jnt_range[joint] - keyframe_state(model)[model.jnt_qposadr[joint], None]).T
        rates = np.where(linear, self.wide_speed, np.where(limited, self.wide_rate, self.wide_spin))
        return _Box(np.where(limited, low, -width), np.where(limited, high, width), rates, limited)
