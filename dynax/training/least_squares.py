"""The least-squares problem of second-order fine-tuning: errors of predictions, and the normal equations of their sum.

A problem is defined by its horizon, the number of predicted steps:

- one step: the error of the normalized target;
- several steps: the simulation error, which is the error of the positions along an open-loop prediction, in standard
  deviations of the positions. Velocities do not enter, because those of a log are estimated or noisy. Noise biases
  one-step errors, but hardly simulation errors (Nelles 2020, Nonlinear System Identification, section 1.1.5).

Axes: V window ends, P parameters, K steps, n positions, R entries of a residual.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from dynax.base import BaseDynamicsModel, Variables
from dynax.training.samples import Samples, window
from dynax.training.training_set import TrainingSet

CHUNK_SIZE = 2_000  # one-step predictions whose Jacobian is in memory at once
MAX_JACOBIAN = 20_000_000  # entries of the Jacobian of several open-loop predictions
MAX_TRANSITIONS = 20_000  # one-step predictions that are fitted
MAX_STEPS = 100_000  # steps of the open-loop predictions that are fitted

Residual = Callable[[jax.Array, Samples, jax.Array], jax.Array]  # (theta, samples, window end) -> (R,)


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Compiled functions of one problem, which receive the samples, because XLA would spend long on constants."""

    samples: Samples
    chunks: Int[Array, "chunks size"]  # window ends
    _squared: Callable[..., jax.Array]
    _normal_equations: Callable[..., tuple[jax.Array, jax.Array]]

    def squared(self, theta: Float[Array, " P"]) -> Float[Array, " V"]:
        """Return the squared error of each prediction, mean over the entries of its residual."""
        return self._squared(theta, self.samples, self.chunks)

    def normal_equations(
        self, theta: Float[Array, " P"], scale: Float[Array, ""]
    ) -> tuple[Float[Array, "P P"], Float[Array, " P"]]:
        """Return J^T W J and J^T W r, where W has the weights of the Cauchy loss with the given scale."""
        return self._normal_equations(theta, self.samples, self.chunks, scale)


def problem(
    train: TrainingSet,
    samples: Samples,
    unravel: Callable[[jax.Array], Any],
    normalization: Variables,
    size: int,
    horizon: int,
    key: jax.Array,
) -> LeastSquares:
    """Return the problem of one horizon.

    Args:
        train: the training set.
        samples: its transitions in the precision of the problem.
        unravel: map from the vector of parameters to the parameters.
        normalization: statistics in the precision of the problem.
        size: number of parameters P.
        horizon: predicted steps K.
        key: random key that selects the windows.
    """
    if horizon == 1:
        residual = one_step_residual(train.model, unravel, normalization)
        ends, chunk, jacobian = train.random_ends(key, MAX_TRANSITIONS), CHUNK_SIZE, jax.jacrev
    else:
        residual = simulation_residual(train, unravel, normalization, horizon)
        ends = train.spread_ends(key, horizon, max(1, MAX_STEPS // horizon))
        entries = horizon * len(positions(train.model))
        chunk = max(1, MAX_JACOBIAN // (entries * size))
        jacobian = jax.jacfwd if size <= entries else jax.jacrev
    chunk = min(chunk, len(ends))
    chunks = jnp.asarray(ends[: len(ends) // chunk * chunk].reshape(-1, chunk))
    return LeastSquares(samples, chunks, *_compiled(residual, jacobian, size))


def _compiled(residual: Residual, jacobian: Callable[..., Any], size: int) -> tuple[Callable[..., Any], ...]:
    """Return the compiled functions of `LeastSquares`."""
    residuals = jax.vmap(residual, (None, None, 0))
    jacobians = jax.vmap(jacobian(residual), (None, None, 0))

    @jax.jit
    def squared(theta: jax.Array, samples: Samples, chunks: jax.Array) -> jax.Array:
        return jax.lax.map(lambda ends: jnp.mean(residuals(theta, samples, ends) ** 2, axis=-1), chunks).ravel()

    @jax.jit
    def normal_equations(
        theta: jax.Array, samples: Samples, chunks: jax.Array, scale: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        def add(total: Any, ends: jax.Array) -> tuple[Any, None]:
            r = residuals(theta, samples, ends)
            matrix = jacobians(theta, samples, ends)  # (chunk, R, P)
            weight = 1 / (1 + jnp.mean(r**2, axis=-1) / scale)
            weighted = (matrix * weight[:, None, None]).reshape(-1, size)
            return (total[0] + weighted.T @ matrix.reshape(-1, size), total[1] + weighted.T @ r.ravel()), None

        return jax.lax.scan(add, (jnp.zeros((size, size)), jnp.zeros(size)), chunks)[0]

    return squared, normal_equations


def one_step_residual(
    model: BaseDynamicsModel, unravel: Callable[[jax.Array], Any], normalization: Variables
) -> Residual:
    """Return the function from a window end to the error (D,) of the normalized target."""
    target = normalization["target"]

    def residual(theta: Float[Array, " P"], samples: Samples, end: Int[Array, ""]) -> Float[Array, " D"]:
        rows = end + jnp.arange(1 - model.history, 1)
        variables = {"params": unravel(theta), "normalization": normalization}
        change = model.predict_delta(variables, samples.states[rows][None], samples.actions[rows][None])
        change = change.mean(axis=0)[0]
        last = change[-1] if model.sequence else change
        return (last - target["mean"]) / target["std"] - samples.targets[end]

    return residual


def simulation_residual(
    train: TrainingSet, unravel: Callable[[jax.Array], Any], normalization: Variables, steps: int
) -> Residual:
    """Return the function from a window end to the errors (K n,) of the observed positions after it."""
    model, chosen = train.model, positions(train.model)
    unit = train.state_std[chosen]

    def residual(theta: Float[Array, " P"], samples: Samples, end: Int[Array, ""]) -> Float[Array, " R"]:
        variables = {"params": unravel(theta), "normalization": normalization}
        states, actions, truth = window(model, normalization, samples, end[None], steps)
        predicted = model.simulate(variables, states, actions)[:, 1:]
        return (model.env.space.difference(truth, predicted)[..., chosen] / unit).ravel()

    return residual


def positions(model: BaseDynamicsModel) -> Int[np.ndarray, " n"]:
    """Return the tangent coordinates of the observed positions."""
    return np.flatnonzero(model.observed[: model.env.space.nv])
