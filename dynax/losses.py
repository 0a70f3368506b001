"""What training minimises: one-step errors in units of the target's deviation."""

import jax
import jax.numpy as jnp

from dynax.base import BaseDynamicsModel

TOLERANCE = 25.0  # squared errors up to so many times the median count in full


def squared_errors(
    model: BaseDynamicsModel, params: dict, features: jax.Array, actions: jax.Array, targets: jax.Array, key: jax.Array
) -> jax.Array:
    """The squared error of each one-step prediction, mean over the target: (B,), or (B, h) for a sequence model.

    Args:
        features, actions, targets: normalised windows (B, h, F), (B, h, A), (B, h, D).
        key: random key of the dropout.

    A sequence model is held to every position of the window, any other to the last.
    """

    def network(feature, action, key):
        return model.apply({"params": params}, feature, action, training=True, rngs={"dropout": key})

    predicted = jax.vmap(network)(features, actions, jax.random.split(key, len(features)))
    wanted = targets if model.sequence else targets[:, -1]
    return jnp.mean((jnp.asarray(predicted) - wanted) ** 2, axis=-1)


def mse(squared: jax.Array) -> jax.Array:
    """The mean of squared errors."""
    return jnp.mean(squared)


def robust(squared: jax.Array) -> jax.Array:
    """The mean of `log(1 + e^2 / s^2)`, with s^2 = `TOLERANCE` times the batch's median of e^2.

    The Cauchy loss (Barron 2019, A General and Adaptive Robust Loss Function, alpha = 0) on a scale that shrinks with
    the error: the few transitions in which a stop is struck stay hard to fit, and do not hold back all the others.
    """
    scale = jax.lax.stop_gradient(TOLERANCE * jnp.median(squared)) + 1e-12
    return jnp.mean(jnp.log1p(squared / scale))


LOSSES = {"mse": mse, "robust": robust}
