"""Training: from trajectories to the parameters of a model.

    Trajectories -> TrainingSet -> Training.step(), one epoch each -> validation -> best parameters

A training has stages (`stages`). Each stage is a number of epochs (`epochs`) that minimize one loss (`losses`). The
optional last stage is second-order fine-tuning (`second_order`).

Axes: N trajectories, T steps, T1 = T + 1 states, M = N T transitions, W windows, B batch, E ensemble size, h history,
K predicted steps, S state, A action, F features, D target, C = 2 nv + na tangent coordinates, P parameters.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from dynax.training.fitting import train_dynamics_model
    from dynax.training.group import TrainingGroup
    from dynax.training.training import EpochMetrics, Training
    from dynax.training.training_set import TrainingSet

__all__ = ["EpochMetrics", "Training", "TrainingGroup", "TrainingSet", "train_dynamics_model"]

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "fitting": ["train_dynamics_model"],
        "group": ["TrainingGroup"],
        "training": ["EpochMetrics", "Training"],
        "training_set": ["TrainingSet"],
    },
)
