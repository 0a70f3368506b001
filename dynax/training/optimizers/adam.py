"""Adam (Kingma and Ba 2015)."""

import optax

from dynax.config.schema import TrainingConfig


def optimizer(schedule: optax.Schedule, config: TrainingConfig) -> optax.GradientTransformation:
    """Adam; `training.weight_decay` joins the gradient, as L2 regularization does."""
    decay = optax.add_decayed_weights(config.weight_decay) if config.weight_decay else optax.identity()
    return optax.chain(decay, optax.adam(schedule))
