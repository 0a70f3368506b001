"""Robots that stand, fall and touch themselves: where their trajectories start, with nothing inside anything else."""

from dataclasses import dataclass, fields
from functools import cached_property

import mujoco
import numpy as np

from dynax.envs.env import Env
from dynax.errors import UserError, check_range
from dynax.mjcf.joints import FREE, HINGE, SLIDE
from dynax.mjcf.symmetry import can_touch

OVERLAP = 1e-3  # m; two bodies may start this deep in each other
ATTEMPTS = 100  # draws of a pose before a robot counts as one that cannot be placed
FAR = 1e3  # m; no further than this from the floor


@dataclass(frozen=True, eq=False)
class StandingEnv(Env):
    """A robot whose trajectories start about keyframe 0, or anywhere.

    About the keyframe the noise is Gaussian. Anywhere, limited joints are uniform in their range, and what has no limit
    (a base, a loose thing) is uniform about its place in the keyframe. Then all that can move upwards is set down: its
    lowest point at most a drop above the floor. A pose in which anything overlaps is drawn again.
    """

    wide_share: float = 0.5  # of the trajectories that start anywhere
    home_qpos: float = 0.05  # standard deviation about keyframe 0, rad or m
    home_qvel: float = 0.2  # standard deviation, rad/s or m/s
    home_drop: float = 0.01  # greatest height above the floor, m
    wide_shift: float = 0.5  # half-width of positions without limits, m
    wide_tilt: float = 0.8  # half-width of angles without limits, and of rotation vectors, rad
    wide_drop: float = 0.3  # greatest height above the floor, m
    wide_speed: float = 1.0  # half-width of linear velocities, m/s
    wide_spin: float = 2.0  # half-width of the rates of angles without limits, rad/s
    wide_rate: float = 4.0  # half-width of the rates of limited joints, rad/s

    def __post_init__(self):
        super().__post_init__()
        for option in fields(StandingEnv):
            if option.name.startswith(("wide_", "home_")):
                high = 1.0 if option.name == "wide_share" else np.inf
                check_range(f"env.{option.name}", getattr(self, option.name), 0, high)

    def sample_states(self, rng: np.random.Generator, n: int) -> np.ndarray:
        data = mujoco.MjData(self.mj_model)
        states = np.empty((n, self.state_dim))
        wide = rng.random(n) < self.wide_share
        due = np.arange(n)
        for _ in range(ATTEMPTS):
            states[due] = self._draw(rng, wide[due], data)
            due = np.array([i for i in due if self._depth(states[i], data) > OVERLAP], int)
            if not due.size:
                return states
        raise UserError(f"{ATTEMPTS} poses of {self.name} were drawn, and in each something overlaps")

    def _draw(self, rng: np.random.Generator, wide: np.ndarray, data: mujoco.MjData) -> np.ndarray:
        """States (n, nq + nv + na), anywhere where `wide (n,)` and else about keyframe 0, set down on the floor."""
        model, n = self.mj_model, len(wide)
        low, high, rates = self._box
        near = rng.normal(0, self.home_qpos, (n, model.nv))
        near = np.where(self._limited, np.clip(near, low, high), near)
        shift = np.where(wide[:, None], rng.uniform(low, high, (n, model.nv)), near)
        slow, fast = rng.normal(0, self.home_qvel, (n, model.nv)), rng.uniform(-rates, rates, (n, model.nv))
        drop = rng.uniform(0, np.where(wide, self.wide_drop, self.home_drop))
        poses = np.tile(model.key_qpos[0], (n, 1))
        for pose, step, height in zip(poses, shift, drop, strict=True):
            mujoco.mj_integratePos(model, pose, step, 1.0)
            self._set_down(pose, height, data)
        return np.hstack([poses, np.where(wide[:, None], fast, slow), np.zeros((n, model.na))])

    @cached_property
    def _limited(self) -> np.ndarray:
        """(nv,) bool: the degrees of freedom of limited hinges and slides."""
        model = self.mj_model
        kind = model.jnt_type[model.dof_jntid]
        return model.jnt_limited[model.dof_jntid].astype(bool) & ((kind == HINGE) | (kind == SLIDE))

    @cached_property
    def _box(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lowest and highest displacement from keyframe 0 and half-width of the velocity, anywhere: three (nv,)."""
        model = self.mj_model
        joint = model.dof_jntid
        within = np.arange(model.nv) - model.jnt_dofadr[joint]
        straight = (model.jnt_type[joint] == SLIDE) | ((model.jnt_type[joint] == FREE) & (within < 3))
        width = np.where(straight, self.wide_shift, self.wide_tilt)
        low, high = (model.jnt_range[joint] - model.key_qpos[0][model.jnt_qposadr[joint], None]).T
        low, high = np.where(self._limited, low, -width), np.where(self._limited, high, width)
        turning = np.where(self._limited, self.wide_rate, self.wide_spin)
        return low, high, np.where(straight, self.wide_speed, turning)

    @cached_property
    def _floors(self) -> list[int]:
        """The planes fixed in the world that something can touch."""
        model = self.mj_model
        planes = (model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE) & (model.body_weldid[model.geom_bodyid] == 0)
        return np.flatnonzero(planes & can_touch(model)).tolist()

    @cached_property
    def _lifts(self) -> list[tuple[int, float, list[int]]]:
        """What can be moved straight up: the coordinate to do so in qpos, its sign, and the geoms that follow."""
        model, data, found = self.mj_model, mujoco.MjData(self.mj_model), []
        mujoco.mj_kinematics(model, data)
        root, solid = model.body_rootid[model.geom_bodyid], can_touch(model)
        for j in np.flatnonzero(model.body_parentid[model.jnt_bodyid] == 0):
            geoms = np.flatnonzero(solid & (root == model.jnt_bodyid[j])).tolist()
            if model.jnt_type[j] == FREE:
                found.append((int(model.jnt_qposadr[j]) + 2, 1.0, geoms))
            elif model.jnt_type[j] == SLIDE and abs(data.xaxis[j, 2]) > 1 - 1e-9:
                found.append((int(model.jnt_qposadr[j]), float(np.sign(data.xaxis[j, 2])), geoms))
        return found

    def _set_down(self, pose: np.ndarray, height: float, data: mujoco.MjData) -> None:
        """Move all that can move up or down in `pose (nq,)` so that its lowest point is `height` above the floor."""
        data.qpos[:] = pose
        mujoco.mj_kinematics(self.mj_model, data)
        for address, sign, geoms in self._lifts:
            gaps = [mujoco.mj_geomDistance(self.mj_model, data, f, g, FAR, None) for f in self._floors for g in geoms]
            if gaps:
                pose[address] += sign * (height - min(gaps))

    def _depth(self, state: np.ndarray, data: mujoco.MjData) -> float:
        """How far the deepest contact of a state (nq + nv + na,) overlaps, m."""
        data.qpos[:] = state[: self.mj_model.nq]
        mujoco.mj_fwdPosition(self.mj_model, data)
        return float(-data.contact.dist.min(initial=0.0))
