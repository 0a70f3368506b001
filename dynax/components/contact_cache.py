"""Contacts of the states of a dataset, which do not depend on any parameter of a model."""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float

from dynax.math.chunks import map_in_chunks
from dynax.mechanics.collision.contacts import Detected
from dynax.mechanics.constraints import ConstraintLayer
from dynax.representation.contact_features import ContactFeatures

MAX_FEATURE_BYTES = 2**31  # of the stored contact features; if there are more, each epoch computes them again


class ContactCache(struct.PyTreeNode):
    """The results of contact detection. Every array has the leading axes of the states.

    A function with a cache among its arguments does not detect contacts again.
    """

    features: Any = None  # contact features, (..., Fc)
    nearest: dict[int, Detected] | None = None  # nearest contacts of each contact dimension

    def at(self, index: int) -> "ContactCache":
        """Return the entries at `index` along the first axis."""
        return jax.tree.map(lambda x: x[index], self)


@dataclass(frozen=True, eq=False)
class ContactSearch:
    """The contact detection that a model needs."""

    features: ContactFeatures | None  # contact features of a network
    rows: ConstraintLayer | None  # constraint layer of the model, or of the refinement of its network

    def __call__(self, states: Float[np.ndarray, "M S"]) -> ContactCache | None:
        """Return the contacts of states, or None if the model needs no contacts.

        The contact features are left out if they do not fit into `MAX_FEATURE_BYTES`. With contact features, contacts
        are detected in float32, the precision of a rollout.
        """
        contacts = (self.features and self.features.contacts) or (self.rows and self.rows.contacts)
        stores_features = self.features is not None and 4 * len(states) * self.features.size <= MAX_FEATURE_BYTES
        if contacts is None or not (stores_features or self._has_rows):
            return None
        rounded = states.astype(np.float32) if self.features else states
        return map_in_chunks(partial(self._compiled, stores_features), rounded, contacts.rows_at_once)

    def absent(self, count: int) -> ContactCache:
        """Return the contacts of `count` states in which no contact is present. Parameters are created with them."""
        features = jnp.zeros(self.features.size) if self.features else None
        cache = ContactCache(features, self.rows.absent_contacts() if self.rows and self._has_rows else None)
        return jax.tree.map(lambda x: jnp.stack([x] * count), cache)

    @property
    def _has_rows(self) -> bool:
        return self.rows is not None and self.rows.contacts is not None

    @cached_property
    def _compiled(self) -> Any:
        """The search in a batch of states. Contacts are detected once for features and rows."""
        return jax.jit(lambda stored, states: jax.vmap(partial(self._of_one, stored))(states), static_argnums=0)

    def _of_one(self, stores_features: bool, state: Float[Array, " S"]) -> ContactCache:
        features = self.features.of_state(state) if self.features and stores_features else None
        return ContactCache(features, self.rows.nearest_contacts(state) if self.rows and self._has_rows else None)
