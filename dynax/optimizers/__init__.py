"""Optimisers: one short file each, a function `optimizer(schedule, config)` in it, named as in `training.optimizer`."""

import importlib

import optax

from dynax.config import TrainingConfig


def make(config: TrainingConfig, num_steps: int) -> optax.GradientTransformation:
    """The optimiser for a training of `num_steps` updates: clipping, warm-up, cosine, and `config.optimizer`'s rule."""
    warmup = min(config.warmup_steps, num_steps // 10)
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, config.learning_rate, warmup, max(num_steps, 1), config.final_learning_rate
    )
    rule = importlib.import_module(f"dynax.optimizers.{config.optimizer}").optimizer(schedule, config)
    clip = optax.identity() if config.gradient_clip is None else optax.clip_by_global_norm(config.gradient_clip)
    return optax.chain(clip, rule)
