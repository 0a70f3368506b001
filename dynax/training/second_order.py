"""Second-order fine-tuning: few steps on many transitions at once, after first-order training has converged."""

import contextlib
from collections.abc import Iterator
from functools import partial, reduce
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from dynax.config.schema import TrainingConfig
from dynax.errors import UserError
from dynax.training.epochs import TrainState
from dynax.training.lbfgs import LBFGS
from dynax.training.levenberg_marquardt import LevenbergMarquardt
from dynax.training.training_set import TrainingSet

MAX_TRANSITIONS = 100_000  # transitions that L-BFGS uses at most
MAX_PARAMETERS = 4_000  # parameters that Levenberg-Marquardt, which solves a dense system, accepts


def finetune(train: TrainingSet, params: PyTree, config: TrainingConfig, key: jax.Array) -> tuple[PyTree, float]:
    """Improve parameters by `config.finetune_steps` steps of the method `config.finetune`.

    Args:
        train: the training set.
        params: parameters to start from.
        config: method, number of steps and loss.
        key: random key that selects the transitions.

    Returns:
        params: the parameters, float32.
        loss: their mean squared error on the selected transitions, in units of the target's variance.
    """
    method, precision = _method(train, params, config, key)
    with precision():
        start = method.start()
        return method.result(reduce(lambda _, progress: progress, method.steps(start), start))


class Finetuning:
    """The only epoch of the stage: each step is a piece. It starts from the best parameters so far.

    Args:
        train: the training set.
        config: method, number of steps and loss.
    """

    def __init__(self, train: TrainingSet, config: TrainingConfig):
        self._train, self._config = train, config
        self._prepared: Any = None

    def start(self, state: TrainState) -> Any:
        """Return the position before the first step."""
        method, precision = self._method(state)
        with precision():
            return method.start()

    def pieces(self, state: TrainState, progress: Any) -> Iterator[tuple[TrainState, Any]]:
        """Take the steps that are left. Yield the state, which does not change, and the position."""
        method, precision = self._method(state)
        steps = method.steps(progress)
        while True:
            with precision():  # not while the caller saves a checkpoint
                progress = next(steps, None)
            if progress is None:
                return
            yield state, progress

    def least_loss(self, progress: Any) -> float:
        """Return zero: no step raises the error."""
        return 0.0

    def finish(self, state: TrainState, progress: Any) -> tuple[TrainState, jax.Array]:
        """Return the state with the fine-tuned parameters, and their mean squared error."""
        method, precision = self._method(state)
        with precision():
            params, loss = method.result(progress)
        self._prepared = None
        return state.replace(params=params, ema=params, epoch=state.epoch + 1), jnp.float32(loss)

    def _method(self, state: TrainState) -> Any:
        """Return the method on the transitions that it fits, and its precision; prepare both at the first call."""
        if self._prepared is None:
            self._prepared = _method(self._train, state.best, self._config, state.key)
        return self._prepared


def _method(train: TrainingSet, params: PyTree, config: TrainingConfig, key: jax.Array) -> Any:
    """Return the method on the transitions that it fits, and a context with its precision."""
    if config.finetune == "lbfgs":
        ends = jnp.asarray(train.random_ends(key, MAX_TRANSITIONS))
        variables = {"params": params, "normalization": train.normalization}
        return LBFGS(train.model, variables, train.samples, ends, config), contextlib.nullcontext
    precision = partial(jax.enable_x64, True)
    with precision():
        return LevenbergMarquardt(train, params, config, key), precision


def check_size(params: PyTree, config: TrainingConfig) -> None:
    """Raise `UserError` if there are too many parameters for the method `config.finetune`."""
    count = sum(x.size for x in jax.tree.leaves(params))
    if config.finetune == "levenberg_marquardt" and count > MAX_PARAMETERS:
        remedy = "use lbfgs or none"
        if max(config.finetune_horizons) > 1:
            remedy = "use none with unroll_epochs=5, which also fits open-loop predictions, or a smaller network"
        raise UserError(
            f"finetune=levenberg_marquardt supports at most {MAX_PARAMETERS} parameters, but the model has {count}: "
            f"{remedy}",
            "finetune",
        )
