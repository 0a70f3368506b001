"""The contacts that a robot may have, with the scenery and with itself: a fixed slot for each, found once in the MJCF.

    kinematics, contacts = Kinematics.of(model), Contacts.of(model)
    poses = kinematics(qpos)
    detected = contacts.detect(poses)          # every slot, near or far
    detected = contacts.nearest(detected, 8)   # those that matter
    linear, angular = contacts.jacobian(poses, detected)

A contact acts where it is `present` and nearer than its margin. What is exact and what is not: `touch`.

One sample a call; callers `vmap`. Axes: C slots, V degrees of freedom (nv).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from flax import struct

from dynax.errors import UserError
from dynax.math import rotations
from dynax.math.vec3 import Rotation, Vector
from dynax.math.vectors import cross, dot, normalized, product, turned
from dynax.mechanics.collision.contact_parameters import Parameters
from dynax.mechanics.collision.narrowphase import COLLIDE, Collide, Touch
from dynax.mechanics.collision.pairs import Pair, selection
from dynax.mechanics.collision.shapes import Solid, solids
from dynax.mechanics.kinematics import Kinematics, Poses, motion

X, Y, Z = np.eye(3)


class Detected(struct.PyTreeNode):
    """What touches, or may, at one moment; C contacts in the frame of the world."""

    slot: jax.Array  # (C,) int: which of the slots of `Contacts`
    distance: jax.Array  # (C,) between the surfaces, negative where they overlap, m
    normal: jax.Array  # (C, 3) from the first geom to the second
    position: jax.Array  # (C, 3) midway between the surfaces, m
    tangent: jax.Array  # (C, 3) what the second row of the frame is made from; zero where nothing is preferred
    present: jax.Array  # (C,) bool

    @property
    def frame(self) -> jax.Array:
        """(C, 3, 3) rows: the normal, and two tangents as MuJoCo chooses them.

        The first tangent is the preferred one, made orthogonal; else the world's y, or z where the normal is near y.
        """
        along_y = jnp.abs(self.normal[..., 1:2]) < 0.5
        default = jnp.where(along_y, jnp.asarray(Y, self.normal.dtype), jnp.asarray(Z, self.normal.dtype))
        preferred = dot(self.tangent, self.tangent)[..., None] > 0.25
        second = jnp.where(preferred, self.tangent, default)
        second = normalized(second - self.normal * dot(self.normal, second)[..., None], X)
        return jnp.stack([self.normal, second, cross(self.normal, second)], axis=-2)


@dataclass(frozen=True, eq=False)
class Geoms:
    """Where the geoms of a model are on its bodies; G of them."""

    body: np.ndarray  # (G,) int
    position: np.ndarray  # (G, 3) in the body's frame, m
    rotation: np.ndarray  # (G, 3, 3) the geom's frame to the body's

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Geoms":
        return cls(model.geom_bodyid.copy(), model.geom_pos.copy(), rotations.matrix(model.geom_quat))

    def __call__(self, poses: Poses) -> tuple[jax.Array, jax.Array]:
        """Positions (G, 3) and rotations (G, 3, 3) in the world."""
        dtype = poses.position.dtype
        turn = poses.rotation[self.body]
        position = poses.position[self.body] + turned(turn, jnp.asarray(self.position, dtype))
        return position, product(turn, jnp.asarray(self.rotation, dtype))


@dataclass(frozen=True, eq=False)
class Batch:
    """The K pairs of geoms of the same two shapes."""

    collide: Collide
    first: Solid
    second: Solid
    geom1: np.ndarray  # (K,) int
    geom2: np.ndarray
    limit: np.ndarray  # (K,) the distance below which MuJoCo makes a contact, m

    def touch(self, position: jax.Array, rotation: jax.Array) -> Touch:
        """The contacts (K M,), pair after pair, where geoms are at `position` (G, 3) and `rotation` (G, 3, 3)."""
        first, second, limit = jax.tree.map(
            lambda leaf: jnp.asarray(leaf, position.dtype), (self.first, self.second, self.limit)
        )
        first, second = (
            solid.replace(position=Vector.of(position[geom]), rotation=Rotation.of(rotation[geom]))
            for solid, geom in ((first, self.geom1), (second, self.geom2))
        )
        return jax.tree.map(lambda leaf: leaf.T.ravel(), self.collide(first, second, limit).whole)

    @property
    def slots(self) -> int:
        """The number of contacts of one pair."""
        geoms = 1 + max(self.geom1.max(), self.geom2.max())
        position, rotation = jax.ShapeDtypeStruct((geoms, 3), "f4"), jax.ShapeDtypeStruct((geoms, 3, 3), "f4")
        return len(jax.eval_shape(self.touch, position, rotation).distance) // len(self.limit)


@dataclass(frozen=True, eq=False)
class Contacts:
    """The slots of a model. The geoms of each are in MuJoCo's order: by type, then as they stand in the MJCF."""

    kinematics: Kinematics
    geoms: Geoms
    batches: tuple[Batch, ...]
    geom1: np.ndarray  # (C,) int
    geom2: np.ndarray  # (C,)
    body1: np.ndarray  # (C,)
    body2: np.ndarray  # (C,)
    parameters: Parameters  # of each slot

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Contacts | None":
        """The slots of `model`, or nothing where nothing can touch.

        Raises `UserError` where there are contacts that `selection` leaves out.
        """
        pairs, left_out = selection(model)
        if left_out:
            raise UserError(
                f"contacts of {left_out} are not modeled: exclude them in the MJCF if they never meet, or let a "
                "network do without them (model.constraints=features)"
            )
        return cls.between(model, pairs)

    @classmethod
    def between(cls, model: mujoco.MjModel, pairs: Sequence[Pair]) -> "Contacts | None":
        """The slots of these pairs of `candidates`, or nothing where there are none."""
        if not pairs:
            return None
        pairs = sorted(pairs, key=lambda pair: _kind(model, pair))
        batches = [_batch(model, list(group)) for _, group in groupby(pairs, lambda pair: _kind(model, pair))]
        each = np.concatenate([np.full(len(batch.limit), batch.slots) for batch in batches])
        geom1, geom2, _ = np.repeat(np.array(pairs, np.int32), each, axis=0).T
        return cls(
            kinematics=Kinematics.of(model),
            geoms=Geoms.of(model),
            batches=tuple(batches),
            geom1=geom1,
            geom2=geom2,
            body1=model.geom_bodyid[geom1],
            body2=model.geom_bodyid[geom2],
            parameters=Parameters.of(model, pairs).take(np.repeat(np.arange(len(pairs)), each)),
        )

    def __len__(self) -> int:
        return len(self.body1)

    def detect(self, poses: Poses) -> Detected:
        """Every slot, in a fixed order."""
        position, rotation = self.geoms(poses)
        touches = [batch.touch(position, rotation) for batch in self.batches]
        touch = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *touches)
        return Detected(
            slot=jnp.arange(len(self), dtype=jnp.int32),
            distance=touch.distance,
            normal=touch.normal.array,
            position=touch.position.array,
            tangent=touch.tangent.array,
            present=touch.present,
        )

    def nearest(self, detected: Detected, count: int) -> Detected:
        """The `count` contacts that act or are nearest to it, present ones first; all, where there are fewer."""
        margin = jnp.asarray(self.parameters.margin, detected.distance.dtype)[detected.slot]
        distance = jnp.where(detected.present, detected.distance - margin, jnp.inf)
        _, chosen = jax.lax.top_k(-distance, min(count, len(distance)))
        return jax.tree.map(lambda leaf: leaf[chosen], detected)

    def jacobian(self, poses: Poses, detected: Detected) -> tuple[jax.Array, jax.Array]:
        """How the second body moves against the first at each contact, with qvel: linear and angular, two (C, 3, V).

        Rows are along the contact's frame, as those of MuJoCo's `efc_J` are.
        """
        body1, body2 = self.bodies(detected)
        mask = jnp.asarray(self.kinematics.mask, detected.position.dtype)
        linear, angular = motion(poses, mask[body2] - mask[body1], detected.position)
        return product(detected.frame, linear), product(detected.frame, angular)

    def velocity(self, poses: Poses, detected: Detected, qvel: jax.Array) -> jax.Array:
        """The linear velocity (C, 3) of the second body against the first at each contact, m/s."""
        body1, body2 = self.bodies(detected)
        after, _ = self.kinematics.velocity(poses, qvel, body2, detected.position)
        before, _ = self.kinematics.velocity(poses, qvel, body1, detected.position)
        return after - before

    def bodies(self, detected: Detected) -> tuple[jax.Array, jax.Array]:
        """The first and second body of each contact, two (C,) int."""
        return jnp.asarray(self.body1)[detected.slot], jnp.asarray(self.body2)[detected.slot]


def _kind(model: mujoco.MjModel, pair: Pair) -> tuple[int, ...]:
    """Equal for the pairs that one program serves: both types, and the mesh of each."""
    geoms = list(pair[:2])
    return (*model.geom_type[geoms].tolist(), *model.geom_dataid[geoms].tolist())


def _batch(model: mujoco.MjModel, pairs: list[Pair]) -> Batch:
    geom1, geom2, _ = np.array(pairs, np.int32).T
    parameters = Parameters.of(model, pairs)
    return Batch(
        collide=COLLIDE[int(model.geom_type[geom1[0]]), int(model.geom_type[geom2[0]])],
        first=solids(model, geom1),
        second=solids(model, geom2),
        geom1=geom1,
        geom2=geom2,
        limit=parameters.margin + parameters.gap,
    )
