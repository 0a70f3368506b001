"""An estimate of the memory of a training, before anything is allocated."""

import math

import jax

from dynax.base import BaseDynamicsModel
from dynax.config.bounds import check_memory
from dynax.config.schema import TrainingConfig
from dynax.runs.saved_model import variables_template

_BYTES = 4  # of a float32
_COPIES = 10  # of the parameters: their gradient, moments, average, best values and checkpoint
_ACTIVATIONS = 4  # stored values per unit of a layer and transition


def check_parameters(model: BaseDynamicsModel, config: TrainingConfig) -> None:
    """Raise UserError if the parameters of a model, or the activations of a batch, do not fit into memory."""
    shapes = [leaf.shape for leaf in jax.tree.leaves(variables_template(model)["params"])]
    parameters = sum(math.prod(shape) for shape in shapes)
    check_memory(
        f"the training of a model with {parameters:,} parameters",
        _COPIES * _BYTES * parameters,
        "decrease the sizes of its layers (model.hidden_dims, width, ...) or model.ensemble_size",
    )
    units = sum(shape[-1] for shape in shapes if len(shape) == 1 + (model.ensemble_size > 1))
    check_memory(
        f"an update with a batch of {config.batch_size:,}",
        _ACTIVATIONS * _BYTES * units * config.batch_size * model.ensemble_size,
        "decrease training.batch_size",
    )
