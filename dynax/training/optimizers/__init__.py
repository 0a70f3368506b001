"""Optimizers: one short file each, a function `optimizer(schedule, config)` in it, named as in `training.optimizer`."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from dynax.config.registry import OPTIMIZERS
from dynax.config.schema import TrainingConfig


def make(config: TrainingConfig, num_steps: int, ensemble_size: int = 1) -> optax.GradientTransformation:
    """The optimizer for a training of `num_steps` updates: clipping, warm-up, cosine, and `config.optimizer`'s rule.

    With several `ensemble_size` every parameter has a leading axis of them, and each member is optimized by itself.
    """
    warmup = min(config.warmup_steps, num_steps // 10)
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, config.learning_rate, warmup, max(num_steps, 1), config.final_learning_rate
    )
    rule = OPTIMIZERS.get(config.optimizer, "training.optimizer")(schedule, config)
    clip = optax.identity() if config.gradient_clip is None else optax.clip_by_global_norm(config.gradient_clip)
    chain = optax.chain(clip, rule)
    return chain if ensemble_size == 1 else _each(chain, ensemble_size)


def _each(optimizer: optax.GradientTransformation, ensemble_size: int) -> optax.GradientTransformation:
    """`optimizer` for each member of an ensemble, one after the other: a matrix of one is no tensor of all."""

    def apart(tree: Any) -> list[Any]:
        return [jax.tree.map(lambda x, i=i: x[i], tree) for i in range(ensemble_size)]

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        pairs = [optimizer.update(*each) for each in zip(apart(updates), state, apart(params), strict=True)]
        changes, state = zip(*pairs, strict=True)
        return jax.tree.map(lambda *each: jnp.stack(each), *changes), state

    return optax.GradientTransformation(lambda params: tuple(optimizer.init(p) for p in apart(params)), update)
