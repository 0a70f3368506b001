"""Run the epochs of a training: progress on the console, metrics and checkpoints on disk, stop on a signal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dynax.architectures.description import title
from dynax.cli import console
from dynax.cli.console.progress import Update
from dynax.cli.signals import Request, Stopped, defer_signals
from dynax.cli.training.checkpoints import naming_last_checkpoint, save_training
from dynax.cli.training.job import Job
from dynax.runs.history import History
from dynax.training import EpochMetrics, Training
from dynax.training.stages import Stage


def follow(job: Job, training: Training, history: History) -> None:
    """Run all epochs that are left. After a signal, finish the current epoch and save a checkpoint.

    Raises:
        Stopped: after a signal.
        RunError: if the training diverges.
    """
    saved, clock = training.epoch, _Clock()
    with defer_signals() as request, naming_last_checkpoint(job.path):
        while (stage := training.stage) is not None:
            with _progress(job, stage, training.epoch) as update:
                while training.stage is stage:
                    epoch = _run_epoch(training, history, clock, update)
                    if request.number or _is_due(job, epoch):
                        save_training(job, training)
                        saved = epoch
                    _raise_if_stopped(job, request, epoch)
        training.step()  # logs an early end
        if saved < training.epoch:
            save_training(job, training)
            _raise_if_stopped(job, request, training.epoch)


def _run_epoch(training: Training, history: History, clock: "_Clock", update: Update) -> int:
    """Run one epoch, record its metrics, and return its number."""
    metrics = training.step()
    assert metrics is not None
    seconds = clock.lap()
    history.append(metrics_row(metrics, seconds))
    rate = training.train.data.num_transitions / seconds
    update(
        metrics.epoch,
        f"loss {metrics.loss:.1e}, val nRMSE {metrics.val_nrmse:.2g}, VPT(0.1) {metrics.val_valid_time:.2f} s, "
        f"{rate / 1e3:,.0f}k steps/s",
    )
    return metrics.epoch


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
def _progress(job: Job, stage: Stage, done: int) -> Iterator[Update]:
    single = (stage.first, stage.last) == (1, job.training.total_epochs)
    heading = f"train {title(job.model)}" + ("" if single else f", {stage.name}")
    with console.progress(heading, stage.last, "epochs", done, "compiling; running the first epoch") as update:
        yield update


def _is_due(job: Job, epoch: int) -> bool:
    """Return whether a checkpoint follows this epoch."""
    return epoch in (1, job.training.total_epochs) or epoch % job.training.checkpoint_every == 0


def _raise_if_stopped(job: Job, request: Request, epoch: int) -> None:
    if request.number:
        advice = f"run `dynax train training.resume={job.path}` to continue"
        raise Stopped(request.number, f"stopped after epoch {epoch}; {advice}")


class _Clock:
    """Measures the time between laps."""

    def __init__(self):
        self._start = time.monotonic()

    def lap(self) -> float:
        """Return the seconds since the previous lap."""
        start, self._start = self._start, time.monotonic()
        return self._start - start
