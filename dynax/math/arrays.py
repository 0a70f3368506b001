"""Array types for annotations."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

AnyArray = np.ndarray | jax.Array
"""An array of NumPy or of JAX; functions with this type return the type of their argument."""

if TYPE_CHECKING:
    Leaf = jax.Array
else:
    Leaf = Any
"""The field of a pytree.

It holds an array. JAX also builds pytrees of shapes, batch axes and other objects, so the type is not checked at run
time.
"""
