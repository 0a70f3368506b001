"""One epoch of training: a pass over the data as one compiled program."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from dynax.base import Variables
from dynax.config.schema import TrainingConfig
from dynax.training import losses
from dynax.training.training_set import Samples


class TrainState(struct.PyTreeNode):
    """All that changes during training; with it a run continues as if it had never stopped."""

    params: Any
    ema: Any  # moving average of `params`: what is validated and kept
    opt_state: Any
    key: jax.Array  # (2,) uint32; every epoch's order and dropout follow from it and `epoch`
    epoch: jax.Array  # () int32, epochs done
    best: Any  # the `ema` with the lowest validation error so far
    best_error: jax.Array  # () float32
    best_epoch: jax.Array  # () int32


def initial_state(params: Any, optimizer: optax.GradientTransformation, key: jax.Array) -> TrainState:
    """The state before the first epoch. The trees it holds are copies: every epoch gives its input's memory away."""
    copy = lambda: jax.tree.map(jnp.array, params)  # noqa: E731
    return TrainState(
        params=copy(), ema=copy(), opt_state=optimizer.init(params), key=key, epoch=jnp.int32(0),
        best=copy(), best_error=jnp.float32(jnp.inf), best_epoch=jnp.int32(0),
    )  # fmt: skip


# (variables, samples, window_ends, key) -> squared errors (E, B, ...), E ensemble members
Errors = Callable[[Variables, Samples, jax.Array, jax.Array], jax.Array]


def make_epoch(
    errors: Errors, normalization: Variables, optimizer: optax.GradientTransformation, config: TrainingConfig,
    batch: int, steps: int,
) -> Callable[[TrainState, Samples, jax.Array], tuple[TrainState, jax.Array]]:  # fmt: skip
    """A pass over the windows that end at the given samples, in random order, as one compiled scan of `steps` updates.

    It maps the state, the samples and the ends (W,) to the new state and the mean squared error.
    """

    def objective(params: Any, samples: Samples, ends: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        squared = errors({"params": params, "normalization": normalization}, samples, ends, key)
        return jax.vmap(losses.LOSSES[config.loss])(squared).sum(), losses.mse(squared)

    def update(samples, carry, step):
        (params, ema, opt_state, count), (ends, key) = carry, step
        (_, error), gradient = jax.value_and_grad(objective, has_aux=True)(params, samples, ends, key)
        change, opt_state = optimizer.update(gradient, opt_state, params)
        params = optax.apply_updates(params, change)
        ema = _average(config.ema_decay, ema, params, count)
        return (params, ema, opt_state, count + 1), error

    @jax.default_matmul_precision("highest")
    def epoch(state: TrainState, samples: Samples, ends: jax.Array) -> tuple[TrainState, jax.Array]:
        order_key, dropout_key = jax.random.split(jax.random.fold_in(state.key, state.epoch))
        order = jax.random.permutation(order_key, ends)[: steps * batch].reshape(steps, batch)
        carry = state.params, state.ema, state.opt_state, (state.epoch * steps).astype(jnp.float32)
        keys = jax.random.split(dropout_key, steps)
        (params, ema, opt_state, _), loss = jax.lax.scan(lambda c, s: update(samples, c, s), carry, (order, keys))
        state = state.replace(params=params, ema=ema, opt_state=opt_state, epoch=state.epoch + 1)
        finite = jnp.isfinite(optax.tree.norm(params))  # the last update may have ruined what no loss has seen yet
        return state, jnp.where(finite, loss.mean(), jnp.nan)

    return jax.jit(epoch, donate_argnums=0)


def _average(decay: float | None, ema: Any, params: Any, count: jax.Array) -> Any:
    """Moving average whose memory grows with the number of updates, so that the start is soon forgotten."""
    if decay is None:
        return params
    rate = jnp.minimum(decay, (1 + count) / (10 + count))
    return jax.tree.map(lambda old, new: rate * old + (1 - rate) * new, ema, params)
