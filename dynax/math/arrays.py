"""Array types for annotations."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

if TYPE_CHECKING:
    AnyArray = Any
    Leaf = jax.Array
else:
    AnyArray = np.ndarray | jax.Array
    Leaf = Any

# AnyArray: an array of NumPy or JAX. Type checkers accept any operation on it.
#
# Leaf: the field of a pytree, which holds an array. JAX also builds pytrees of shapes, batch axes and other objects.
# The type is therefore not checked at run time.
