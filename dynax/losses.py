"""What training minimises."""

import jax
import jax.numpy as jnp

from dynax.base import BaseDynamicsModel


def one_step(
    model: BaseDynamicsModel, params: dict, features: jax.Array, actions: jax.Array, targets: jax.Array, key: jax.Array
) -> jax.Array:
    """Mean squared error of the normalised one-step prediction.

    Args:
        features, actions, targets: normalised windows (B, h, F), (B, h, A), (B, h, D).
        key: random key of the dropout.

    A sequence model is held to every position of the window, any other to the last.
    """

    def network(feature, action, key):
        return model.apply({"params": params}, feature, action, training=True, rngs={"dropout": key})

    predicted = jax.vmap(network)(features, actions, jax.random.split(key, len(features)))
    wanted = targets if model.sequence else targets[:, -1]
    return jnp.mean((predicted - wanted) ** 2)
