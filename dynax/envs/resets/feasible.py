"""Initial states that satisfy the equality constraints and have no interpenetration."""

import logging

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.envs.resets.equalities import MAX_VIOLATION, Equalities
from dynax.envs.resets.placement import MAX_OVERLAP, Placement
from dynax.envs.resets.reset import Reset, keyframe_state
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError
from dynax.mjcf.joints import locked_dofs

log = logging.getLogger(__name__)

FULL_DRAWS = 3  # draws of a state at full distance from the home pose
REDUCED_DRAWS = 12  # further draws, each closer to the home pose than the one before; the last one is the home pose
MAX_LEVER = 10.0  # largest distance that a geom moves if all joints move by 1 rad or 1 m, m; for messages only
NEARBY = 1e-3  # distance from the home pose at which its overlaps are measured, too, rad or m
REDUCTION = 0.5  # factor of the distance from one reduced draw to the next


class FeasibleSampler:
    """Draw states of a reset that satisfy the constraints of a robot. The object is not thread-safe.

    A state is moved onto the equality constraints, and lifted from the floor. If geoms still overlap, it is drawn
    again. Joints with dampers that stop any motion within one step start at rest, see `locked_dofs`. Later draws
    approach the home pose, except for joints whose range the user has given. A violation or an overlap that the home
    pose itself has is accepted; `notes` contains a sentence about it.

    Args:
        reset: the distribution of the states.
        model: the robot.
        space: its coordinates.
        mocap: positions, then quaternions, of the mocap bodies.
    """

    def __init__(self, reset: Reset, model: mujoco.MjModel, space: StateSpace, mocap: Float[np.ndarray, " m"]):
        self._reset, self._model, self._space = reset, model, space
        self._home = keyframe_state(model, reset.home_keyframe)
        self._fixed = np.isin([space.joints[j] for j in model.dof_jntid], reset.fixed_joints)
        self._placement = Placement(model, mocap)
        self._locked = locked_dofs(model)
        self._equalities = Equalities(model, mocap, self._fixed, self._locked) if model.neq else None
        self._max_violation = MAX_VIOLATION
        self._overlaps: dict[tuple[int, int], float] = {}
        self.notes: list[str] = []
        self._accept_home()

    def sample(self, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n s"]:
        """Draw `n` states.

        Raises:
            UserError: if a state cannot be placed.
        """
        states, remaining = np.empty((n, self._space.dim)), np.arange(n)
        faults: list[str] = []
        for draw in range(FULL_DRAWS + REDUCED_DRAWS):
            drawn = self._reset(self._model, self._space, rng, len(remaining))
            scale = REDUCTION ** max(0, draw + 1 - FULL_DRAWS) if draw + 1 < FULL_DRAWS + REDUCED_DRAWS else 0.0
            states[remaining] = drawn if scale == 1 else self._closer(drawn, scale)
            faults = [self._repair(states[i]) for i in remaining]
            remaining = remaining[np.array([bool(fault) for fault in faults], bool)]
            if not remaining.size:
                return states
        fault = next(filter(None, faults))
        raise UserError(
            f"reset={self._reset.name} finds no initial state: {fault}. Change the keyframe or the ranges of the "
            "joints, or exclude the contact or the constraint in the MJCF",
            "reset",
        )

    def _accept_home(self) -> None:
        """Accept the faults of the home pose, because no other pose may be better."""
        state = self._home.copy()
        self._project(state)
        qpos = state[: self._model.nq]
        if self._equalities and (violation := self._equalities.violation(qpos)) > MAX_VIOLATION:
            self.notes.append(
                f"the equality constraint {self._equalities.worst()} is violated by {violation:.3g} in the home pose"
            )
            self._max_violation = 1.1 * violation
        for shift in (0.0, NEARBY, -NEARBY):  # contacts of a symmetric pose may be special
            near = qpos.copy()
            mujoco.mj_integratePos(self._model, near, np.full(self._model.nv, shift), 1.0)
            for pair, depth in self._placement.overlaps(near).items():
                self._overlaps[pair] = max(depth, self._overlaps.get(pair, 0.0))
        depth, pair = max(((depth, pair) for pair, depth in self._overlaps.items()), default=(0.0, (0, 0)))
        if depth > MAX_OVERLAP + MAX_LEVER * NEARBY:
            names = self._placement.names(pair)
            self.notes.append(f"the geoms {names} overlap by {1e3 * depth:.1f} mm in the home pose")

    def _repair(self, state: Float[np.ndarray, " s"]) -> str:
        """Move a state onto the constraints, in place, and return a clause about the fault that remains, if any."""
        violation = self._project(state)
        if self._equalities and not violation <= self._max_violation:
            return f"the equality constraint {self._equalities.worst()} is violated by {violation:.3g}"
        for pair, depth in self._placement.overlaps(state[: self._model.nq]).items():
            if depth > MAX_OVERLAP + self._overlaps.get(pair, 0.0):
                return f"the geoms {self._placement.names(pair)} overlap by {1e3 * depth:.1f} mm"
        return ""

    def _project(self, state: Float[np.ndarray, " s"]) -> float:
        """Move a state onto the equality constraints and out of the floor, in place. Return the violation."""
        nq, nv = self._model.nq, self._model.nv
        violation = 0.0
        state[nq : nq + nv][self._locked] = 0.0
        if self._equalities:
            violation = self._equalities.project(state[:nq], state[nq : nq + nv])
        if self._placement.lift_out(state[:nq]) and self._equalities:
            violation = self._equalities.violation(state[:nq])
        return violation

    def _closer(self, states: Float[np.ndarray, "n s"], scale: float) -> Float[np.ndarray, "n s"]:
        """Return states whose positions, except those of fixed joints, are closer to the home pose."""
        start = np.broadcast_to(self._home, states.shape)
        change = self._space.difference(start, states)
        change[:, : self._space.nv] *= np.where(self._fixed, 1.0, scale)
        return self._space.add(start, change)
