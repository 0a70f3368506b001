"""Run the epochs of a training: progress on the console, metrics and checkpoints on disk, stop on a signal."""

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dynax.architectures.description import title
from dynax.cli import console, signals
from dynax.cli.console.progress import Update
from dynax.cli.signals import Request, Stopped, defer_signals
from dynax.cli.training.checkpoints import naming_last_checkpoint, resuming, save_training
from dynax.cli.training.job import Job
from dynax.runs import arrays
from dynax.runs.history import History
from dynax.training import EpochMetrics, Training
from dynax.training.stages import Stage

log = logging.getLogger(__name__)

LONG_PIECE = 3.0  # duration of a piece after which each piece is saved, because the next may be too long for a stop, s


def follow(job: Job, training: Training, history: History, seconds: float = 0.0) -> None:
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
    keeper = _Keeper(job, training, _Clock(seconds))
    with defer_signals() as request, naming_last_checkpoint(job.path):
        while (stage := training.stage) is not None:
            with _progress(job, stage, training.epoch) as update:
                while training.stage is stage:
                    keeper.stop_if_requested(request)
                    _run_piece(training, history, keeper, update)
        training.step()  # logs an early end
        if keeper.changed:
            keeper.save()
        keeper.stop_if_requested(request)


def _run_piece(training: Training, history: History, keeper: "_Keeper", update: Update) -> None:
    """Run a piece of an epoch. After the last one, record the metrics of the epoch."""
    start = time.monotonic()
    metrics = training.advance()
    keeper.changed = True
    if metrics is None:
        keeper.save_in_time(time.monotonic() - start)
        return
    seconds = keeper.clock.lap()
    history.append(metrics_row(metrics, seconds))
    update(metrics.epoch, note_of(metrics, training.train.data.num_transitions / seconds))
    keeper.save_after(metrics.epoch)


def note_of(metrics: EpochMetrics, rate: float) -> str:
    """Return the note of the progress bar after an epoch.

    Args:
        metrics: the metrics of the epoch.
        rate: transitions per second.
    """
    speed = f"{rate:,.0f}" if rate < 1e4 else f"{rate / 1e3:,.0f}k"
    return (
        f"loss {metrics.loss:.1e}, val nRMSE {metrics.val_nrmse:.2g}, VPT(0.1) {metrics.val_valid_time:.2f} s, "
        f"{speed} transitions/s"
    )


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


class _Keeper:
    """Decides when a checkpoint is due, and writes it.

    Args:
        job: the job.
        training: the training.
        clock: duration of the current epoch.
    """

    def __init__(self, job: Job, training: Training, clock: "_Clock"):
        self.clock, self._job, self._training = clock, job, training
        self.changed = False  # whether the training has advanced since the last checkpoint
        self._time = time.monotonic()  # of the last checkpoint

    def save(self) -> None:
        """Write a checkpoint."""
        with signals.saving():
            save_training(self._job, self._training, self.clock.seconds)
        self.changed, self._time = False, time.monotonic()

    def save_after(self, epoch: int) -> None:
        """Write a checkpoint if it is due after an epoch."""
        settings = self._job.training
        if epoch in (1, settings.total_epochs) or epoch % settings.checkpoint_every == 0:
            self.save()
        else:
            self.save_in_time(0.0)

    def save_in_time(self, piece: float) -> None:
        """Write a checkpoint if the last one is too old, or if the last piece took longer than a stop may take.

        Args:
            piece: duration of the last piece, s.
        """
        if time.monotonic() - self._time >= self._job.training.checkpoint_seconds or piece > LONG_PIECE:
            self.save()

    def stop_if_requested(self, request: Request) -> None:
        """Save the training and raise `Stopped` if a signal has arrived."""
        if not request.number:
            return
        signals.acknowledge()
        log.warning("%s received: saving a checkpoint", signal.Signals(request.number).name)
        if self.changed:
            self.save()
        raise Stopped(request.number, f"stopped {self._place()}; {resuming(self._job.path)}")

    def _place(self) -> str:
        epoch = self._training.progress_epoch
        return f"after epoch {self._training.epoch}" if epoch is None else f"in epoch {epoch}"


class _Clock:
    """Measures the durations of epochs.

    Args:
        seconds: duration of the part of the first epoch that is already done.
    """

    def __init__(self, seconds: float):
        self._start = time.monotonic() - seconds

    @property
    def seconds(self) -> float:
        """The seconds since the start of the current epoch."""
        return time.monotonic() - self._start

    def lap(self) -> float:
        """Return the duration of the epoch that ends now."""
        seconds, self._start = self.seconds, time.monotonic()
        return seconds
