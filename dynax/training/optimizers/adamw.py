"""AdamW (Loshchilov and Hutter 2019)."""

import optax

from dynax.config.schema import TrainingConfig


def optimizer(schedule: optax.Schedule, config: TrainingConfig) -> optax.GradientTransformation:
    """Return Adam with decoupled `training.weight_decay`."""
    return optax.adamw(schedule, weight_decay=config.weight_decay)
