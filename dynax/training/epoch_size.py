"""Sizes of batches and epochs, and the optimizer whose schedule depends on them."""

from dataclasses import dataclass

import numpy as np
import optax
from jaxtyping import Int

from dynax.base import BaseDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.training import optimizers
from dynax.training.shards import Shards
from dynax.training.training_set import TrainingSet


@dataclass(frozen=True, eq=False)
class EpochSize:
    """The windows of an epoch."""

    ends: Int[np.ndarray, " W"]  # index of the last transition of each window, before its predictions
    batch: int  # windows per update
    updates: int  # updates per epoch


def epoch_size(model: BaseDynamicsModel, config: TrainingConfig, num_windows: int) -> tuple[int, int]:
    """Return the windows per update and the updates per epoch.

    An epoch uses every transition about once. A sequence model learns from all h transitions of a window, so that
    `config.batch_size` transitions are fewer windows.
    """
    transitions = model.history if model.sequence else 1
    windows = max(1, min(config.batch_size // transitions, num_windows))
    return windows, max(1, num_windows // (windows * transitions))


def optimizer_for(
    train: TrainingSet, config: TrainingConfig, shards: Shards | None = None
) -> optax.GradientTransformation:
    """Return the optimizer of one-step training, with a schedule over all of its epochs.

    Args:
        train: the training set.
        config: the settings.
        shards: the shards of a batch; by default those of this machine.
    """
    model = train.model
    windows, updates = epoch_size(model, config, len(train.data) * (train.steps - model.history + 1))
    shards = shards or Shards.of(config.shards, windows)
    return optimizers.make(config, config.num_epochs * updates, model.ensemble_size, shards)
