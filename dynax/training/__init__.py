"""Training: from trajectories to the parameters of a model.

    Trajectories -> TrainingSet -> Training.step(), one epoch each -> validation -> best parameters

A training has stages (`stages`). Each stage is a number of epochs (`epochs`) that minimize one loss (`losses`). The
optional last stage is second-order fine-tuning (`second_order`).

    fitting                          `train_dynamics_model`: a whole training in one call
    training                         `Training`: the state of a training, one epoch or one piece at a time
    group, group_epoch, placement    several trainings as one program, and their devices
    numbers                          the settings that may differ between them
    stages, epochs                   the stages of a training, and the epochs of first-order updates
    updates                          one update: gradient, optimizer and moving average
    random_key                       the random key of a training, as a checkpoint contains it
    training_set, samples, windows   the data that do not depend on the parameters
    normalization                    mean and standard deviation of features, actions and targets
    losses                           prediction errors, and the losses made from them
    impacts                          transitions near impacts, which can be drawn more often
    epoch_size, optimizers/          sizes of batches and epochs; one file per optimizer
    shards                           gradients of the parts of a batch, on several cores or GPUs
    validation                       open-loop predictions that select the best parameters
    second_order                     second-order fine-tuning
    levenberg_marquardt, lbfgs       its methods
    least_squares, residuals         the least-squares problem of Levenberg-Marquardt, and its residuals
    data_check, init_check           checks of the data and of the initial variables
    memory_check                     an estimate of the memory, before a training begins

Axes: N trajectories, T steps, T1 = T + 1 states, M = N T transitions, W windows, B batch, E ensemble size, h history,
U updates of an epoch, K predicted steps, S state, A action, F features, D target, C = 2 nv + na tangent coordinates,
P parameters.
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
