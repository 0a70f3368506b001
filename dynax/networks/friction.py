"""Dry friction of a real joint, as a smooth function of the velocity."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

STOPPED, STRIBECK = 0.02, 0.3  # initial speeds of the law, in standard deviations of the velocity
RANGE = 2.0  # largest logarithm of the factor between a learned speed and its initial value


def dry_friction(param: Callable[..., Any], v: Float[Array, " nv"], unit: Float[Any, " nv"]) -> Float[Array, " nv"]:
    """Return the friction force, which also contains a constant force.

        tau = -(c + s exp(-(v / v_s)^2)) tanh(v / v_0) - o

    c is Coulomb friction, s the additional friction at small speeds (Stribeck), and o an offset, which makes friction
    asymmetric. Viscous friction is the damping of the model. See Armstrong-Helouvry et al. 1994, A survey of models,
    analysis tools and compensation methods for the control of machines with friction.

    Args:
        param: the method `param` of a flax module, which owns the constants.
        v: velocities.
        unit: unit of the speeds v_0 and v_s, for example the standard deviation of the velocities.
    """
    constants = param("friction", nn.initializers.zeros, (3, v.size))  # Coulomb, Stribeck, offset
    speeds = param("friction_speeds", nn.initializers.zeros, (2, v.size))  # their logarithms, relative to the initial
    stopped, stribeck = unit * jnp.array([[STOPPED], [STRIBECK]]) * jnp.exp(RANGE * jnp.tanh(speeds / RANGE))
    coulomb, additional, offset = constants
    return -(coulomb + additional * jnp.exp(-((v / stribeck) ** 2))) * jnp.tanh(v / stopped) - offset
