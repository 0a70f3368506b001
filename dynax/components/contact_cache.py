"""Contacts of the states of a dataset, which do not depend on any parameter of a model."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
from flax import struct
from jaxtyping import Float

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
    precision: type[np.floating] | None  # precision of the nearest contacts; that of the states by default

    @cached_property
    def _compiled(self) -> Any:
        assert self.rows is not None
        return jax.jit(jax.vmap(self.rows.contact_cache))

    def __call__(self, states: Float[np.ndarray, "M S"]) -> ContactCache | None:
        """Return the contacts of states, or None if the model needs no contacts."""
        has_rows = self.rows is not None and self.rows.contacts is not None
        if not has_rows and self.features is None:
            return None
        return ContactCache(self._features(states), self._nearest(states) if has_rows else None)

    def _features(self, states: Float[np.ndarray, "M S"]) -> Float[np.ndarray, "M Fc"] | None:
        """Return the contact features in float32, or None if they do not fit into `MAX_FEATURE_BYTES`."""
        if self.features is None or 4 * len(states) * self.features.size > MAX_FEATURE_BYTES:
            return None
        return self.features.in_chunks(states, np.float32)

    def _nearest(self, states: Float[np.ndarray, "M S"]) -> dict[int, Detected]:
        assert self.rows is not None
        assert self.rows.contacts is not None
        rounded = states if self.precision is None else states.astype(self.precision)
        return map_in_chunks(self._compiled, rounded, self.rows.contacts.rows_at_once)
