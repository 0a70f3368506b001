"""The updates of first-order training: gradient, optimizer and moving average, as a function that JAX can transform."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PyTree

from dynax.base import Variables
from dynax.config.schema import TrainingConfig
from dynax.training.optimizers.divided import collected
from dynax.training.samples import Samples
from dynax.training.shards import Shards

# (variables, samples, window_ends, key) -> squared errors (E, B, ...)
ErrorFunction = Callable[[Variables, Samples, jax.Array, jax.Array], jax.Array]
LossFunction = Callable[[jax.Array], tuple[jax.Array, jax.Array]]  # squared errors -> (loss, mean squared error)
Moving = tuple[Any, Any, Any]  # parameters, their moving average, and the state of the optimizer
# (moving, errors, epoch, samples, order, keys, first, last) -> (moving, errors)
Updates = Callable[..., tuple[Moving, jax.Array]]

PRECISIONS = {"float32": "highest", "tf32": "tensorfloat32", "bf16": "bfloat16"}  # of matrix products; names in JAX


@dataclass(frozen=True)
class Rule:
    """The loss and the optimizer of a stage."""

    errors: ErrorFunction
    loss: LossFunction
    optimizer: optax.GradientTransformation  # with its learning rate schedule


def updates_of(rule: Rule, normalization: Variables, config: TrainingConfig, updates: int, shards: Shards) -> Updates:
    """Return a function that runs some updates of an epoch.

    Args:
        rule: loss and optimizer.
        normalization: statistics of the training data.
        config: decay of the moving average, and precision of the gradient's matrix products.
        updates: updates per epoch.
        shards: the shards of a batch.

    Returns:
        A function that runs some updates of the epoch. Its arguments are parameters, moving average and state of the
        optimizer as one tuple, and the mean squared error of each update (U,). Then follow the completed epochs, the
        samples, the window ends (U, B) and keys (U, 2) of each update, the first update, and the end (exclusive). It
        returns the new values of the first two arguments.
    """

    def update(
        samples: Samples, moving: Moving, ends: jax.Array, key: jax.Array, count: jax.Array
    ) -> tuple[Moving, Float[Array, ""]]:
        params, ema, opt_state = moving
        of = lambda params, *rows: rule.errors({"params": params, "normalization": normalization}, samples, *rows)  # noqa: E731
        with jax.default_matmul_precision(PRECISIONS[config.precision]):
            error, gradient = shards.gradient(of, rule.loss, params, ends, key)
        change, opt_state = rule.optimizer.update(gradient, opt_state, params)
        params = optax.apply_updates(params, change)
        ema = _moving_average(config.ema_decay, ema, params, count)
        return (params, ema, opt_state), error

    @jax.default_matmul_precision("highest")  # of the optimizer
    def run(
        moving: Moving, errors: jax.Array, epoch: jax.Array, samples: Samples, order: jax.Array, keys: jax.Array,
        first: jax.Array, last: jax.Array,
    ) -> tuple[Moving, jax.Array]:  # fmt: skip
        def one_update(i: jax.Array, carry: tuple[Moving, jax.Array]) -> tuple[Moving, jax.Array]:
            moving, errors = carry
            count = (epoch * updates + i).astype(jnp.float32)
            moving, error = update(samples, moving, order[i], keys[i], count)
            return moving, errors.at[i].set(error)

        (params, ema, opt_state), errors = jax.lax.fori_loop(first, last, one_update, (moving, errors))
        return (params, ema, collected(opt_state, shards)), errors

    return run


def _moving_average(decay: Any, ema: PyTree, params: PyTree, count: Float[Array, ""]) -> PyTree:
    """Return the moving average after an update; the decay grows with the number of updates up to `decay`, or None."""
    if decay is None:
        return params
    rate = jnp.minimum(decay, (1 + count) / (10 + count))
    return jax.tree.map(lambda old, new: rate * old + (1 - rate) * new, ema, params)
