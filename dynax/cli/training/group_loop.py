"""Run the epochs of several trainings as one program: progress, metrics and checkpoints of each, stop on a signal."""

import time
from collections.abc import Sequence
from functools import partial

from dynax.architectures.description import title
from dynax.cli import console, signals
from dynax.cli.console.progress import Update
from dynax.cli.signals import defer_signals
from dynax.cli.training.begin import Begun
from dynax.cli.training.checkpoints import resuming
from dynax.cli.training.epoch_loop import metrics_row, speed_of
from dynax.cli.training.schedule import CheckpointSchedule, Clock
from dynax.errors import RunError
from dynax.runs import arrays
from dynax.runs.checkpoint import checkpoints
from dynax.training import TrainingGroup


def run_group(jobs: Sequence[Begun]) -> dict[int, RunError]:
    """Run all epochs of the trainings. After a signal, save a checkpoint of each.

    The time of an epoch in `metrics.jsonl` is the time of all its trainings, divided by their number.

    Args:
        jobs: jobs with the same training set, whose configs differ only in the seed and the numbers of the training.

    Returns:
        The errors of the trainings that have diverged, by the number of their job.

    Raises:
        Stopped: after a signal.
    """
    arrays.prepare()
    group = TrainingGroup([begun.training for begun in jobs])
    pairs = [(begun.job, begun.training) for begun in jobs]
    advice = partial(_advice, jobs)
    signals.set_resume_advice(advice)

    def prepare() -> list[int]:
        group.synchronize()
        return [i for i in range(len(jobs)) if i not in group.failures]

    schedule = CheckpointSchedule(pairs, Clock(), advice, prepare)
    models = "1 model" if len(jobs) == 1 else f"{len(jobs)} models"  # the others may have had wrong options
    heading = f"train {models}: {title(jobs[0].job.model)}"
    total = jobs[0].job.settings.total_epochs
    with (
        defer_signals() as request,
        console.progress(heading, total, "epochs", 0, "compiling; running the first epoch") as update,
    ):
        while not group.is_complete:
            schedule.stop_if_requested(request)
            _run_piece(group, jobs, schedule, update)
        for i, begun in enumerate(jobs):
            if i not in group.failures:
                begun.training.step()  # logs an early end
        if schedule.changed:
            schedule.save()
        schedule.stop_if_requested(request)
    return group.failures


def _run_piece(group: TrainingGroup, jobs: Sequence[Begun], schedule: CheckpointSchedule, update: Update) -> None:
    """Run a piece of an epoch. After the last one, record the metrics of the epoch."""
    start = time.monotonic()
    results = group.advance()
    schedule.changed = True
    if not results:
        schedule.save_in_time(time.monotonic() - start)
        return
    seconds = schedule.clock.lap()
    for i, metrics in results.items():
        jobs[i].history.append(metrics_row(metrics, seconds / len(results)))
    best, epoch = max(results, key=lambda i: results[i].val_valid_time), max(m.epoch for m in results.values())
    note = f"longest VPT(0.1) {results[best].val_valid_time:.2f} s in {jobs[best].job.path.name}"
    update(epoch, f"{note}, {speed_of(len(results) * jobs[0].training.train.data.num_transitions / seconds)}")
    schedule.save_after(epoch)


def _advice(jobs: Sequence[Begun]) -> str:
    """Return how to continue the jobs."""
    saved = [begun.job.path for begun in jobs if checkpoints(begun.job.path)]
    if not saved:
        return resuming(jobs[0].job.path)
    names = ", ".join(path.name for path in saved)
    return f"run `dynax train training.resume={saved[0].parent}/<job>` to continue a job of {names}"
