"""Several trainings that differ only in numbers, as one program.

The trainings of a group share model, data, batches per epoch and all settings but the seed and `NUMBERS`. Their results
are those of single trainings, up to the rounding of another program.
"""

import logging
from collections.abc import Callable, Sequence

import jax
import numpy as np

from dynax.errors import RunError, UserError
from dynax.training.epochs import Progress, TrainState, finished
from dynax.training.group_epoch import GroupEpoch, GroupProgram
from dynax.training.numbers import different_numbers
from dynax.training.stages import FirstOrder, Stage
from dynax.training.training import EpochMetrics, Training

log = logging.getLogger(__name__)

NO_MEMORY = "RESOURCE_EXHAUSTED"  # in a message of JAX


class TrainingGroup:
    """Trainings that share a program. Each of them has its own state, and may end before the others.

    Second-order fine-tuning follows for one training after the other.

    Args:
        trainings: trainings of one `TrainingSet`, whose settings have the same `shared_settings`.

    Raises:
        UserError: if there is no training, or if the trainings have different training sets or other settings.
    """

    def __init__(self, trainings: Sequence[Training]):
        if not trainings:
            raise UserError("a group needs at least one training")
        if any(training.train is not trainings[0].train for training in trainings):
            raise UserError("the trainings of a group must have the same training set: pass one TrainingSet to all")
        self.trainings = list(trainings)
        self.failures: dict[int, RunError] = {}  # errors of the trainings that have diverged
        self._numbers = different_numbers([training.config for training in trainings])
        self._most = len(trainings)  # trainings that the memory of the device suffices for
        self._epoch: GroupEpoch | None = None  # the epoch that is partly done
        self._programs: dict[tuple[int, int], GroupProgram] = {}  # by the first epoch of the stage, and their number J

    @property
    def is_complete(self) -> bool:
        """Whether each training is complete or has failed."""
        return not self._left()

    @property
    def current(self) -> list[int]:
        """The trainings of the next piece."""
        return self._epoch.members if self._epoch else self._next_members()

    def advance(self) -> dict[int, EpochMetrics]:
        """Run about a second of the next epoch of the trainings that have completed the fewest epochs.

        Returns:
            The metrics of these trainings if the epoch has ended, by number; otherwise nothing. A training that has
            diverged is in `failures` instead.

        Raises:
            UserError: if the device has too little memory for a single training.
        """
        members = self.current
        stage = self.trainings[members[0]].stage
        assert stage is not None, "a complete group cannot advance"
        if not isinstance(stage.method, FirstOrder):
            return self._results(members[:1], lambda i: self.trainings[i].advance())
        try:
            with jax.enable_x64(False):
                self._epoch = self._epoch or self._begin(members, stage)
                self._epoch.run_piece()
        except jax.errors.JaxRuntimeError as error:
            self._split(members, error)
            return {}
        if not self._epoch.is_complete:
            return {}
        ended, self._epoch = self._epoch.results(), None
        return self._results(members, lambda i: self._end(i, *ended[i]))

    def synchronize(self) -> None:
        """Move the position in the current epoch to the trainings, so that they can be saved."""
        for i, (state, position) in (self._epoch.results() if self._epoch else {}).items():
            self.trainings[i].restore(state)
            self.trainings[i].restore_position(position)

    def _left(self) -> list[int]:
        return [i for i, each in enumerate(self.trainings) if each.stage is not None and i not in self.failures]

    def _next_members(self) -> list[int]:
        """Return the trainings of the earliest stage and epoch, as far as the memory suffices."""
        left = self._left()
        place = lambda i: (self.trainings[i].stage.first, self.trainings[i].epoch, self._position(i))  # noqa: E731
        least = min(map(place, left))
        return [i for i in left if place(i) == least][: self._most]

    def _position(self, i: int) -> int:
        progress = self.trainings[i].position
        return int(progress.position) if isinstance(progress, Progress) else 0

    def _begin(self, members: list[int], stage: Stage) -> GroupEpoch:
        """Return the next epoch of the trainings `members`."""
        trainings = [self.trainings[i] for i in members]
        for training in trainings:
            if training.position is None:
                training.begin_stage(stage)
        key = stage.first, len(members)
        if key not in self._programs:  # and free the programs of the previous stage
            self._programs = {other: program for other, program in self._programs.items() if other[0] == stage.first}
            self._programs[key] = GroupProgram(trainings[0], stage, len(members), [*self._numbers])
        program = self._programs[key]
        numbers = {name: values[np.array(members)] for name, values in self._numbers.items()}
        return GroupEpoch(program, members, trainings, numbers)

    def _end(self, i: int, state: TrainState, position: Progress) -> EpochMetrics:
        """Validate a training after an epoch, and return its metrics."""
        training = self.trainings[i]
        assert training.stage is not None
        return training.end_epoch(training.stage, *finished(state, position.errors))

    def _split(self, members: list[int], error: Exception) -> None:
        """Train half as many models at once. The current epoch starts again from the states of the trainings."""
        if NO_MEMORY not in str(error):
            raise error
        if len(members) == 1:
            raise UserError("the device has too little memory for one training: decrease batch_size") from error
        self._most, self._epoch, self._programs = (len(members) + 1) // 2, None, {}
        log.warning("%d models need too much memory: training %d at once", len(members), self._most)

    def _results(self, members: list[int], result: Callable[[int], EpochMetrics | None]) -> dict[int, EpochMetrics]:
        """Return the results of the trainings that have one, and record the errors of the others."""
        metrics = {}
        for i in members:
            try:
                found = result(i)
            except RunError as error:
                self.failures[i] = error
            else:
                if found is not None:
                    metrics[i] = found
        return metrics
