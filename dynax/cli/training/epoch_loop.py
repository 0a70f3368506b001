"""Run the epochs of a training: progress on the console, metrics and checkpoints on disk, stop on a signal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dynax.architectures.description import title
from dynax.cli import console
from dynax.cli.console.progress import Update
from dynax.cli.signals import defer_signals
from dynax.cli.training.checkpoints import naming_last_checkpoint, resuming
from dynax.cli.training.schedule import CheckpointSchedule, Clock
from dynax.cli.training.training_job import TrainingJob
from dynax.runs import arrays
from dynax.runs.history import History
from dynax.training import EpochMetrics, Training
from dynax.training.stages import Stage


def run_epochs(job: TrainingJob, training: Training, history: History, seconds: float = 0.0) -> None:
    """Run all epochs that are left, in pieces. After a signal, save a checkpoint that contains the last piece.

    Args:
        job: the job.
        training: the training.
        history: metrics of the completed epochs.
        seconds: duration of the part of the current epoch that is already done.

    Raises:
        Stopped: after a signal.
        RunError: if the training diverges.
    """
    arrays.prepare()
    schedule = CheckpointSchedule([(job, training)], Clock(seconds), lambda: resuming(job.path))
    with defer_signals() as request, naming_last_checkpoint(job.path):
        while (stage := training.stage) is not None:
            with _progress(job, stage, training.epoch) as update:
                while training.stage is stage:
                    schedule.stop_if_requested(request)
                    _run_piece(training, history, schedule, update)
        training.step()  # logs an early end
        if schedule.changed:
            schedule.save()
        schedule.stop_if_requested(request)


def _run_piece(training: Training, history: History, schedule: CheckpointSchedule, update: Update) -> None:
    """Run a piece of an epoch. After the last one, record the metrics of the epoch."""
    start = time.monotonic()
    metrics = training.advance()
    schedule.changed = True
    if metrics is None:
        schedule.save_in_time(time.monotonic() - start)
        return
    seconds = schedule.clock.lap()
    history.append(metrics_row(metrics, seconds))
    update(metrics.epoch, note_of(metrics, training.train.data.num_transitions / seconds))
    schedule.save_after(metrics.epoch)


def note_of(metrics: EpochMetrics, rate: float) -> str:
    """Return the note of the progress bar after an epoch.

    Args:
        metrics: the metrics of the epoch.
        rate: transitions per second.
    """
    return (
        f"loss {metrics.loss:.1e}, val nRMSE {metrics.val_nrmse:.2g}, VPT(0.1) {metrics.val_valid_time:.2f} s, "
        f"{speed_of(rate)}"
    )


def speed_of(rate: float) -> str:
    """Return a number of transitions per second in words."""
    return f"{rate:,.0f} transitions/s" if rate < 1e4 else f"{rate / 1e3:,.0f}k transitions/s"


def metrics_row(metrics: EpochMetrics, seconds: float) -> dict[str, Any]:
    """Return the line of `metrics.jsonl` for an epoch that took `seconds`."""
    return {
        "epoch": metrics.epoch,
        "loss": metrics.loss,
        "val_nrmse": metrics.val_nrmse,
        "val_valid_time_s": metrics.val_valid_time,
        "time_s": round(seconds, 3),
    }


@contextmanager
def _progress(job: TrainingJob, stage: Stage, done: int) -> Iterator[Update]:
    single = (stage.first, stage.last) == (1, job.settings.total_epochs)
    heading = f"train {title(job.model)}" + ("" if single else f", {stage.name}")
    with console.progress(heading, stage.last, "epochs", done, "compiling; running the first epoch") as update:
        yield update
