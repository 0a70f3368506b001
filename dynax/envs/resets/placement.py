"""Placement of a robot on the floor, and detection of interpenetration."""

from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.mjcf.joints import FREE, PARALLEL, SLIDE
from dynax.mjcf.poses import default_pose
from dynax.mjcf.static_geometry import can_touch

MAX_OVERLAP = 1e-3  # largest depth of a contact in an initial state, m
MAX_DISTANCE = 1e3  # largest distance from the floor that is measured, m
PLANE, BOX = int(mujoco.mjtGeom.mjGEOM_PLANE), int(mujoco.mjtGeom.mjGEOM_BOX)


@dataclass(frozen=True)
class Lift:
    """A coordinate that moves a tree of bodies up or down."""

    address: int  # entry of qpos
    sign: float  # 1 if a larger value is higher, otherwise -1
    geoms: tuple[int, ...]  # geoms of the tree that can take part in a contact


class Placement:
    """Placement of one model. It owns an MjData, and is not thread-safe.

    Args:
        model: the robot.
        mocap: positions, then quaternions, of the mocap bodies; by default their poses in the MJCF.
    """

    def __init__(self, model: mujoco.MjModel, mocap: Float[np.ndarray, " m"] | None = None):
        self.model, self.data = model, mujoco.MjData(model)
        if mocap is not None:
            self.data.mocap_pos[:] = mocap[: 3 * model.nmocap].reshape(-1, 3)
            self.data.mocap_quat[:] = mocap[3 * model.nmocap :].reshape(-1, 4)

    def set_down(self, qpos: Float[np.ndarray, " nq"], height: float) -> None:
        """Move every tree with a vertical coordinate, so that its lowest point is `height` (m) above the floor.

        The positions change in place. Without a floor nothing moves.
        """
        for lift, gap in self._gaps(qpos):
            qpos[lift.address] += lift.sign * (height - gap)

    def lift_out(self, qpos: Float[np.ndarray, " nq"]) -> bool:
        """Lift every tree that overlaps the floor, in place, and return whether one of them was lifted."""
        below = [(lift, gap) for lift, gap in self._gaps(qpos) if gap < -MAX_OVERLAP]
        for lift, gap in below:
            qpos[lift.address] -= lift.sign * gap
        return bool(below)

    def _gaps(self, qpos: Float[np.ndarray, " nq"]) -> list[tuple[Lift, float]]:
        """Return the trees with a vertical coordinate, and the distance of each from the floor, m."""
        if not self.lifts or not self.floors:
            return []
        self.data.qpos[:] = qpos
        mujoco.mj_kinematics(self.model, self.data)
        trees = [
            (lift, [self._distance(floor, geom) for floor in self.floors for geom in lift.geoms]) for lift in self.lifts
        ]
        return [(lift, min(gaps)) for lift, gaps in trees if gaps]

    def overlaps(self, qpos: Float[np.ndarray, " nq"]) -> dict[tuple[int, int], float]:
        """Return the pairs of geoms that overlap by more than `MAX_OVERLAP`, and their depths, m."""
        self.data.qpos[:] = qpos
        mujoco.mj_fwdPosition(self.model, self.data)
        contact, found = self.data.contact, {}
        for i in np.flatnonzero(contact.dist < -MAX_OVERLAP).tolist():
            pair = (int(contact.geom[i, 0]), int(contact.geom[i, 1]))
            found[pair] = max(found.get(pair, 0.0), -float(contact.dist[i]))
        return found

    def names(self, pair: tuple[int, int]) -> str:
        """Return the names of two geoms."""
        return " and ".join(f"`{self.model.geom(geom).name or geom}`" for geom in pair)

    def depth(self, qpos: Float[np.ndarray, " nq"]) -> float:
        """Return the depth of the deepest contact, m."""
        self.data.qpos[:] = qpos
        mujoco.mj_fwdPosition(self.model, self.data)
        return float(-self.data.contact.dist.min(initial=0.0))

    def deepest_pair(self) -> str:
        """Return the names of the two geoms of the deepest contact in the last pose given to `depth`."""
        contact = self.data.contact
        first, second = contact.geom[int(np.argmin(contact.dist))].tolist()
        return self.names((first, second))

    @cached_property
    def floors(self) -> list[int]:
        """The planes that are fixed to the world and can take part in a contact. Without planes, the boxes."""
        model = self.model
        static = (model.body_weldid[model.geom_bodyid] == 0) & can_touch(model)
        planes, boxes = (np.flatnonzero(static & (model.geom_type == kind)).tolist() for kind in (PLANE, BOX))
        return planes or boxes

    @cached_property
    def lifts(self) -> list[Lift]:
        """The free joints and the vertical slides whose body is a child of the world."""
        model, pose, lifts = self.model, default_pose(self.model), []
        root, solid = model.body_rootid[model.geom_bodyid], can_touch(model)
        for j in np.flatnonzero(model.body_parentid[model.jnt_bodyid] == 0).tolist():
            geoms = tuple(np.flatnonzero(solid & (root == model.jnt_bodyid[j])).tolist())
            address, vertical = int(model.jnt_qposadr[j]), pose.xaxis[j, 2]
            if model.jnt_type[j] == FREE:
                lifts.append(Lift(address + 2, 1.0, geoms))
            elif model.jnt_type[j] == SLIDE and abs(vertical) > 1 - PARALLEL:
                lifts.append(Lift(address, float(np.sign(vertical)), geoms))
        return lifts

    def _distance(self, floor: int, geom: int) -> float:
        return mujoco.mj_geomDistance(self.model, self.data, floor, geom, MAX_DISTANCE, None)
