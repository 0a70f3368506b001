"""The end of `dynax train`: the loss curve, a table on the console, and `summary.json`."""

import logging
import time
from collections.abc import Mapping
from typing import Any

import jax

from dynax.architectures.description import prior_knowledge, title
from dynax.cli import console
from dynax.cli.training.training_job import TrainingJob
from dynax.evaluation import plots
from dynax.evaluation.ensembles import calibrate
from dynax.runs.history import History
from dynax.runs.summary import write_summary
from dynax.trained import load

log = logging.getLogger(__name__)


def finish(job: TrainingJob, history: History, start: float) -> None:
    """Write the loss curve and the summary of a finished training, and print a table.

    Args:
        job: the job.
        history: metrics of all epochs.
        start: time at which the command started, as `time.monotonic()` returns it.
    """
    plots.loss_curve(job.path / "loss.png", history.rows, title(job.model))
    trained = load(job.path)
    if job.model.ensemble_size > 1:
        log.info("calibrating the uncertainty of the ensemble on the validation trajectories")
        calibrate(trained, job.read_data()[1]).save(job.path)
    best = next(row for row in history.rows if row["epoch"] == trained.info["best_epoch"])
    parameters = sum(x.size for x in jax.tree.leaves(trained.params["params"]))
    seconds = sum(row["time_s"] for row in history.rows)
    _print(job, history, best, parameters, seconds)
    log.info("evaluate the model with: dynax eval run=%s", job.path)
    write_summary(
        job.path,
        "train",
        {
            "env": job.model.env.name,
            "model": job.config["model"]["architecture"],
            "dataset": str(job.dataset.path),
            "dataset_sha256": job.dataset.sha256,
            "backend": job.dataset.manifest["backend"],
            "training_seed": job.settings.seed,
            "model_warnings": list(job.model.env.warnings),
            "given": list(prior_knowledge(job.model)),
            "parameters": parameters,
            "transitions": job.dataset.num_transitions,
            "epochs": len(history.rows),
            "best_epoch": best["epoch"],
            "best_loss": best["loss"],
            "best_val_nrmse": best["val_nrmse"],
            "best_val_valid_time_s": best["val_valid_time_s"],
            "training_time_s": seconds,
            "wall_time_s": time.monotonic() - start,
        },
    )


def _print(job: TrainingJob, history: History, best: Mapping[str, Any], parameters: int, seconds: float) -> None:
    """Print a table of the training and of its best epoch."""
    rollout_length, data = job.dataset.manifest["rollout_length"], job.dataset.num_transitions
    console.facts(
        f"Trained: {title(job.model)}",
        [
            ("prior knowledge", "; ".join(prior_knowledge(job.model)) or "none"),
            ("parameters", f"{parameters:,}"),
            ("transitions", f"{data:,}, of which {job.settings.val_fraction:.0%} for validation"),
            ("epochs", f"{len(history.rows)} in {console.duration(seconds)}; best: {best['epoch']}"),
            ("one-step loss", f"{best['loss']:.2e} of the target's variance"),
            ("validation nRMSE", f"{best['val_nrmse']:.3g}, open loop, geometric mean over {rollout_length} steps"),
            ("validation VPT(0.1)", f"{best['val_valid_time_s']:.2f} s"),
        ],
    )
