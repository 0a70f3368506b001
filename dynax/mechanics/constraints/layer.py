"""The constraint solve as a layer after any model of the unconstrained step.

The layer receives the mass matrix of the robot and the factors of its compliance as arguments; nothing here is learned.

Axes: S state, D change, C slots of contacts, nv degrees of freedom.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct

from dynax.envs.state_space import StateSpace
from dynax.math import linalg
from dynax.mechanics.collision.contacts import Contacts, Detected
from dynax.mechanics.constraints import joint_rows
from dynax.mechanics.constraints.contact_rows import ContactMotion, ContactRows
from dynax.mechanics.constraints.joint_rows import JointRows
from dynax.mechanics.constraints.solve import Rows, solve

ITERATIONS = 4  # of Newton's method, at most, for joints alone
WITH_CONTACTS = 8
NEAREST = 8  # contacts of each dimension that may act at once
FAR = 1e3  # m, the distance of those that are none
# From the true acceleration. With none the zones of the rows would be those of the truth under parameters still to be
# learned: aref that is wrong by a third outweighs how little a hard row gives, and rows that push seem not to.
FROM_TRUTH = 2

Touching = dict[int, tuple[Any, ContactMotion]]  # of each dimension of contacts, the slots and where bodies touch there


class UnconstrainedStep(struct.PyTreeNode):
    """What a robot does over one step while no constraint acts.

    `inertia` and `damping` are for a model that has a mass matrix; its change is then
    dt (M + dt diag(damping))^-1 M a0, as MuJoCo's Euler treats joint damping implicitly.
    """

    change: jax.Array  # (D,), or (h, D) of a sequence model
    inertia: jax.Array | None = None  # (nv, nv) mass matrix M
    damping: jax.Array | None = None  # (nv,)


Factors = Mapping[str, jax.Array]  # on the compliance of the rows; see `ConstraintLayer.shapes`


@dataclass(frozen=True, eq=False)
class ConstraintLayer:
    """Apply the robot's joint limits, joint friction and contacts to an unconstrained step."""

    space: StateSpace
    joints: JointRows
    contact_rows: ContactRows | None = None
    contacts: Contacts | None = None  # of the same slots

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The factors that scale the compliance: one for each row of a joint, and for each group of contacts."""
        shapes: dict[str, tuple[int, ...]] = {}
        if len(self.joints):
            shapes |= {name: (len(self.joints),) for name in joint_rows.FACTORS}
        if self.contact_rows is not None:
            shapes |= {f"contact_{name}": shape for name, shape in self.contact_rows.shapes.items()}
        return shapes

    def __call__(
        self, state: jax.Array, free: UnconstrainedStep, inertia: jax.Array, factors: Factors | None = None,
        start: jax.Array | None = None, touching: Touching | None = None, iterations: int | None = None,
    ) -> jax.Array:  # fmt: skip
        """The change of velocity (nv,) from `state` (S,).

        Args:
            state: [qpos, qvel, ...].
            free: what the change would be without constraints.
            inertia: the mass matrix M (nv, nv).
            factors: on the compliance, of the `shapes`; one by default.
            start: the change of velocity (nv,) with which the solve begins. In training it is known.
            touching: where bodies touch, if that is known beforehand.
            iterations: of Newton's method, before its last step. By default fewer with a `start`, which is thought to
                be near the answer.
        """
        dt, nv = self.space.dt, self.space.nv
        damping = jnp.zeros(nv) if free.damping is None else free.damping
        rows = self.rows(state, factors, touching)

        def acceleration(change: jax.Array) -> jax.Array:
            """What gives this change of velocity in a step that is implicit in the damping."""
            return (change + dt * linalg.solve(inertia, damping * change)) / dt

        if iterations is None:
            iterations = self._iterations() if start is None else min(self._iterations(), FROM_TRUTH)
        begin = None if start is None else acceleration(start)
        force = solve(inertia, acceleration(free.change), rows, begin, iterations)
        return free.change + dt * linalg.solve(inertia + dt * jnp.diag(damping), force)

    def rows(self, state: jax.Array, factors: Factors | None = None, touching: Touching | None = None) -> list[Rows]:
        """The rows at `state` (S,): those of the joints, if it has any, and those of each dimension of contacts."""
        factors = {name: jnp.ones(shape) for name, shape in self.shapes.items()} if factors is None else factors
        rows: list[Rows] = []
        if len(self.joints):
            rows.append(self.joints.bounded(state, {name: factors[name] for name in joint_rows.FACTORS}))
        if self.contact_rows is not None:
            factor = {name: factors[f"contact_{name}"] for name in self.contact_rows.shapes}
            touching = self.touching(state, self.nearest(state)) if touching is None else touching
            for dim, (slots, touch) in touching.items():
                rows.append(self.contact_rows.rows(touch, dim, slots, self.space.qvel(state), factor))
        return rows

    def nearest(self, state: jax.Array) -> dict[int, Detected]:
        """Of each dimension of contacts the `NEAREST` in `state` (S,): what takes longest, and no parameter changes."""
        if self.contact_rows is None or self.contacts is None:
            return {}
        detected = self.contacts.detect(self.contacts.kinematics(self.space.qpos(state)))
        each = {dim: jax.tree.map(lambda x, s=s: x[s], detected) for dim, s in self.contact_rows.dimensions.items()}
        return {dim: self.contacts.nearest(some, NEAREST) for dim, some in each.items()}

    def touching(self, state: jax.Array, near: dict[int, Detected]) -> Touching:
        """How bodies move where they touch in `state` (S,), of which `near` are the nearest contacts."""
        assert self.contacts is not None
        poses = self.contacts.kinematics(self.space.qpos(state))
        found = {}
        for dim, some in near.items():
            distance = jnp.where(some.present, some.distance, FAR)
            found[dim] = some.slot, ContactMotion(distance, *self.contacts.jacobian(poses, some))
        return found

    def _iterations(self) -> int:
        """How many find the zones of all rows, of which a stop has two and friction three; none for one stop alone."""
        if self.contact_rows is not None:
            return WITH_CONTACTS
        stop = self.joints.stop
        return 0 if stop.tolist() == [True] else min(1 + int((2 - stop).sum()), ITERATIONS)
