"""The least-squares problem of second-order fine-tuning: the normal equations of the residuals of many predictions.

Axes: V window ends, P parameters, R entries of a residual.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from dynax.training.residuals import Parameters, Residual, residual
from dynax.training.samples import Samples
from dynax.training.training_set import TrainingSet

CHUNK_SIZE = 2_000  # one-step predictions whose Jacobian is in memory at once
MAX_JACOBIAN = 20_000_000  # entries of the Jacobian of several open-loop predictions
MAX_TRANSITIONS = 20_000  # one-step predictions that are fitted
MAX_STEPS = 100_000  # steps of the open-loop predictions that are fitted


class NormalEquations(NamedTuple):
    """Sums over predictions with Jacobian J, residual r and weight w."""

    matrix: Float[Array, "P P"]  # of w J^T J
    slope: Float[Array, " P"]  # of g = w J^T r
    scatter: Float[Array, "P P"]  # of g g^T


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Compiled functions of one problem, which receive the samples, because XLA would spend long on constants."""

    samples: Samples
    chunks: Int[Array, "chunks size"]  # window ends
    entries: int  # R
    _squared: Callable[..., jax.Array]
    _normal_equations: Callable[..., NormalEquations]

    def squared(self, theta: Float[Array, " P"]) -> Float[Array, " V"]:
        """Return the squared error of each prediction, mean over the entries of its residual."""
        return self._squared(theta, self.samples, self.chunks)

    def normal_equations(self, theta: Float[Array, " P"], scale: Float[Array, ""]) -> NormalEquations:
        """Return the normal equations, where the weights are those of the Cauchy loss with the given scale."""
        return self._normal_equations(theta, self.samples, self.chunks, scale)


def problem(train: TrainingSet, samples: Samples, parameters: Parameters, horizon: int, key: jax.Array) -> LeastSquares:
    """Return the problem of one horizon.

    Args:
        train: the training set.
        samples: its transitions in the precision of the problem.
        parameters: the vector that is fitted.
        horizon: number of predicted steps.
        key: random key that selects the windows.
    """
    chosen = residual(train, parameters, horizon)
    if horizon == 1:
        ends, chunk = train.random_ends(key, MAX_TRANSITIONS), CHUNK_SIZE
    else:
        ends = train.spread_ends(key, horizon, max(1, MAX_STEPS // horizon))
        chunk = max(1, MAX_JACOBIAN // (chosen.entries * parameters.start.size))
    chunk = min(chunk, len(ends))
    chunks = jnp.asarray(ends[: len(ends) // chunk * chunk].reshape(-1, chunk))
    return LeastSquares(samples, chunks, chosen.entries, *_compiled(chosen, parameters.start.size))


def _compiled(residual: Residual, size: int) -> tuple[Callable[..., Any], ...]:
    """Return the compiled functions of `LeastSquares`."""
    residuals, linear = jax.vmap(residual.value, (None, None, 0)), jax.vmap(residual.linear, (None, None, 0))

    @jax.jit
    def squared(theta: jax.Array, samples: Samples, chunks: jax.Array) -> jax.Array:
        return jax.lax.map(lambda ends: jnp.mean(residuals(theta, samples, ends) ** 2, axis=-1), chunks).ravel()

    @jax.jit
    def normal_equations(theta: jax.Array, samples: Samples, chunks: jax.Array, scale: jax.Array) -> NormalEquations:
        def add(total: NormalEquations, ends: jax.Array) -> tuple[NormalEquations, None]:
            matrix, r = linear(theta, samples, ends)  # (chunk, R, P) and (chunk, R)
            weighted = matrix / (1 + jnp.mean(r**2, axis=-1) / scale)[:, None, None]
            slopes = jnp.einsum("crp,cr->cp", weighted, r)
            square = weighted.reshape(-1, size).T @ matrix.reshape(-1, size)
            terms = NormalEquations(square, slopes.sum(axis=0), slopes.T @ slopes)
            return jax.tree.map(jnp.add, total, terms), None

        zero = NormalEquations(jnp.zeros((size, size)), jnp.zeros(size), jnp.zeros((size, size)))
        return jax.lax.scan(add, zero, chunks)[0]

    return squared, normal_equations
