"""Open-loop prediction: a model applied to its own outputs."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Predict = Callable[[jax.Array, jax.Array], jax.Array]  # histories of states and actions -> next states
# (memory, states, actions) -> (memory with these states, next states); the first memory is None
Extend = Callable[[Any, jax.Array, jax.Array], tuple[Any, jax.Array]]


def rollout(
    predict: Predict, states: Float[Array, "B h S"], actions: Float[Array, "B steps A"]
) -> Float[Array, "B T1 S"]:
    """Return an open-loop prediction.

    Args:
        predict: function from histories (B, h, S) and (B, h, A) to the next states (B, S).
        states: initial histories.
        actions: h - 1 + T actions. The first h - 1 belong to the first h - 1 states.

    Returns:
        T + 1 states; the first is the last of `states`.
    """

    def step(carry: tuple[jax.Array, jax.Array], action: jax.Array) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        history, past = carry
        past = jnp.concatenate([past, action[:, None]], axis=1)
        following = predict(history, past)
        history = jnp.concatenate([history[:, 1:], following[:, None]], axis=1)
        return (history, past[:, 1:]), following

    before = states.shape[1] - 1
    future = jnp.moveaxis(actions[:, before:], 1, 0)
    _, path = jax.lax.scan(step, (states, actions[:, :before]), future)
    return jnp.concatenate([states[:, -1:], jnp.moveaxis(path, 0, 1)], axis=1)


def rollout_with_memory(
    extend: Extend, states: Float[Array, "B h S"], actions: Float[Array, "B steps A"]
) -> Float[Array, "B T1 S"]:
    """Return an open-loop prediction of a model that keeps a memory of the earlier states. It computes each state once.

    Args:
        extend: function from a memory, states (B, n, S) and actions (B, n, A) that follow it, to the memory after them
            and the next states (B, S).
        states: initial histories.
        actions: h - 1 + T actions. The first h - 1 belong to the first h - 1 states.

    Returns:
        T + 1 states; the first is the last of `states`.
    """

    def step(carry: tuple[Any, jax.Array], action: jax.Array) -> tuple[tuple[Any, jax.Array], jax.Array]:
        memory, following = extend(*carry, action[:, None])
        return (memory, following[:, None]), following

    history = states.shape[1]
    memory, first = extend(None, states, actions[:, :history])
    _, path = jax.lax.scan(step, (memory, first[:, None]), jnp.moveaxis(actions[:, history:], 1, 0))
    return jnp.concatenate([states[:, -1:], first[:, None], jnp.moveaxis(path, 0, 1)], axis=1)


def check_shapes(
    states: tuple[int, ...], actions: tuple[int, ...], history: int, state_dim: int, action_dim: int
) -> None:
    """Raise `ValueError` unless arrays of these shapes can start a rollout."""
    batch = states[0]
    if states != (batch, history, state_dim):
        raise ValueError(f"states must have shape (B, {history}, {state_dim}), got {states}")
    if len(actions) != 3 or actions[::2] != (batch, action_dim) or actions[1] < history:
        expected = f"({batch}, {history - 1} + T, {action_dim}) with T at least 1"
        raise ValueError(f"actions must have shape {expected}, got {actions}")


def as_inputs(states: Any, actions: Any, history: int) -> tuple[jax.Array, jax.Array]:
    """Return states (B, h, S) and actions as float32 arrays. States (B, S) become histories of one state."""
    states, actions = jnp.asarray(states, jnp.float32), jnp.asarray(actions, jnp.float32)
    return (states[:, None] if history == 1 and states.ndim == 2 else states), actions
