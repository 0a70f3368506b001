"""`dynax train model=rigid`: system identification instead of training."""

import time
from collections.abc import Mapping
from typing import Any

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.cli.resume import overridden_keys
from dynax.cli.training.checkpoints import save
from dynax.cli.training.epoch_loop import metrics_row
from dynax.cli.training.training_job import TrainingJob
from dynax.errors import UserError
from dynax.identification import fit_simulations, identify_model
from dynax.runs.files import write_json
from dynax.runs.history import FILE, History
from dynax.training import EpochMetrics
from dynax.training.validation import Validation

KEYS = ("training.seed", "training.val_fraction", "training.val_rollouts", "training.resume")
FINETUNING_KEYS = (
    "training.finetune",
    "training.finetune_steps",
    "training.finetune_horizons",
    "training.loss",
    "training.init",
)
LINEAR = "whose constants are computed by linear least squares"
SIMULATED = "whose constants are fitted to simulation errors"


def check_options(config: Mapping[str, Any]) -> None:
    """Raise `UserError` for options that the chosen kind of identification does not use.

    Args:
        config: the complete resolved config.
    """
    method, model = config["training"]["finetune"], config["model"]
    if method == "lbfgs":
        raise UserError("training.finetune=lbfgs does not support model=rigid: use levenberg_marquardt or none")
    linear = method == "none"
    keys = (*KEYS, FINETUNING_KEYS[0]) if linear else (*KEYS, *FINETUNING_KEYS)
    for key in overridden_keys():
        if key.startswith("training.") and key not in keys:
            raise UserError(
                f"{key} has no effect with model=rigid, {LINEAR if linear else SIMULATED}: "
                f"remove it (only {', '.join(keys)} apply)"
            )
    for name, default in (("friction", False), ("history", 1)):
        if linear and model.get(name, default) != default:
            raise UserError(
                f"model.{name}={model[name]} has no effect with model=rigid, {LINEAR}: remove it, or fit simulation "
                "errors with training=log"
            )


def identify(job: TrainingJob) -> History:
    """Identify the constants, and write `identified.json`, the checkpoint and one line of `metrics.jsonl`."""
    assert isinstance(job.model, RigidDynamicsModel)
    start = time.monotonic()
    train, val = job.read_data()
    if job.settings.finetune == "none":
        found = identify_model(job.model, train, job.settings.seed)
    else:
        found = fit_simulations(job.model, train, job.settings, job.settings.seed, job.init)
    nrmse, valid_time = Validation(job.model, val, job.settings.val_rollouts)(found.variables)
    write_json(job.path / "identified.json", found.constants.table())
    history = History(job.path / FILE)
    history.append(metrics_row(EpochMetrics(1, found.loss, nrmse, valid_time), time.monotonic() - start))
    save(job, 1, found.variables, 1, nrmse)  # seals the metrics
    return history
