"""All pairs of geoms of the same two shapes, tested by one call."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Float, Int

from dynax.math.arrays import AnyArray
from dynax.math.vec3 import Rotation, Vec3
from dynax.mechanics.collision.contact_parameters import ContactParameters
from dynax.mechanics.collision.mesh import Hulls
from dynax.mechanics.collision.narrowphase import COLLIDE
from dynax.mechanics.collision.pair_contacts import Collide, PairContacts
from dynax.mechanics.collision.pairs import Pair
from dynax.mechanics.collision.shapes import Solid, solids, table_sizes


@dataclass(frozen=True, eq=False)
class PairBatch:
    """K pairs of geoms of the same two shapes."""

    collide: Collide
    first: Solid
    second: Solid
    geom1: Int[np.ndarray, " K"]
    geom2: Int[np.ndarray, " K"]
    max_distance: Float[np.ndarray, " K"]  # distance below which MuJoCo creates a contact, m

    @classmethod
    def of(cls, model: mujoco.MjModel, pairs: list[Pair], hulls: Hulls) -> "PairBatch":
        """Return the batch of pairs with equal `shapes_of`."""
        geom1, geom2, _ = np.array(pairs, np.int32).T
        parameters = ContactParameters.of(model, pairs)
        return cls(
            collide=COLLIDE[int(model.geom_type[geom1[0]]), int(model.geom_type[geom2[0]])],
            first=solids(model, geom1, hulls),
            second=solids(model, geom2, hulls),
            geom1=geom1,
            geom2=geom2,
            max_distance=parameters.margin + parameters.gap,
        )

    def contacts(self, position: Float[AnyArray, "G 3"], rotation: Float[AnyArray, "G 3 3"]) -> PairContacts:
        """Return the contacts, flattened from (M, K) to (K M,): all contacts of pair 0 first."""
        first, second, max_distance = jax.tree.map(
            lambda leaf: jnp.asarray(leaf, position.dtype), (self.first, self.second, self.max_distance)
        )
        first, second = (
            replace(solid, position=Vec3.of(position[geom]), rotation=Rotation.of(rotation[geom]))
            for solid, geom in ((first, self.geom1), (second, self.geom2))
        )
        return jax.tree.map(lambda leaf: leaf.T.ravel(), self.collide(first, second, max_distance).broadcast())

    @property
    def contacts_per_pair(self) -> int:
        """The number M of contacts of each pair."""
        geoms = 1 + max(self.geom1.max(), self.geom2.max())
        position, rotation = jax.ShapeDtypeStruct((geoms, 3), "f4"), jax.ShapeDtypeStruct((geoms, 3, 3), "f4")
        return len(jax.eval_shape(self.contacts, position, rotation).distance) // len(self.max_distance)

    @property
    def distance_evaluations(self) -> int:
        """Number of distances between a point and a face or an edge that one call computes."""
        sizes = [(len(s.points.x), 1 + len(s.offsets) + len(s.starts.x)) for s in (self.first, self.second)]
        (points1, surfaces1), (points2, surfaces2) = sizes
        return len(self.max_distance) * (points1 * surfaces2 + points2 * surfaces1)


def shapes_of(model: mujoco.MjModel, pair: Pair, hulls: Hulls) -> tuple[int, ...]:
    """Return the types and the table sizes of both geoms; pairs with equal results can share a batch."""
    geoms = list(pair[:2])
    sizes = (size for geom in geoms for size in table_sizes(model, geom, hulls))
    return (*model.geom_type[geoms].tolist(), *sizes)
