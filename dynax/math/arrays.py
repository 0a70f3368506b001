"""Array types for annotations."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

if TYPE_CHECKING:  # a type checker cannot express that a function returns the kind of array of its argument
    AnyArray = Any
    Leaf = Any
else:
    AnyArray = np.ndarray | jax.Array
    Leaf = Any

"""`AnyArray` is an array of NumPy or of JAX. Functions with this type return the kind of their argument.

`Leaf` is an array in a pytree. JAX also builds pytrees of shapes, batch axes and other objects, so the type is not
checked at run time.
"""
