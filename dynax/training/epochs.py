"""One epoch: a pass over the training data, in pieces that one compiled program runs.

An epoch can stop between two pieces, be saved, and continue. The length of a piece follows the speed of the machine. It
does not influence any bit of the result, because each update is the same iteration of the same compiled loop.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Float, PyTree, UInt32

from dynax.training.epoch_size import EpochSize
from dynax.training.samples import Samples
from dynax.training.shards import Shards
from dynax.training.updates import Updates


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


PIECE_SECONDS = 1.0  # duration of a piece
MAX_GROWTH = 10  # factor by which a piece can be longer than the piece before


class Epochs:
    """The epochs of a stage with first-order updates.

    Args:
        updates: the compiled function of `updates_of`, which runs some updates and reuses the memory of its first two
            arguments.
        shards: the shards of a batch.
        samples: the training data.
        size: the windows of an epoch.
    """

    def __init__(self, updates: Updates, shards: Shards, samples: Samples, size: EpochSize):
        self._run, self._shards, self._samples, self._size = updates, shards, shards.shared(samples), size
        self._length = PieceLength()
        self._order = jax.jit(partial(order, batch=size.batch, updates=size.updates))

    def start(self, state: TrainState) -> Progress:
        """Return the position at the start of an epoch."""
        return Progress(position=jnp.int32(0), errors=jnp.zeros(self._size.updates, jnp.float32))

    def pieces(self, state: TrainState, progress: Progress) -> Iterator[tuple[TrainState, Progress]]:
        """Run the rest of an epoch. Yield the state and the position after each piece.

        A piece overwrites the arrays of the position and of the state that it receives, except `best`. If an interrupt
        ends a piece, the best parameters so far remain.
        """
        shards, ends = self._shards, jnp.asarray(self._size.ends)
        epoch, rows, keys = shards.shared((state.epoch, *self._order(state.key, state.epoch, ends)))
        position, errors = int(progress.position), progress.errors
        while position < self._size.updates:
            donated = shards.copies(((state.params, state.ema, state.opt_state), errors))
            with self._length.timed(position, self._size.updates) as last:
                moving, errors = shards.first(self._run(*donated, epoch, self._samples, rows, keys, position, last))
                errors.block_until_ready()
            position = last
            state = state.replace(params=moving[0], ema=moving[1], opt_state=moving[2])
            yield state, Progress(position=jnp.int32(position), errors=errors)

    def least_loss(self, progress: Progress) -> float:
        """Return a lower bound of the mean squared error of the epoch, because the remaining errors count as zero."""
        return float(progress.errors.mean())

    def finish(self, state: TrainState, progress: Progress) -> tuple[TrainState, jax.Array]:
        """Return the state after an epoch and the mean squared error, which is NaN if parameters are not finite."""
        return finished(state, progress.errors)


class PieceLength:
    """The number of updates of the next piece, which follows the speed of the machine."""

    def __init__(self):
        self._updates = 1

    @contextmanager
    def timed(self, position: int, end: int) -> Iterator[int]:
        """Yield the end (exclusive) of a piece from `position`, measure the piece, and choose the length of the next.

        Args:
            position: the first update.
            end: updates of the epoch.
        """
        start, last = time.perf_counter(), min(position + self._updates, end)
        yield last
        seconds = max(time.perf_counter() - start, 1e-6)
        wanted = int((last - position) * PIECE_SECONDS / seconds)
        self._updates = max(1, min(wanted, self._updates * MAX_GROWTH))


@jax.jit
def finished(state: TrainState, errors: Float[Array, " U"]) -> tuple[TrainState, jax.Array]:
    """Return the state after an epoch and the mean of the errors, which is NaN if parameters are not finite."""
    finite = jnp.isfinite(optax.tree.norm(state.params))  # no error of this epoch depends on the last update
    return state.replace(epoch=state.epoch + 1), jnp.where(finite, errors.mean(), jnp.nan)


def order(key: jax.Array, epoch: jax.Array, ends: jax.Array, batch: int, updates: int) -> tuple[jax.Array, jax.Array]:
    """Return the window ends (U, B) and the random key (U, 2) of each update of an epoch."""
    order_key, dropout_key = jax.random.split(jax.random.fold_in(key, epoch))
    rows = jax.random.permutation(order_key, ends)[: updates * batch].reshape(updates, batch)
    return rows, jax.random.split(dropout_key, updates)
