"""Levenberg-Marquardt (Marquardt 1963) with iteratively reweighted least squares for the Cauchy loss.

It is implemented here because of memory: the normal equations are accumulated over chunks of predictions, so that the
Jacobian of all predictions never exists. On typical problems optimistix and jaxopt would need 39 GB instead of 0.6 GB,
and neither supports reweighting.

The parameters can have a Gaussian prior about their initial values, for constants that the data hardly determine. The
squared distance counts as much as the squared error of one prediction, because errors in a prediction are correlated.

With several horizons, the problems are solved one after the other, so that predictions of growing length are fitted.
Each starts from the solution of the problem before.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int32, PyTree, UInt32

from dynax.config.schema import TrainingConfig
from dynax.training import losses
from dynax.training.least_squares import LeastSquares, NormalEquations, problem
from dynax.training.residuals import Parameters
from dynax.training.training_set import TrainingSet

log = logging.getLogger(__name__)

DAMPING_DECREASE, DAMPING_INCREASE = 1 / 5, 6.0  # factors on the damping after a step that lowered the cost, or not
FIRST_DAMPING = 1e-3
MIN_DAMPING, MAX_DAMPING = 1e-12, 1e8  # above the maximum no step lowers the cost
MIN_LOSS = 1e-17  # mean squared error that is zero in the float32 precision of predictions
NO_OUTLIERS = 1e30  # scale of the Cauchy loss at which it equals the mean squared error
LOG_INTERVAL = 20  # steps between log messages


class Progress(NamedTuple):
    """The position between two steps. Its arrays have 32 bits, because other code runs without float64."""

    theta: UInt32[np.ndarray, "P 2"]  # the words of the parameters
    damping: UInt32[np.ndarray, "2"]  # the words of the damping
    step: Int32[np.ndarray, ""]  # number of steps for the current horizon
    horizon: Int32[np.ndarray, ""]  # index of the current horizon


class LevenbergMarquardt:
    """At most `config.finetune_steps` steps for each horizon, in float64; `jax.enable_x64` must be on in each call.

    Args:
        train: the training set.
        free: parameters to start from, or numbers from which they follow.
        config: horizons, number of steps and loss.
        key: random key that selects the predictions.
        to_params: function from these numbers to the parameters.
        precision: precision of the prior of all entries of `free`; zero without a prior.
    """

    def __init__(
        self,
        train: TrainingSet,
        free: PyTree,
        config: TrainingConfig,
        key: jax.Array,
        to_params: Callable[[PyTree], PyTree] = lambda free: free,
        precision: float = 0.0,
    ):
        self._parameters = Parameters.of(_double(free), to_params, _double(train.normalization))
        self._train, self._config, self._key, self._precision = train, config, key, precision
        self._samples = train.double_samples()
        self._current: tuple[int, LeastSquares] | None = None

    def start(self) -> Progress:
        """Return the position before the first step."""
        return Progress(
            _words(self._parameters.start), _words(FIRST_DAMPING), np.array(0, np.int32), np.array(0, np.int32)
        )

    def steps(self, progress: Progress) -> Iterator[Progress]:
        """Take the steps that are left. Yield the position after each step, and the old one during a step."""
        last = len(self._config.finetune_horizons) - 1
        while True:
            for progress in self._steps_of_horizon(progress):  # noqa: B020
                yield progress
            if progress.horizon == last:
                return
            following = np.array(progress.horizon + 1, np.int32)
            progress = Progress(progress.theta, _words(FIRST_DAMPING), np.array(0, np.int32), following)
            yield progress

    def _steps_of_horizon(self, progress: Progress) -> Iterator[Progress]:
        """Take the steps that are left of the current horizon."""
        problem, most = self._problem(int(progress.horizon)), self._config.finetune_steps
        theta, damping = jnp.asarray(_doubles(progress.theta)), float(_doubles(progress.damping))
        errors = problem.squared(theta)
        for step in range(int(progress.step), most):
            if jnp.mean(errors) < MIN_LOSS:
                break
            scale = self._scale(errors)
            matrix, slope, _ = problem.normal_equations(theta, scale)
            loss = losses.cauchy(errors, scale)
            prior = problem.entries * scale * loss * self._precision
            matrix, slope = matrix + prior * jnp.eye(theta.size), slope + prior * (theta - self._parameters.start)
            cost = loss * (1 + self._distance(theta) / errors.size)
            diagonal = jnp.diag(matrix) + 1e-12 * jnp.diag(matrix).max()
            accepted = False
            while not accepted and damping < MAX_DAMPING:
                yield progress  # the caller may stop within a step, which is then taken again
                trial = theta - jnp.linalg.solve(matrix + damping * jnp.diag(diagonal), slope)
                trial_errors = problem.squared(trial)
                trial_cost = losses.cauchy(trial_errors, scale) + loss * self._distance(trial) / errors.size
                accepted = bool(trial_cost < cost)
                if accepted:
                    theta, errors, damping = trial, trial_errors, max(damping * DAMPING_DECREASE, MIN_DAMPING)
                else:
                    damping *= DAMPING_INCREASE
            # Without an accepted step, no further step lowers the cost.
            done = np.array(step + 1 if accepted else most, np.int32)
            progress = Progress(_words(theta), _words(damping), done, progress.horizon)
            yield progress
            if not accepted:
                break
            self._log(int(progress.horizon), step, errors)

    def result(self, progress: Progress) -> tuple[PyTree, float]:
        """Return the parameters, float32, and their mean squared error on the predictions of the last horizon."""
        theta = jnp.asarray(_doubles(progress.theta))
        single = jax.tree.map(lambda x: np.asarray(x, np.float32), self._parameters.variables(theta)["params"])
        return single, float(jnp.mean(self._problem(int(progress.horizon)).squared(theta)))

    def normal_equations(self, progress: Progress) -> tuple[Float[Array, " P"], NormalEquations]:
        """Return the vector of free parameters, and its normal equations for the last horizon."""
        theta, problem = jnp.asarray(_doubles(progress.theta)), self._problem(int(progress.horizon))
        return theta, problem.normal_equations(theta, self._scale(problem.squared(theta)))

    def _distance(self, theta: jax.Array) -> jax.Array:
        """Return the squared distance from the initial values, in standard deviations of the prior."""
        return self._precision * jnp.sum((theta - self._parameters.start) ** 2)

    def _scale(self, errors: jax.Array) -> jax.Array:
        """Return the scale of the loss."""
        return losses.outlier_scale(errors, 1e-30) if self._config.loss == "cauchy" else jnp.float64(NO_OUTLIERS)

    def _problem(self, index: int) -> LeastSquares:
        """Return the problem of a horizon, which is compiled at the first call."""
        if self._current is None or self._current[0] != index:
            self._current = None  # frees the programs of the previous horizon before others are compiled
            horizon = self._config.finetune_horizons[index]
            self._current = index, problem(self._train, self._samples, self._parameters, horizon, self._key)
        return self._current[1]

    def _log(self, index: int, step: int, errors: jax.Array) -> None:
        if step % LOG_INTERVAL == 0:
            steps, loss, horizon = self._config.finetune_steps, jnp.mean(errors), self._config.finetune_horizons[index]
            message = "second-order fine-tuning on predictions of %d steps: step %d of at most %d, loss %.1e"
            log.info(message, horizon, step, steps, loss)


def _words(value: Any) -> UInt32[np.ndarray, "... 2"]:
    """Return float64 numbers as pairs of 32-bit words."""
    return np.asarray(value, np.float64)[..., None].view(np.uint32)


def _doubles(words: Any) -> Any:
    """Return the float64 numbers of pairs of 32-bit words."""
    return np.ascontiguousarray(np.asarray(words)).view(np.float64)[..., 0]


def _double(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), tree)
