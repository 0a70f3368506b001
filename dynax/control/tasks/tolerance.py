"""Smooth tolerances, from which rewards are composed."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

AT_MARGIN = 0.1  # value at the distance `margin`


def gaussian(x: Float[Array, "*batch"], margin: float) -> Float[Array, "*batch"]:
    """Return 1 at `x = 0`, and 0.1 at `margin`, along a Gaussian (`tolerance` of the DeepMind Control Suite)."""
    return jnp.exp(np.log(AT_MARGIN) * jnp.square(x / margin))


def quadratic(x: Float[Array, "*batch"], margin: float) -> Float[Array, "*batch"]:
    """Return 1 at `x = 0`, and 0 from `margin` on, along a parabola."""
    return jnp.maximum(1 - jnp.square(x / margin), 0)


def long_tail(x: Float[Array, "*batch"], margin: float) -> Float[Array, "*batch"]:
    """Return 1 at `x = 0`, and 0.1 at `margin`, with a slow decay, so that distant states have a gradient."""
    return 1 / (1 + (1 / AT_MARGIN - 1) * jnp.square(x / margin))


def share(x: Float[Array, "*batch"], goal: float) -> Float[Array, "*batch"]:
    """Return the part of a goal that is reached: 0 up to `x = 0`, then a line, and 1 from `goal` on."""
    return jnp.clip(x / goal, 0, 1)
