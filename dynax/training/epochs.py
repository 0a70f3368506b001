"""One epoch: a pass over the training data, in pieces that one compiled program runs.

An epoch can stop between two pieces, be saved, and continue. The length of a piece follows the speed of the machine. It
does not influence any bit of the result, because each update is the same iteration of the same compiled loop.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Float, PyTree, UInt32

from dynax.base import Variables
from dynax.config.schema import TrainingConfig
from dynax.training.optimizers.divided import collected
from dynax.training.samples import Samples
from dynax.training.shards import Shards


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


class Progress(struct.PyTreeNode):
    """The position within an epoch of first-order updates."""

    position: Any  # completed updates of the epoch, () int32
    errors: Any  # mean squared error of each update, (U,) float32


# (variables, samples, window_ends, key) -> squared errors (E, B, ...)
Errors = Callable[[Variables, Samples, jax.Array, jax.Array], jax.Array]
Loss = Callable[[jax.Array], tuple[jax.Array, jax.Array]]  # squared errors -> (loss, mean squared error)
Moving = tuple[Any, Any, Any]  # parameters, their moving average, and the state of the optimizer
# (moving, errors, epoch, samples, order, keys, first, last) -> (moving, errors); the first two arguments are donated
Piece = Callable[..., tuple[Moving, jax.Array]]

PRECISIONS = {"float32": "highest", "tf32": "tensorfloat32", "bf16": "bfloat16"}  # of matrix products, in JAX's words
PIECE = 1.0  # duration of a piece, s
MAX_GROWTH = 10  # factor by which a piece can be longer than the piece before


class Epochs:
    """The epochs of a stage with first-order updates.

    Args:
        piece: some updates, as `make_piece` compiles them.
        shards: the shards of a batch.
        samples: the training data.
        ends: the last state of each window of the training data, (W,).
        batch: windows per update.
        updates: updates per epoch.
    """

    def __init__(self, piece: Piece, shards: Shards, samples: Samples, ends: jax.Array, batch: int, updates: int):
        self._piece, self._shards, self._samples, self._ends = piece, shards, shards.shared(samples), ends
        self._updates, self._piece_updates = updates, 1
        self._order = jax.jit(lambda key, epoch, ends: _order(key, epoch, ends, batch, updates))

    def start(self, state: TrainState) -> Progress:
        """Return the position at the start of an epoch."""
        return Progress(position=jnp.int32(0), errors=jnp.zeros(self._updates, jnp.float32))

    def pieces(self, state: TrainState, progress: Progress) -> Iterator[tuple[TrainState, Progress]]:
        """Run the rest of an epoch. Yield the state and the position after each piece.

        A piece overwrites the arrays of the position and of the state that it receives, except `best`. If an interrupt
        ends a piece, the best parameters so far remain.
        """
        shards = self._shards
        epoch, order, keys = shards.shared((state.epoch, *self._order(state.key, state.epoch, self._ends)))
        position, errors = int(progress.position), progress.errors
        while position < self._updates:
            start, last = time.perf_counter(), min(position + self._piece_updates, self._updates)
            donated = shards.copies(((state.params, state.ema, state.opt_state), errors))
            moving, errors = shards.first(self._piece(*donated, epoch, self._samples, order, keys, position, last))
            errors.block_until_ready()
            self._adapt(last - position, time.perf_counter() - start)
            position = last
            state = state.replace(params=moving[0], ema=moving[1], opt_state=moving[2])
            yield state, Progress(position=jnp.int32(position), errors=errors)

    def least_loss(self, progress: Progress) -> float:
        """Return a lower bound of the mean squared error of the epoch, because the remaining errors count as zero."""
        return float(progress.errors.mean())

    def finish(self, state: TrainState, progress: Progress) -> tuple[TrainState, jax.Array]:
        """Return the state after an epoch and the mean squared error, which is NaN if parameters are not finite."""
        return _finish(state, progress.errors)

    def _adapt(self, updates: int, seconds: float) -> None:
        """Choose the number of updates of the next piece."""
        self._piece_updates = max(1, min(int(updates * PIECE / max(seconds, 1e-6)), self._piece_updates * MAX_GROWTH))


@jax.jit
def _finish(state: TrainState, errors: Float[Array, " U"]) -> tuple[TrainState, jax.Array]:
    finite = jnp.isfinite(optax.tree.norm(state.params))  # no error of this epoch depends on the last update
    return state.replace(epoch=state.epoch + 1), jnp.where(finite, errors.mean(), jnp.nan)


def _order(key: jax.Array, epoch: jax.Array, ends: jax.Array, batch: int, updates: int) -> tuple[jax.Array, jax.Array]:
    """Return the window ends (U, B) and the random key (U, 2) of each update of an epoch."""
    order_key, dropout_key = jax.random.split(jax.random.fold_in(key, epoch))
    order = jax.random.permutation(order_key, ends)[: updates * batch].reshape(updates, batch)
    return order, jax.random.split(dropout_key, updates)


def make_piece(
    squared_errors: Errors, loss: Loss, normalization: Variables, optimizer: optax.GradientTransformation,
    config: TrainingConfig, updates: int, shards: Shards,
) -> Piece:  # fmt: skip
    """Return a function that runs some updates of an epoch.

    Args:
        squared_errors: function that returns the squared errors of a batch.
        loss: the loss of the squared errors, and their mean.
        normalization: statistics of the training data.
        optimizer: update rule, with its learning rate schedule.
        config: decay of the moving average, and precision of the gradient's matrix products.
        updates: updates per epoch.
        shards: the shards of a batch.

    Returns:
        A compiled function that runs some updates of the epoch. Its arguments are parameters, moving average and state
        of the optimizer as one tuple, and the mean squared error of each update (U,). Then follow the completed epochs,
        the samples, the window ends (U, B) and keys (U, 2) of each update, and the first and the last update. It
        returns the new values of the first two arguments, and reuses their memory.
    """

    def update(
        samples: Samples, carry: Any, ends: jax.Array, key: jax.Array, count: jax.Array
    ) -> tuple[Any, Float[Array, ""]]:
        params, ema, opt_state = carry
        of = lambda params, *rows: squared_errors({"params": params, "normalization": normalization}, samples, *rows)  # noqa: E731
        with jax.default_matmul_precision(PRECISIONS[config.precision]):
            error, gradient = shards.gradient(of, loss, params, ends, key)
        change, opt_state = optimizer.update(gradient, opt_state, params)
        params = optax.apply_updates(params, change)
        ema = _moving_average(config.ema_decay, ema, params, count)
        return (params, ema, opt_state), error

    @jax.default_matmul_precision("highest")  # of the optimizer
    def piece(
        moving: Moving, errors: jax.Array, epoch: jax.Array, samples: Samples, order: jax.Array, keys: jax.Array,
        first: jax.Array, last: jax.Array,
    ) -> tuple[Moving, jax.Array]:  # fmt: skip
        def step(i: jax.Array, carry: Any) -> Any:
            carry, errors = carry
            count = (epoch * updates + i).astype(jnp.float32)
            carry, error = update(samples, carry, order[i], keys[i], count)
            return carry, errors.at[i].set(error)

        (params, ema, opt_state), errors = jax.lax.fori_loop(first, last, step, (moving, errors))
        return (params, ema, collected(opt_state, shards)), errors

    return shards.compile(piece, donated=(0, 1))


def _moving_average(decay: float | None, ema: PyTree, params: PyTree, count: Float[Array, ""]) -> PyTree:
    """Return the moving average after an update; the decay grows with the number of updates up to `decay`."""
    if decay is None:
        return params
    rate = jnp.minimum(decay, (1 + count) / (10 + count))
    return jax.tree.map(lambda old, new: rate * old + (1 - rate) * new, ema, params)
