"""Levenberg-Marquardt (Marquardt 1963) with iteratively reweighted least squares for the Cauchy loss.

It is implemented here because of memory: the normal equations are accumulated over chunks of transitions, so that the
Jacobian of all transitions never exists. On typical problems optimistix and jaxopt would need 39 GB instead of 0.6 GB,
and neither supports reweighting.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, Int32, PyTree, UInt32

from dynax.base import BaseDynamicsModel, Variables
from dynax.config.schema import TrainingConfig
from dynax.training import losses
from dynax.training.samples import Samples

log = logging.getLogger(__name__)

CHUNK_SIZE = 2_000  # transitions whose Jacobian is in memory at once
DAMPING_DECREASE, DAMPING_INCREASE = 1 / 5, 6.0  # factors on the damping after a step that lowered the cost, or not
MIN_DAMPING, MAX_DAMPING = 1e-12, 1e8  # above the maximum no step lowers the cost
MIN_LOSS = 1e-17  # mean squared error that is zero in the float32 precision of predictions
NO_OUTLIERS = 1e30  # scale of the Cauchy loss at which it equals the mean squared error
LOG_INTERVAL = 20  # steps between log messages

# (theta, samples, chunks) -> squared errors (V,)
SquaredErrors = Callable[[jax.Array, Samples, jax.Array], jax.Array]
# (theta, samples, chunks, scale) -> J^T W J (P, P), J^T W r (P,)
NormalEquations = Callable[[jax.Array, Samples, jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


class Progress(NamedTuple):
    """The position between two steps. Its arrays have 32 bits, because other code runs without float64."""

    theta: UInt32[np.ndarray, "P 2"]  # the words of the parameters
    damping: UInt32[np.ndarray, "2"]  # the words of the damping
    step: Int32[np.ndarray, ""]  # number of steps
    ended: Int32[np.ndarray, ""]  # 1 if no further step lowers the cost, otherwise 0


class LevenbergMarquardt:
    """At most `config.finetune_steps` steps in float64; `jax.enable_x64` must be on during each call.

    Args:
        model: the model.
        variables: variables to start from.
        samples: transitions in float64.
        ends: transitions to fit; a remainder that does not fill a chunk is omitted.
        config: number of steps and loss.
    """

    def __init__(
        self, model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: Int[np.ndarray, " V"],
        config: TrainingConfig,
    ):  # fmt: skip
        self._theta, self._unravel = ravel_pytree(_double(variables["params"]))
        self._squared, self._normal_equations = _problem(model, self._unravel, _double(variables["normalization"]))
        chunk = min(CHUNK_SIZE, len(ends))
        self._samples, self._chunks = samples, jnp.asarray(ends[: len(ends) // chunk * chunk].reshape(-1, chunk))
        self._config = config

    def start(self) -> Progress:
        """Return the position before the first step."""
        return Progress(_words(self._theta), _words(1e-3), np.array(0, np.int32), np.array(0, np.int32))

    def steps(self, progress: Progress) -> Iterator[Progress]:
        """Take the steps that are left. Yield the position after each step, and the old one during a step."""
        theta, damping = jnp.asarray(_doubles(progress.theta)), float(_doubles(progress.damping))
        errors = self._errors(theta)
        for step in range(int(progress.step), 0 if progress.ended else self._config.finetune_steps):
            if jnp.mean(errors) < MIN_LOSS:
                break
            scale = losses.outlier_scale(errors, 1e-30) if self._config.loss == "cauchy" else jnp.float64(NO_OUTLIERS)
            matrix, slope = self._normal_equations(theta, self._samples, self._chunks, scale)
            cost = losses.cauchy(errors, scale)
            diagonal = jnp.diag(matrix) + 1e-12 * jnp.diag(matrix).max()
            accepted = False
            while not accepted and damping < MAX_DAMPING:
                yield progress  # the caller may stop within a step, which is then taken again
                trial = theta - jnp.linalg.solve(matrix + damping * jnp.diag(diagonal), slope)
                trial_errors = self._errors(trial)
                accepted = bool(losses.cauchy(trial_errors, scale) < cost)
                if accepted:
                    theta, errors, damping = trial, trial_errors, max(damping * DAMPING_DECREASE, MIN_DAMPING)
                else:
                    damping *= DAMPING_INCREASE
            done = np.array(step + 1, np.int32)
            progress = Progress(_words(theta), _words(damping), done, np.array(not accepted, np.int32))
            yield progress
            if not accepted:
                break
            self._log(step, errors)

    def result(self, progress: Progress) -> tuple[PyTree, float]:
        """Return the parameters, float32, and their mean squared error on the fitted transitions."""
        theta = jnp.asarray(_doubles(progress.theta))
        single = jax.tree.map(lambda x: np.asarray(x, np.float32), self._unravel(theta))
        return single, float(jnp.mean(self._errors(theta)))

    def _errors(self, theta: jax.Array) -> jax.Array:
        return self._squared(theta, self._samples, self._chunks)

    def _log(self, step: int, errors: jax.Array) -> None:
        if step % LOG_INTERVAL == 0:
            steps, loss = self._config.finetune_steps, jnp.mean(errors)
            log.info("second-order fine-tuning: step %d of at most %d, loss %.1e", step, steps, loss)


def _words(value: Any) -> UInt32[np.ndarray, "... 2"]:
    """Return float64 numbers as pairs of 32-bit words."""
    return np.asarray(value, np.float64)[..., None].view(np.uint32)


def _doubles(words: Any) -> Any:
    """Return the float64 numbers of pairs of 32-bit words."""
    return np.ascontiguousarray(np.asarray(words)).view(np.float64)[..., 0]


def _double(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), tree)


def _problem(
    model: BaseDynamicsModel, unravel: Callable[[jax.Array], Any], normalization: Variables
) -> tuple[SquaredErrors, NormalEquations]:
    """Return the squared errors and the normal equations as compiled functions.

    The samples are arguments of both, because XLA would spend long on folding constants.
    """
    residual = _residual(model, unravel, normalization)
    residuals = jax.vmap(residual, (None, None, 0))
    jacobians = jax.vmap(jax.jacrev(residual), (None, None, 0))

    @jax.jit
    def squared(theta: jax.Array, samples: Samples, chunks: jax.Array) -> jax.Array:
        return jax.lax.map(lambda ends: jnp.mean(residuals(theta, samples, ends) ** 2, axis=-1), chunks).ravel()

    @jax.jit
    def normal_equations(
        theta: jax.Array, samples: Samples, chunks: jax.Array, scale: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        def add(total: Any, ends: jax.Array) -> tuple[Any, None]:
            r = residuals(theta, samples, ends)
            jacobian = jacobians(theta, samples, ends)  # (chunk, D, P)
            weight = 1 / (1 + jnp.mean(r**2, axis=-1) / scale)
            weighted = (jacobian * weight[:, None, None]).reshape(-1, theta.size)
            return (total[0] + weighted.T @ jacobian.reshape(-1, theta.size), total[1] + weighted.T @ r.ravel()), None

        zero = jnp.zeros((theta.size, theta.size)), jnp.zeros(theta.size)
        return jax.lax.scan(add, zero, chunks)[0]

    return squared, normal_equations


def _residual(
    model: BaseDynamicsModel, unravel: Callable[[jax.Array], Any], normalization: Variables
) -> Callable[[jax.Array, Samples, jax.Array], jax.Array]:
    """Return the normalized error (D,) of one prediction, as a function of parameters, samples and window end."""
    target = normalization["target"]

    def residual(theta: Float[Array, " P"], samples: Samples, end: Int[Array, ""]) -> Float[Array, " D"]:
        rows = end + jnp.arange(1 - model.history, 1)
        variables = {"params": unravel(theta), "normalization": normalization}
        change = model.predict_delta(variables, samples.states[rows][None], samples.actions[rows][None])
        change = change.mean(axis=0)[0]
        last = change[-1] if model.sequence else change
        return (last - target["mean"]) / target["std"] - samples.targets[end]

    return residual
