"""Optimizers: one file each, with a function `optimizer(schedule, config)`, selected by `training.optimizer`."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import PyTree

from dynax.config.registries import OPTIMIZERS
from dynax.config.schema import TrainingConfig
from dynax.training.optimizers.divided import divided
from dynax.training.shards import Shards

COSTLY = ("muon", "soap")  # optimizers that multiply matrices of parameters


def make(
    config: TrainingConfig, num_steps: int, ensemble_size: int = 1, shards: Shards | None = None
) -> optax.GradientTransformation:
    """Return the optimizer of a training: gradient clipping and an update rule with its learning rate schedule.

    The learning rate rises linearly and then falls as a cosine.

    Args:
        config: update rule, learning rates, warm-up, clipping.
        num_steps: updates that the schedule lasts.
        ensemble_size: size of the first axis of every parameter if above 1; each member is optimized separately.
        shards: the shards of a batch, among which the work of a costly rule is divided; by default one.
    """
    warmup = min(config.warmup_steps, num_steps // 10)
    peak, decay_steps = config.learning_rate, max(num_steps, 1) - warmup
    cosine = optax.cosine_decay_schedule(peak, decay_steps, config.final_learning_rate / peak)
    schedule = optax.join_schedules([optax.linear_schedule(0.0, peak, warmup), cosine], [warmup])
    clip = optax.identity() if config.gradient_clip is None else optax.clip_by_global_norm(config.gradient_clip)
    rule = OPTIMIZERS.get(config.optimizer, "training.optimizer")(schedule, config)
    chain = optax.chain(clip, divided(rule, shards) if shards and config.optimizer in COSTLY else rule)
    return chain if ensemble_size == 1 else _per_member(chain, ensemble_size)


def _per_member(optimizer: optax.GradientTransformation, ensemble_size: int) -> optax.GradientTransformation:
    """Apply `optimizer` to each ensemble member separately.

    Stacked parameters have one more axis, and SOAP and Muon treat matrices and 3-D arrays differently. `jax.vmap` would
    evaluate both branches of SOAP's `lax.cond`, and thereby a QR decomposition, at every update.
    """

    def members(tree: PyTree) -> list[PyTree]:
        return [jax.tree.map(lambda x, i=i: x[i], tree) for i in range(ensemble_size)]

    def init(params: PyTree) -> tuple[Any, ...]:
        return tuple(optimizer.init(member) for member in members(params))

    def update(updates: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, Any]:
        pairs = [optimizer.update(*each) for each in zip(members(updates), state, members(params), strict=True)]
        changes, state = zip(*pairs, strict=True)
        return jax.tree.map(lambda *each: jnp.stack(each), *changes), state

    return optax.GradientTransformation(init, update)
