"""The possible contacts of a robot with static geometry and with itself. Each possible contact has a fixed slot.

    contacts = Contacts.of(model)                          # once per model
    poses = contacts.kinematics(qpos)
    detected = contacts.detect(poses)                      # all slots, whether close or far
    detected = contacts.nearest(detected, 8)               # the closest eight
    linear, angular = contacts.jacobian(poses, detected)

`narrowphase` documents the accuracy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float, Int

from dynax.errors import UserError
from dynax.math import rotations
from dynax.math.arrays import AnyArray, Leaf
from dynax.math.chunks import MAX_ROWS
from dynax.math.vectors import cross, dot, matmul, normalized, rotate
from dynax.mechanics.collision.budget import slot_counts
from dynax.mechanics.collision.contact_parameters import ContactParameters
from dynax.mechanics.collision.mesh import Hulls
from dynax.mechanics.collision.pair_batch import PairBatch, shapes_of
from dynax.mechanics.collision.pairs import Pair, pairs_for_layer
from dynax.mechanics.kinematics import Kinematics, Poses, point_jacobian

X, Y, Z = np.eye(3)
MAX_DISTANCES = 2**25  # distances between points and surfaces that are in memory at once


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class SlotContacts:
    """Contacts of C slots at one moment, in the world frame. `Contacts.detect` computes them from `PairContacts`.

    A contact is active if it is `present` and its distance is below its margin.
    """

    slot: Leaf  # index of the slot in `Contacts`, (C,) int
    distance: Leaf  # between the surfaces, (C,), m; negative if they overlap
    normal: Leaf  # unit vector from the first geom to the second, (C, 3)
    position: Leaf  # midway between the surfaces, (C, 3), m
    tangent: Leaf  # preferred first tangent, (C, 3); zero if there is none
    present: Leaf  # (C,) bool: MuJoCo would create this contact at a small distance; not for the upper corners of a box

    @classmethod
    def absent(cls, count: int) -> "SlotContacts":
        """Return `count` contacts that are not present."""
        vectors = jnp.zeros((count, 3))
        return cls(jnp.zeros(count, jnp.int32), vectors[:, 0], vectors, vectors, vectors, jnp.zeros(count, bool))

    @property
    def frame(self) -> Float[Array, "*batch C 3 3"]:
        """The axes of each contact frame as rows: the normal and two tangents, as in MuJoCo.

        The first tangent is the preferred one, orthogonalized. By default it is the world's y axis, or z if the normal
        is close to y.
        """
        not_along_y = jnp.abs(self.normal[..., 1:2]) < 0.5
        default = jnp.where(not_along_y, jnp.asarray(Y, self.normal.dtype), jnp.asarray(Z, self.normal.dtype))
        preferred = dot(self.tangent, self.tangent)[..., None] > 0.25
        tangent = jnp.where(preferred, self.tangent, default)
        tangent = normalized(tangent - self.normal * dot(self.normal, tangent)[..., None], X)
        return jnp.stack([self.normal, tangent, cross(self.normal, tangent)], axis=-2)


@dataclass(frozen=True, eq=False)
class GeomFrames:
    """The frames of the geoms of a model relative to their bodies."""

    body: Int[np.ndarray, " G"]
    position: Float[np.ndarray, "G 3"]  # in the body frame, m
    rotation: Float[np.ndarray, "G 3 3"]  # geom frame to body frame

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "GeomFrames":
        """Return the frames of all geoms of a model."""
        return cls(model.geom_bodyid.copy(), model.geom_pos.copy(), rotations.matrix(model.geom_quat))

    def __call__(self, poses: Poses) -> tuple[Float[Array, "G 3"], Float[Array, "G 3 3"]]:
        """Return the positions and rotations of all geoms in the world."""
        dtype = poses.position.dtype
        body = poses.rotation[self.body]
        position = poses.position[self.body] + rotate(body, jnp.asarray(self.position, dtype))
        return position, matmul(body, jnp.asarray(self.rotation, dtype))


@dataclass(frozen=True, eq=False)
class Contacts:
    """The contact slots of a model. In each slot the geom of the lower type is first, as in MuJoCo."""

    kinematics: Kinematics
    geoms: GeomFrames
    batches: tuple[PairBatch, ...]
    geom1: Int[np.ndarray, " C"]
    geom2: Int[np.ndarray, " C"]
    body1: Int[np.ndarray, " C"]
    body2: Int[np.ndarray, " C"]
    parameters: ContactParameters  # of each slot

    @classmethod
    def of(cls, model: mujoco.MjModel) -> "Contacts | None":
        """Return the slots of all possible contacts of `model`, or None if nothing can touch.

        Raises:
            UserError: if the model has possible contacts that are not supported (see `pairs.pairs_for_layer`).
        """
        pairs, omitted_text = pairs_for_layer(model)
        if omitted_text:
            raise UserError(
                f"contacts of {omitted_text} are not supported: exclude them in the MJCF if they never touch, or use a "
                "network without these contacts (model.constraints=features)"
            )
        return cls.between(model, pairs)

    @classmethod
    def between(cls, model: mujoco.MjModel, pairs: Sequence[Pair]) -> "Contacts | None":
        """Return the slots of the given pairs of geoms, or None if there are no pairs."""
        if not pairs:
            return None
        hulls = Hulls(model)
        shapes = {pair: shapes_of(model, pair, hulls) for pair in pairs}
        pairs = sorted(pairs, key=shapes.__getitem__)
        batches = [PairBatch.of(model, list(group), hulls) for _, group in groupby(pairs, shapes.__getitem__)]
        count = np.concatenate(
            [np.full(len(batch.max_distance), _contacts_per_pair(model, batch)) for batch in batches]
        )
        geom1, geom2, _ = np.repeat(np.array(pairs, np.int32), count, axis=0).T
        return cls(
            kinematics=Kinematics.of(model),
            geoms=GeomFrames.of(model),
            batches=tuple(batches),
            geom1=geom1,
            geom2=geom2,
            body1=model.geom_bodyid[geom1],
            body2=model.geom_bodyid[geom2],
            parameters=ContactParameters.of(model, pairs).take(np.repeat(np.arange(len(pairs)), count)),
        )

    def __len__(self) -> int:
        """Return the number of slots."""
        return len(self.body1)

    @property
    def states_at_once(self) -> int:
        """Number of states whose contacts fit into memory at once."""
        return max(1, min(MAX_ROWS, MAX_DISTANCES // sum(batch.distance_evaluations for batch in self.batches)))

    def detect(self, poses: Poses) -> SlotContacts:
        """Return the contacts of all slots, in a fixed order."""
        position, rotation = self.geoms(poses)
        parts = [batch.contacts(position, rotation) for batch in self.batches]
        arrays = [(c.distance, c.normal.array, c.position.array, c.tangent.array, c.present) for c in parts]
        return SlotContacts(jnp.arange(len(self), dtype=jnp.int32), *map(jnp.concatenate, zip(*arrays, strict=True)))

    def nearest(self, detected: SlotContacts, count: int) -> SlotContacts:
        """Return the `count` contacts with the least distance beyond their margin, present contacts first."""
        margin = jnp.asarray(self.parameters.margin, detected.distance.dtype)[detected.slot]
        distance = jnp.where(detected.present, detected.distance - margin, jnp.inf)
        _, chosen = jax.lax.top_k(-distance, min(count, len(distance)))
        return jax.tree.map(lambda leaf: leaf[chosen], detected)

    def jacobian(self, poses: Poses, detected: SlotContacts) -> tuple[Float[Array, "C 3 nv"], Float[Array, "C 3 nv"]]:
        """Return the linear and angular Jacobians of the second body's motion relative to the first.

        Their rows refer to the axes of the contact frame, like the rows of MuJoCo's `efc_J`.
        """
        body1, body2 = self.bodies(detected)
        mask = jnp.asarray(self.kinematics.dof_mask, detected.position.dtype)
        linear, angular = point_jacobian(poses, mask[body2] - mask[body1], detected.position)
        return matmul(detected.frame, linear), matmul(detected.frame, angular)

    def velocity(self, poses: Poses, detected: SlotContacts, qvel: Float[AnyArray, " nv"]) -> Float[Array, "C 3"]:
        """Return the linear velocity of the second body relative to the first at each contact, m/s."""
        body1, body2 = self.bodies(detected)
        second, _ = self.kinematics.velocity(poses, qvel, body2, detected.position)
        first, _ = self.kinematics.velocity(poses, qvel, body1, detected.position)
        return second - first

    def bodies(self, detected: SlotContacts) -> tuple[Int[Array, " C"], Int[Array, " C"]]:
        """Return the first and second body of each contact."""
        return jnp.asarray(self.body1)[detected.slot], jnp.asarray(self.body2)[detected.slot]


def _contacts_per_pair(model: mujoco.MjModel, batch: PairBatch) -> int:
    """Return the number of contacts of each pair of a batch."""
    # Without a mesh, `slot_counts` gives the number without tracing, which is slow.
    pair = np.array([[batch.geom1[0], batch.geom2[0], -1]])
    has_mesh = (model.geom_type[pair[:, :2]] == mujoco.mjtGeom.mjGEOM_MESH).any()
    return batch.contacts_per_pair if has_mesh else int(slot_counts(model, pair)[0])
