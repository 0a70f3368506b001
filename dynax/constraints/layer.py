"""The constraint solve as a layer after any model of the free motion, and the mass matrix it needs.

Axes: S state, D change, C slots of contacts, nv degrees of freedom.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax import struct

from dynax import linalg
from dynax.constraints import joints
from dynax.constraints.contact import ContactMotion, ContactRows
from dynax.constraints.joints import JointRows
from dynax.constraints.solve import Rows, solve
from dynax.geometry.contacts import Contacts, Detected
from dynax.geometry.limbs import FLOOR, START
from dynax.representation import features
from dynax.representation.frames import Frame
from dynax.state_space import StateSpace

ITERATIONS = 4  # of Newton's method, at most, for joints alone
WITH_CONTACTS = 8
NEAREST = 8  # contacts of each dimension that may act at once
FAR = 1e3  # m, the distance of those that are none
# From the true acceleration. With none the zones of the rows would be those of the truth under parameters still to be
# learned: aref that is wrong by a third outweighs how little a hard row gives, and rows that push seem not to.
FROM_TRUTH = 2

Touching = dict[int, tuple[Any, ContactMotion]]  # of each dimension of contacts, the slots and where bodies touch there


class Free(struct.PyTreeNode):
    """What a robot does over one step while no constraint acts.

    `inertia` and `damping` are for a model that has a mass matrix; its change is then
    dt (M + dt diag(damping))^-1 M a0, as MuJoCo's Euler treats joint damping implicitly.
    """

    change: jax.Array  # (D,), or (h, D) of a sequence model
    inertia: jax.Array | None = None  # (nv, nv) mass matrix M
    damping: jax.Array | None = None  # (nv,)


class ConstraintLayer(nn.Module):
    """Bends a free motion at the robot's stops, rubs at its joints, and keeps bodies from running through each other.

    Where constraints begin is the MJCF's. How hard they are and how strongly they rub starts there too, and is learned
    as a factor for each row of a joint and each pair of geoms: of K, B and D, and of the friction's bound; or it stays
    as it is, without `learned`. The mass matrix is the model's own, or else is learned as a network of the positions.
    Only its ratio to the compliance matters, so that it needs no unit.
    """

    space: StateSpace
    joints: JointRows
    contact_rows: ContactRows | None = None
    contacts: Contacts | None = None  # of the same slots
    frame: Frame | None = None  # in which the mass matrix is learned, if it is
    contact_start: float = 1.0  # the factors of contacts before anything is learned
    learned: bool = True  # otherwise the factors stay as they are

    @nn.compact
    def __call__(
        self, state: jax.Array, free: Free, start: jax.Array | None = None, touching: Touching | None = None,
        iterations: int | None = None,
    ) -> jax.Array:  # fmt: skip
        """The change of velocity (nv,) from `state` (S,).

        Args:
            state: [qpos, qvel, ...].
            free: what the change would be without constraints.
            start: the change of velocity (nv,) with which the solve begins. In training it is known.
            touching: where bodies touch, if that is known beforehand.
            iterations: of Newton's method, before its last step. By default fewer with a `start`, which is thought to
                be near the answer.
        """
        dt, nv = self.space.dt, self.space.nv
        inertia = (
            Inertia(self.space, self.joints.dof_weight, self.frame)(state) if free.inertia is None else free.inertia
        )
        damping = jnp.zeros(nv) if free.damping is None else free.damping
        rows = self.rows(state, touching)

        def acceleration(change: jax.Array) -> jax.Array:
            """What gives this change of velocity in a step that is implicit in the damping."""
            return (change + dt * linalg.solve(inertia, damping * change)) / dt

        if iterations is None:
            iterations = self._iterations() if start is None else min(self._iterations(), FROM_TRUTH)
        begin = None if start is None else acceleration(start)
        force = solve(inertia, acceleration(free.change), rows, begin, iterations)
        return free.change + dt * linalg.solve(inertia + dt * jnp.diag(damping), force)

    def rows(self, state: jax.Array, touching: Touching | None = None) -> list[Rows]:
        """The rows at `state` (S,): those of the joints, if it has any, and those of each dimension of contacts."""
        rows: list[Rows] = []
        if len(self.joints):
            factor = {name: self._factor(name, (len(self.joints),)) for name in joints.FACTORS}
            rows.append(self.joints.bounded(state, factor))
        if self.contact_rows is not None:
            factor = {
                name: self._factor(f"contact_{name}", shape, self.contact_start)
                for name, shape in self.contact_rows.shapes.items()
            }
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

    def _factor(self, name: str, shape: tuple[int, ...], start: float = 1.0) -> jax.Array:
        if not self.learned:
            return jnp.full(shape, start)
        return jnp.exp(self.param(name, nn.initializers.constant(math.log(start)), shape))

    def _iterations(self) -> int:
        """How many find the zones of all rows, of which a stop has two and friction three; none for one stop alone."""
        if self.contact_rows is not None:
            return WITH_CONTACTS
        stop = self.joints.stop
        return 0 if stop.tolist() == [True] else min(1 + int((2 - stop).sum()), ITERATIONS)


class Inertia(nn.Module):
    """A mass matrix learned as a network of the positions: S (L L^T + 1e-4) S, S from the MJCF's inverse inertias.

    With a `frame` that is the matrix in the axes of the base, so that it turns with the robot.
    """

    space: StateSpace
    weight: np.ndarray  # (nv,) `dof_invweight0`
    frame: Frame | None = None
    hidden_dims: tuple[int, ...] = (64, 64)

    @nn.compact
    def __call__(self, state: jax.Array) -> jax.Array:
        n = len(self.weight)
        x = features.positions(self.space, state, "sincos", self.space.invariant, self.frame)
        x = x if x.size else jnp.ones(1)  # of a robot that nothing about its place matters to
        for width in self.hidden_dims:
            x = nn.silu(nn.Dense(width)(x))
        entries = nn.Dense(n * (n + 1) // 2, kernel_init=nn.initializers.normal(0.01))(x)
        lower = linalg.lower_triangular(entries, n) + START * np.eye(n)
        scale = 1 / np.sqrt(self.weight)
        inertia = (lower @ lower.T + FLOOR * np.eye(n)) * scale[:, None] * scale
        if self.frame is None:
            return inertia
        turn = jax.vmap(partial(self.frame.seen, state))(jnp.eye(n)).T
        return turn.T @ inertia @ turn
