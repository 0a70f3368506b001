"""Dry friction of a real joint, as a smooth function of the velocity."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

STOPPED, STRIBECK = 0.02, 0.3  # initial speeds of the law, in standard deviations of the velocity
RANGE = 2.0  # largest logarithm of the factor between a learned speed and its initial value


def friction_force(
    v: Float[Array, " nv"], coulomb: jax.Array, additional: jax.Array, stopped: jax.Array, stribeck: jax.Array
) -> Float[Array, " nv"]:
    """Return the friction force.

        tau = -(c + s exp(-(v / v_s)^2)) tanh(v / v_0)

    c is Coulomb friction, and s the additional friction at small speeds (Stribeck). Viscous friction is the damping of
    a model. See Armstrong-Helouvry et al. 1994, A survey of models, analysis tools and compensation methods for the
    control of machines with friction.

    Args:
        v: velocities.
        coulomb: c.
        additional: s.
        stopped: v_0, below which a joint is at rest.
        stribeck: v_s.
    """
    return -(coulomb + additional * jnp.exp(-((v / stribeck) ** 2))) * jnp.tanh(v / stopped)


def bounded_speed(initial: Any, free: jax.Array) -> jax.Array:
    """Return a speed of the law from a number without constraints, zero for the initial speed.

    Logs do not bound the speeds. The force hardly depends on a speed that is far from those of the data.
    """
    return initial * jnp.exp(RANGE * jnp.tanh(free / RANGE))


def learned_friction(param: Callable[..., Any], v: Float[Array, " nv"], unit: Float[Any, " nv"]) -> Float[Array, " nv"]:
    """Return the friction force and a constant force, which makes friction asymmetric, with learned constants.

    Args:
        param: the method `param` of a flax module, which owns the constants.
        v: velocities.
        unit: unit of the speeds v_0 and v_s, for example the standard deviation of the velocities.
    """
    constants = param("friction", nn.initializers.zeros, (3, v.size))  # Coulomb, Stribeck, offset
    speeds = param("friction_speeds", nn.initializers.zeros, (2, v.size))  # their logarithms, relative to the initial
    stopped, stribeck = bounded_speed(unit * jnp.array([[STOPPED], [STRIBECK]]), speeds)
    coulomb, additional, offset = constants
    return friction_force(v, coulomb, additional, stopped, stribeck) - offset
