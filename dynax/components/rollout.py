"""Open-loop prediction: a model applied to its own outputs."""

from collections.abc import Callable
from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float, Int

from dynax.envs.env import Env
from dynax.envs.quaternions import check_unit_quaternions
from dynax.errors import UserError
from dynax.math.numeric_input import as_numbers, check_finite

BLOCK = 256  # trajectories

Key = jax.Array | None  # random key of the noise of a prediction, or None for no noise
Predict = Callable[[jax.Array, jax.Array, Key], jax.Array]  # (histories of states, of actions, key) -> next states
Simulate = Callable[[jax.Array, jax.Array], jax.Array]  # (initial histories, actions) -> predicted trajectories
# (memory, states, actions, key) -> (memory with these states, next states); the first memory is None
Extend = Callable[[Any, jax.Array, jax.Array, Key], tuple[Any, jax.Array]]


def rollout(
    predict: Predict, states: Float[Array, "B h S"], actions: Float[Array, "B steps A"], key: Key = None
) -> Float[Array, "B T1 S"]:
    """Return an open-loop prediction.

    Args:
        predict: function from histories (B, h, S) and (B, h, A) and a random key to the next states (B, S).
        states: initial histories.
        actions: h - 1 + T actions. The first h - 1 belong to the first h - 1 states.
        key: random key of the noise; None for no noise.

    Returns:
        T + 1 states; the first is the last of `states`.
    """

    def step(carry: tuple[jax.Array, jax.Array], given: Any) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        (history, past), (action, own_key) = carry, given
        past = jnp.concatenate([past, action[:, None]], axis=1)
        following = predict(history, past, own_key)
        history = jnp.concatenate([history[:, 1:], following[:, None]], axis=1)
        return (history, past[:, 1:]), following

    before = states.shape[1] - 1
    future = jnp.moveaxis(actions[:, before:], 1, 0)
    _, path = jax.lax.scan(step, (states, actions[:, :before]), (future, _split(key, len(future))))
    return jnp.concatenate([states[:, -1:], jnp.moveaxis(path, 0, 1)], axis=1)


def rollout_with_memory(
    extend: Extend, states: Float[Array, "B h S"], actions: Float[Array, "B steps A"], key: Key = None
) -> Float[Array, "B T1 S"]:
    """Return an open-loop prediction of a model that keeps a memory of the earlier states. It computes each state once.

    Args:
        extend: function from a memory, the states (B, n, S) and actions (B, n, A) after it, and a random key. It
            returns the memory after them and the next states (B, S).
        states: initial histories.
        actions: h - 1 + T actions. The first h - 1 belong to the first h - 1 states.
        key: see `rollout`.

    Returns:
        T + 1 states; the first is the last of `states`.
    """

    def step(carry: tuple[Any, jax.Array], given: Any) -> tuple[tuple[Any, jax.Array], jax.Array]:
        action, own_key = given
        memory, following = extend(*carry, action[:, None], own_key)
        return (memory, following[:, None]), following

    history = states.shape[1]
    future = jnp.moveaxis(actions[:, history:], 1, 0)
    keys = _split(key, len(future) + 1)
    memory, first = extend(None, states, actions[:, :history], None if keys is None else keys[0])
    later = None if keys is None else keys[1:]
    _, path = jax.lax.scan(step, (memory, first[:, None]), (future, later))
    return jnp.concatenate([states[:, -1:], first[:, None], jnp.moveaxis(path, 0, 1)], axis=1)


def rollout_of_particles(
    predict: Predict,
    states: Float[Array, "B h S"],
    actions: Float[Array, "B steps A"],
    order: Int[Array, "T E"],
    key: Key = None,
) -> Float[Array, "E B T1 S"]:
    """Return open-loop predictions of E particles; in each step, each member of an ensemble predicts one of them.

    With a random order, this is TS1 of Chua et al. 2018 (arXiv:1805.12114).

    Args:
        predict: function from the histories that each member receives, (E, B, h, S), their actions (B, h, A) and a
            random key to the next states (E, B, S).
        states: initial histories, the same for all particles.
        actions: h - 1 + T actions. The first h - 1 belong to the first h - 1 states.
        order: in step t, member m predicts the particle order[t, m].
        key: see `rollout`.

    Returns:
        T + 1 states; the first is the last of `states`.
    """

    def step(carry: tuple[jax.Array, jax.Array], given: Any) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        (histories, past), (action, particles, own_key) = carry, given
        past = jnp.concatenate([past, action[:, None]], axis=1)
        following = predict(histories[particles], past, own_key)[jnp.argsort(particles)]
        histories = jnp.concatenate([histories[:, :, 1:], following[:, :, None]], axis=2)
        return (histories, past[:, 1:]), following

    before, size = states.shape[1] - 1, order.shape[1]
    histories = jnp.broadcast_to(states, (size, *states.shape))
    given = jnp.moveaxis(actions[:, before:], 1, 0), order, _split(key, len(order))
    _, path = jax.lax.scan(step, (histories, actions[:, :before]), given)
    return jnp.concatenate([histories[:, :, -1:], jnp.moveaxis(path, 0, 2)], axis=2)


def _split(key: Key, count: int) -> jax.Array | None:
    """Return a key for each of `count` steps, or None without a key."""
    return None if key is None else jax.random.split(key, count)


class Receiver(Protocol):
    """The attributes of a model on which the inputs of a rollout depend."""

    @property
    def env(self) -> Env: ...
    @property
    def history(self) -> int: ...
    @property
    def state_dim(self) -> int: ...
    @property
    def action_dim(self) -> int: ...


def as_inputs(states: Any, actions: Any, model: Receiver) -> tuple[jax.Array, jax.Array]:
    """Return states (B, h, S) and actions as float32 arrays. States (B, S) become histories of one state.

    Raises:
        UserError: if the model cannot predict from the arrays: an array has a wrong shape, an entry is not finite, or
            a quaternion does not have unit length.
    """
    states, actions = as_array("states", states), as_array("actions", actions)
    history, batch = model.history, states.shape[0] if states.ndim else 0  # a symbol, in an export
    states = states[:, None] if history == 1 and states.ndim == 2 else states
    if states.shape != (batch, history, model.state_dim):
        expected = f"(B, {model.state_dim})" if history == 1 else f"(B, {history}, {model.state_dim})"
        raise UserError(f"states must have shape {expected}, got {states.shape}")
    if actions.ndim != 3 or actions.shape[::2] != (batch, model.action_dim) or actions.shape[1] < history:
        steps = "T" if history == 1 else f"{history - 1} + T"
        expected = f"({batch}, {steps}, {model.action_dim}) with T at least 1"
        raise UserError(f"actions must have shape {expected}, got {actions.shape}")
    if not isinstance(states, Tracer):
        check_unit_quaternions(model.env.space, states)
    return jnp.asarray(states, jnp.float32), jnp.asarray(actions, jnp.float32)


def as_array(name: str, values: Any) -> Any:
    """Return the values that a user passed as an array.

    Raises:
        UserError: if they are not finite numbers. Values that JAX traces are not known and not checked.
    """
    if isinstance(values, Tracer):
        return values
    array = as_numbers(name, values)
    check_finite(name, array)
    return values if isinstance(values, jax.Array) else array


def in_blocks(
    simulate: Simulate, states: Float[Array, "B h S"], actions: Float[Array, "B steps A"]
) -> Float[Array, "B T1 S"]:
    """Return an open-loop prediction. A CPU predicts large batches in blocks of trajectories of equal size.

    The intermediate results of a block remain in the cache of a core. A GPU needs large batches instead.

    Args:
        simulate: compiled function from a block of states and actions to its prediction.
        states, actions: see `rollout`.
    """
    batch = states.shape[0]
    if isinstance(states, Tracer) or isinstance(actions, Tracer) or jax.default_backend() != "cpu" or batch <= BLOCK:
        return simulate(states, actions)
    count = -(-batch // BLOCK)
    size = -(-batch // count)
    starts = [min(i * size, batch - size) for i in range(count)]  # the last blocks may overlap
    paths = [simulate(states[i : i + size], actions[i : i + size]) for i in starts]
    return jnp.concatenate([*paths[:-1], paths[-1][(count - 1) * size - starts[-1] :]])


def compile_rollout(simulate: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """Return a compiled rollout with exact matrix products; GPUs would otherwise round factors to ten bits (TF32)."""
    return jax.jit(jax.default_matmul_precision("highest")(simulate))
