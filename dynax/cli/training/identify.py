"""`dynax train model=rigid`: system identification instead of training."""

import time

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.cli.resume import overridden_keys
from dynax.cli.training.checkpoints import save
from dynax.cli.training.follow import metrics_row
from dynax.cli.training.job import Job
from dynax.errors import UserError
from dynax.identification import identify_model
from dynax.runs.files import write_json
from dynax.runs.history import FILE, History
from dynax.training import EpochMetrics
from dynax.training.validation import Validation

KEYS = ("training.seed", "training.val_fraction", "training.val_rollouts", "training.resume")


def check_overrides() -> None:
    """Raise `UserError` if the command line sets a training option that identification does not use."""
    for key in overridden_keys():
        if key.startswith("training.") and key not in KEYS:
            raise UserError(
                f"{key} has no effect with model=rigid, whose constants are computed by linear least squares: "
                f"remove it (only {', '.join(KEYS)} apply)"
            )


def identify(job: Job) -> History:
    """Identify the constants, and write `identified.json`, the checkpoint and one line of `metrics.jsonl`."""
    assert isinstance(job.model, RigidDynamicsModel)
    start = time.monotonic()
    train, val = job.read_data()
    found = identify_model(job.model, train, job.training.seed)
    nrmse, valid_time = Validation(job.model, val, job.training.val_rollouts)(found.variables)
    write_json(job.path / "identified.json", found.constants.table())
    history = History(job.path / FILE)
    history.append(metrics_row(EpochMetrics(1, found.loss, nrmse, valid_time), time.monotonic() - start))
    save(job, 1, found.variables, 1, nrmse)  # seals the metrics
    return history
