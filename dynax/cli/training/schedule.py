"""When checkpoints are due, and how a training stops after a signal."""

import logging
import signal
import time
from collections.abc import Callable, Sequence

from dynax.cli import signals
from dynax.cli.signals import Request, Stopped
from dynax.cli.training.checkpoints import save_training
from dynax.cli.training.training_job import TrainingJob
from dynax.training import Training

log = logging.getLogger(__name__)

LONG_PIECE = 3.0  # duration of a piece after which each piece is saved, because the next may be too long for a stop, s


class CheckpointSchedule:
    """Writes checkpoints after epochs, and by time.

    Args:
        jobs: the jobs and their trainings, which have the same settings of checkpoints.
        clock: duration of the current epoch.
        advice: a function that returns how to continue, for the message of a stop.
        prepare: a function that is called before the trainings are saved, and returns the numbers of those to save; by
            default all.
    """

    def __init__(
        self,
        jobs: list[tuple[TrainingJob, Training]],
        clock: "Clock",
        advice: Callable[[], str],
        prepare: Callable[[], Sequence[int]] | None = None,
    ):
        self.clock, self._jobs, self._advice, self._prepare = clock, jobs, advice, prepare
        self.changed = False  # whether the trainings have advanced since the last checkpoint
        self._time = time.monotonic()  # of the last checkpoint

    def save(self) -> None:
        """Write a checkpoint of each training."""
        numbers = range(len(self._jobs)) if self._prepare is None else self._prepare()
        with signals.longer_deadline(len(numbers)):
            for job, training in (self._jobs[i] for i in numbers):
                save_training(job, training, self.clock.seconds)
        self.changed, self._time = False, time.monotonic()

    def save_after(self, epoch: int) -> None:
        """Write checkpoints if they are due after an epoch."""
        settings = self._jobs[0][0].settings
        if epoch in (1, settings.total_epochs) or epoch % settings.checkpoint_every == 0:
            self.save()
        else:
            self.save_in_time(0.0)

    def save_in_time(self, piece: float) -> None:
        """Write checkpoints if the last ones are too old, or if the last piece took longer than a stop may take.

        Args:
            piece: duration of the last piece, s.
        """
        if time.monotonic() - self._time >= self._jobs[0][0].settings.checkpoint_seconds or piece > LONG_PIECE:
            self.save()

    def stop_if_requested(self, request: Request) -> None:
        """Save the trainings and raise `Stopped` if a signal has arrived."""
        if not request.number:
            return
        signals.acknowledge()
        each = " of each model" if len(self._jobs) > 1 else ""
        log.warning("%s received: saving a checkpoint%s", signal.Signals(request.number).name, each)
        if self.changed:
            self.save()
        training = self._jobs[0][1]
        epoch = training.current_epoch
        place = f"after epoch {training.epoch}" if epoch is None else f"in epoch {epoch}"
        raise Stopped(request.number, f"stopped {place}; {self._advice()}")


class Clock:
    """Measures the durations of epochs.

    Args:
        seconds: duration of the part of the first epoch that is already done.
    """

    def __init__(self, seconds: float = 0.0):
        self._start = time.monotonic() - seconds

    @property
    def seconds(self) -> float:
        """The seconds since the start of the current epoch."""
        return time.monotonic() - self._start

    def lap(self) -> float:
        """Return the duration of the epoch that ends now."""
        seconds, self._start = self.seconds, time.monotonic()
        return seconds
