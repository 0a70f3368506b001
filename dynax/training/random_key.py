"""The random key of a training, as a checkpoint can contain it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dynax.errors import UserError, check_range


def raw_key(key: Any) -> jax.Array:
    """Return a random key, or the key of an integer seed, as its two uint32 words, which a checkpoint can contain.

    Raises:
        UserError: if `key` is neither.
    """
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        check_range("rng", int(key), 0, 2**32 - 1)
        return jax.random.PRNGKey(int(key))
    if not isinstance(key, (jax.Array, np.ndarray)):
        raise UserError(f"rng={key!r} must be a JAX random key or an integer, such as jax.random.PRNGKey(0)")
    key = jnp.asarray(key)
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return jax.random.key_data(key)
    if key.shape != (2,) or key.dtype != jnp.uint32:
        raise UserError(f"rng has shape {key.shape} and type {key.dtype}: pass jax.random.PRNGKey(0) or an integer")
    return key
