"""Second-order fine-tuning: few steps on many transitions at once, after first-order training has converged."""

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from dynax.config.schema import TrainingConfig
from dynax.errors import UserError
from dynax.training.lbfgs import lbfgs
from dynax.training.levenberg_marquardt import levenberg_marquardt
from dynax.training.training_set import TrainingSet

MAX_TRANSITIONS = {"levenberg_marquardt": 20_000, "lbfgs": 100_000}  # transitions that each method uses at most
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
    ends = train.random_ends(key, MAX_TRANSITIONS[config.finetune])
    variables = {"params": params, "normalization": train.normalization}
    if config.finetune == "lbfgs":
        return lbfgs(train.model, variables, train.samples, jnp.asarray(ends), config)
    with jax.enable_x64(True):
        return levenberg_marquardt(train.model, variables, train.double_samples(), ends, config)


def check_size(params: PyTree, config: TrainingConfig) -> None:
    """Raise `UserError` if there are too many parameters for the method `config.finetune`."""
    count = sum(x.size for x in jax.tree.leaves(params))
    if config.finetune == "levenberg_marquardt" and count > MAX_PARAMETERS:
        raise UserError(
            f"finetune=levenberg_marquardt supports at most {MAX_PARAMETERS} parameters, but the model has {count}: "
            "use lbfgs or none",
            "finetune",
        )
