"""Adam (Kingma and Ba 2015)."""

import optax

from dynax.config.schema import TrainingConfig


def optimizer(schedule: optax.Schedule, config: TrainingConfig) -> optax.GradientTransformation:
    """Return Adam; `training.weight_decay` is added to the gradient, which is L2 regularization."""
    return optax.chain(optax.add_decayed_weights(config.weight_decay), optax.adam(schedule))
