"""One epoch: a pass over the training data as one compiled program."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Float, PyTree, UInt32

from dynax.base import Variables
from dynax.config.schema import TrainingConfig
from dynax.training import losses
from dynax.training.samples import Samples


class TrainState(struct.PyTreeNode):
    """The state of a training. A training that continues from its state gives the same bits.

    The leaves are arrays, or shapes where the state serves as a template.
    """

    params: Any  # parameters
    ema: Any  # exponential moving average of `params`, which is validated
    opt_state: Any  # state of the optimizer
    key: Any  # random key, (2,) uint32; with `epoch`, it determines data order and dropout
    epoch: Any  # completed epochs, () int32
    best: Any  # `ema` with the lowest validation error so far
    best_error: Any  # lowest validation error, () float32
    best_epoch: Any  # epoch of `best`, () int32


def initial_state(params: PyTree, optimizer: optax.GradientTransformation, key: UInt32[Array, "2"]) -> TrainState:
    """Return the state before the first epoch. Its parameters are copies, because an epoch reuses their memory."""
    copy = lambda: jax.tree.map(jnp.array, params)  # noqa: E731
    return TrainState(
        params=copy(), ema=copy(), opt_state=optimizer.init(params), key=key, epoch=jnp.int32(0),
        best=copy(), best_error=jnp.float32(jnp.inf), best_epoch=jnp.int32(0),
    )  # fmt: skip


# (variables, samples, window_ends, key) -> squared errors (E, B, ...)
Errors = Callable[[Variables, Samples, jax.Array, jax.Array], jax.Array]
# (state, samples, window_ends) -> (state, mean squared error); the first argument is donated
Epoch = Callable[[TrainState, Samples, jax.Array], tuple[TrainState, jax.Array]]


def make_epoch(
    errors: Errors, normalization: Variables, optimizer: optax.GradientTransformation, config: TrainingConfig,
    batch: int, updates: int,
) -> Epoch:  # fmt: skip
    """Return an epoch as a compiled function.

    Args:
        errors: squared errors of a batch.
        normalization: statistics of the training data.
        optimizer: update rule, with its learning rate schedule.
        config: loss and decay of the moving average.
        batch: windows per update.
        updates: updates per epoch.

    Returns:
        A function of the state, the samples and the window ends (W,). It returns the new state and the mean squared
        error, which is NaN if the parameters are not finite. It reuses the memory of the state that it receives.
    """

    def objective(
        params: PyTree, samples: Samples, ends: jax.Array, key: jax.Array
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        squared = errors({"params": params, "normalization": normalization}, samples, ends, key)
        return jax.vmap(losses.LOSSES[config.loss])(squared).sum(), losses.mse(squared)

    def update(samples: Samples, carry: Any, batch_inputs: Any) -> tuple[Any, Float[Array, ""]]:
        (params, ema, opt_state, count), (ends, key) = carry, batch_inputs
        (_, error), gradient = jax.value_and_grad(objective, has_aux=True)(params, samples, ends, key)
        change, opt_state = optimizer.update(gradient, opt_state, params)
        params = optax.apply_updates(params, change)
        ema = _moving_average(config.ema_decay, ema, params, count)
        return (params, ema, opt_state, count + 1), error

    @jax.default_matmul_precision("highest")
    def epoch(state: TrainState, samples: Samples, ends: jax.Array) -> tuple[TrainState, jax.Array]:
        order_key, dropout_key = jax.random.split(jax.random.fold_in(state.key, state.epoch))
        order = jax.random.permutation(order_key, ends)[: updates * batch].reshape(updates, batch)
        carry = state.params, state.ema, state.opt_state, (state.epoch * updates).astype(jnp.float32)
        keys = jax.random.split(dropout_key, updates)
        (params, ema, opt_state, _), loss = jax.lax.scan(lambda c, x: update(samples, c, x), carry, (order, keys))
        state = state.replace(params=params, ema=ema, opt_state=opt_state, epoch=state.epoch + 1)
        finite = jnp.isfinite(optax.tree.norm(params))  # no loss of this epoch depends on the last update
        return state, jnp.where(finite, loss.mean(), jnp.nan)

    return jax.jit(epoch, donate_argnums=0)


def _moving_average(decay: float | None, ema: PyTree, params: PyTree, count: Float[Array, ""]) -> PyTree:
    """Return the moving average after an update; the decay grows with the number of updates up to `decay`."""
    if decay is None:
        return params
    rate = jnp.minimum(decay, (1 + count) / (10 + count))
    return jax.tree.map(lambda old, new: rate * old + (1 - rate) * new, ema, params)
