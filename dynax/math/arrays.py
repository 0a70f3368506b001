"""Array types for annotations. They need no import of JAX, because robots and data are used without JAX as well.

A type checker cannot express that a function returns the kind of array of its argument. The names are therefore
synonyms of `Any`; with a shape, as in `Float[AnyArray, "B 3"]`, dtype and shape are checked in the tests.
"""

from typing import Any

AnyArray = Any  # an array of NumPy or of JAX
Leaf = Any  # the field of a pytree: an array, or a shape or a batch axis while JAX transforms the pytree
