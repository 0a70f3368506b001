"""Muon (Jordan et al. 2024): orthogonalized momentum for matrices, AdamW for all other parameters."""

import optax

from dynax.config.schema import TrainingConfig


def optimizer(schedule: optax.Schedule, config: TrainingConfig) -> optax.GradientTransformation:
    """Return Muon with decoupled `training.weight_decay`."""
    return optax.contrib.muon(schedule, weight_decay=config.weight_decay, adam_weight_decay=config.weight_decay)
