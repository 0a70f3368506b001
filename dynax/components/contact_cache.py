"""Contacts of states, which do not depend on any parameter of a model. They are detected once for each state."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float

from dynax.math.chunks import map_in_chunks
from dynax.mechanics.collision.contacts import Contacts, SlotContacts
from dynax.mechanics.constraints import ConstraintLayer
from dynax.representation.contact_features import ContactFeatures

MAX_FEATURE_BYTES = 2**31  # of the stored contact features; if there are more, each epoch computes them again


class ContactCache(struct.PyTreeNode):
    """The results of contact detection. Every array has the leading axes of the states.

    A function with a cache among its arguments does not detect contacts again.
    """

    features: Any = None  # contact features, (..., Fc)
    nearest: dict[int, SlotContacts] | None = None  # by condim, the nearest contacts

    def at(self, index: int) -> "ContactCache":
        """Return the entries at `index` along the first axis."""
        return jax.tree.map(lambda x: x[index], self)


@dataclass(frozen=True, eq=False)
class ContactDetector:
    """The contact detection that a model needs. Features and layer have the same contact slots."""

    features: ContactFeatures | None = None  # contact features of a network
    layer: ConstraintLayer | None = None  # constraint layer of the model, or of the constraint residuals of its network

    @property
    def contacts(self) -> Contacts | None:
        """The contact slots, or None if the model needs no contacts."""
        return self.features.contacts if self.features else self.layer and self.layer.contacts

    def __call__(self, states: Float[np.ndarray, "M S"]) -> ContactCache | None:
        """Return the contacts of states, or None if the model needs no contacts.

        The contact features are left out if they do not fit into `MAX_FEATURE_BYTES`. With contact features, contacts
        are detected in float32, the precision of a rollout.
        """
        stored = self if self.features and 4 * len(states) * self.features.size <= MAX_FEATURE_BYTES else self._of_layer
        if stored.contacts is None:
            return None
        rounded = states.astype(np.float32) if self.features else states
        return map_in_chunks(stored._compiled, rounded, stored.contacts.states_at_once)

    def absent(self, count: int) -> ContactCache:
        """Return the contacts of `count` states in which no contact is present. Parameters are created with them."""
        features = jnp.zeros(self.features.size) if self.features else None
        cache = ContactCache(features, self.layer.absent_contacts() if self.layer and self.layer.contacts else None)
        return jax.tree.map(lambda x: jnp.stack([x] * count), cache)

    def of_histories(self, states: Float[Array, "B h S"], every: bool) -> ContactCache:
        """Return the contacts of histories, with leading axes (B, h); without features (B, 1), of the last states.

        Args:
            states: histories of states, oldest first.
            every: whether the nearest contacts of every state are needed.
        """
        needed = states if self.features or every else states[:, -1:]
        if needed.shape[1] == 1:  # XLA then computes the kinematics of the constraint layer only once
            return jax.tree.map(lambda x: x[:, None], jax.vmap(self.of_state)(needed[:, 0]))
        return jax.vmap(jax.vmap(self.of_state))(needed)

    def of_state(self, state: Float[Array, " S"]) -> ContactCache:
        """Return the contacts of one state; an empty cache if the model needs no contacts."""
        if self.contacts is None:
            return ContactCache()
        qpos = (self.features or cast(ConstraintLayer, self.layer)).space.qpos(state)
        poses = self.contacts.kinematics(qpos)
        detected = self.contacts.detect(poses)
        features = self.features.of_contacts(state, poses, detected) if self.features else None
        return ContactCache(features, self.layer.nearest(detected) if self.layer else None)

    @cached_property
    def _compiled(self) -> Any:
        return jax.jit(jax.vmap(self.of_state))

    @property
    def _of_layer(self) -> "ContactDetector":
        """The detection without features."""
        return ContactDetector(layer=self.layer)
