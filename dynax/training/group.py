"""Several trainings that differ only in numbers, as one program with an axis of trainings.

The trainings of a group share model, data, batches per epoch and all settings but the seed and `NUMBERS`. Their results
are those of single trainings, up to the rounding of another program.

Axes: J trainings, U updates of an epoch.
"""

import dataclasses
import logging
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from dynax.errors import RunError, UserError
from dynax.training.epochs import PieceLength, Progress, TrainState, finished, order
from dynax.training.numbers import different_numbers, with_numbers
from dynax.training.placement import Placement
from dynax.training.shards import Shards
from dynax.training.stages import FirstOrder, Stage
from dynax.training.training import EpochMetrics, Training
from dynax.training.updates import updates_of

log = logging.getLogger(__name__)

NO_MEMORY = "RESOURCE_EXHAUSTED"  # in a message of JAX


class TrainingGroup:
    """Trainings that share a program. Each of them has its own state, and may end before the others.

    Second-order fine-tuning follows for one training after the other.

    Args:
        trainings: trainings of one `TrainingSet`, whose settings have the same `shared_settings`.

    Raises:
        UserError: if the trainings have different training sets.
    """

    def __init__(self, trainings: Sequence[Training]):
        if any(training.train is not trainings[0].train for training in trainings):
            raise UserError("the trainings of a group must have the same training set: pass one TrainingSet to all")
        self.trainings = list(trainings)
        self.failures: dict[int, RunError] = {}  # errors of the trainings that have diverged
        self._numbers = different_numbers([training.config for training in trainings])
        self._most = len(trainings)  # trainings that the memory of the device suffices for
        self._epoch: _Epoch | None = None  # the epoch that is partly done
        self._programs: dict[tuple[int, int], _Program] = {}  # of the current stage, by stage and number of trainings

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
        epoch, self._epoch = self._epoch, None
        return self._results(members, partial(epoch.end, self.trainings))

    def synchronize(self) -> None:
        """Move the position in the current epoch to the trainings, so that they can be saved."""
        if self._epoch:
            self._epoch.move_to(self.trainings)

    def _left(self) -> list[int]:
        return [i for i, each in enumerate(self.trainings) if each.stage is not None and i not in self.failures]

    def _next_members(self) -> list[int]:
        """Return the trainings of the earliest stage and epoch, as far as the memory suffices."""
        left = self._left()
        place = lambda i: (self.trainings[i].stage.first, self.trainings[i].epoch, self._position(i))  # noqa: E731
        least = min(map(place, left))
        return [i for i in left if place(i) == least][: self._most]

    def _position(self, i: int) -> int:
        progress = self.trainings[i].progress
        return int(progress.position) if isinstance(progress, Progress) else 0

    def _begin(self, members: list[int], stage: Stage) -> "_Epoch":
        """Return the next epoch of the trainings `members`."""
        trainings = [self.trainings[i] for i in members]
        for training in trainings:
            training.begin_stage(stage)
        key = stage.first, len(members)
        if key not in self._programs:  # and free the programs of the previous stage
            self._programs = {other: program for other, program in self._programs.items() if other[0] == stage.first}
            self._programs[key] = _Program(trainings[0], stage, len(members), [*self._numbers])
        program = self._programs[key]
        numbers = {name: values[np.array(members)] for name, values in self._numbers.items()}
        return _Epoch(program, members, trainings, numbers)

    def _split(self, members: list[int], error: Exception) -> None:
        """Train half as many models at once. The current epoch starts again from the states of the trainings."""
        if NO_MEMORY not in str(error):
            raise error
        if len(members) == 1:
            raise UserError(
                "the device has too little memory for one training: decrease training.batch_size"
            ) from error
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


class _Program:
    """The updates of J trainings in a stage. Each device runs those of some trainings.

    Args:
        first: one of the trainings.
        stage: the stage.
        count: number J of trainings.
        names: settings that differ between the trainings.
    """

    def __init__(self, first: Training, stage: Stage, count: int, names: Sequence[str]):
        method = stage.method
        assert isinstance(method, FirstOrder)
        train, config = first.train, first.config
        self.size = size = method.size(train, config)
        self.placement = Placement.of(count)
        self.samples = self.placement.shared(train.samples)
        self.length = PieceLength()
        self.order = jax.jit(jax.vmap(partial(order, batch=size.batch, updates=size.updates), in_axes=(0, None, None)))
        shards = dataclasses.replace(Shards.of(config.shards, size.batch), devices=())

        def of_one(numbers: dict[str, Array], *arguments: Any) -> Any:
            own = with_numbers(config, **numbers)
            rule = method.rule(train, own, shards)
            return updates_of(rule, train.normalization, own, size.updates, shards)(*arguments)

        moving = jax.tree.map(_axis, _moving(first.state))
        axes = dict.fromkeys(names, 0), moving, 0, None, None, 0, 0, None, None
        self.run = self.placement.compile(of_one, axes, (moving, 0), donated=(1, 2))
        self.axes = moving


class _Epoch:
    """An epoch of J trainings.

    Args:
        program: the compiled updates.
        members: numbers of the trainings in their group.
        trainings: the trainings, at the same position of the same epoch.
        numbers: the settings that differ between the trainings, (J,) each.
    """

    def __init__(
        self, program: _Program, members: list[int], trainings: Sequence[Training], numbers: dict[str, np.ndarray]
    ):
        self.members = members
        self._program, self._states = program, [training.state for training in trainings]
        place, size = program.placement, program.size
        starts = [training.progress or Progress(0, np.zeros(size.updates, np.float32)) for training in trainings]
        self._position = int(starts[0].position)
        self._moving = place.stacked([_moving(state) for state in self._states], program.axes)
        self._errors = place.stacked([start.errors for start in starts], 0)
        self._numbers = place.stacked([{name: x[j] for name, x in numbers.items()} for j in range(len(members))], 0)
        keys, epoch = jnp.stack([state.key for state in self._states]), self._states[0].epoch
        self._order = place.stacked([*zip(*program.order(keys, epoch, jnp.asarray(size.ends)), strict=True)], 0)
        self._epoch = place.shared(epoch)

    @property
    def is_complete(self) -> bool:
        """Whether all updates are done."""
        return self._position == self._program.size.updates

    def run_piece(self) -> None:
        """Run about a second of the epoch."""
        program = self._program
        self.__dict__.pop("_now", None)
        with program.length.timed(self._position, program.size.updates) as last:
            self._moving, self._errors = program.run(
                self._numbers, self._moving, self._errors, self._epoch, program.samples, *self._order,
                self._position, last,
            )  # fmt: skip
            jax.block_until_ready(self._errors)
        self._position = last

    def move_to(self, trainings: Sequence[Training]) -> None:
        """Set the states of the trainings of a group, and their positions in the epoch."""
        for i, (state, errors) in zip(self.members, self._now, strict=True):
            trainings[i].restore(state)
            trainings[i].restore_progress(Progress(jnp.int32(self._position), errors))

    def end(self, trainings: Sequence[Training], i: int) -> EpochMetrics:
        """Validate training `i` of a group after the epoch, and return its metrics.

        Raises:
            RunError: if the training has diverged.
        """
        state, errors = self._now[self.members.index(i)]
        stage = trainings[i].stage
        assert stage is not None
        return trainings[i].end_epoch(stage, *finished(state, errors))

    @cached_property
    def _now(self) -> list[tuple[TrainState, Float[Array, " U"]]]:
        """The state and the errors of each training after the last piece."""
        moving, errors = jax.device_get((self._moving, self._errors))
        results = []
        for j, state in enumerate(self._states):
            own = jax.tree.map(lambda x, axis, j=j: jnp.array(x if axis is None else x[j]), moving, self._program.axes)
            params, ema, opt_state = own
            results.append((state.replace(params=params, ema=ema, opt_state=opt_state), jnp.array(errors[j])))
        return results


def _moving(state: TrainState) -> PyTree:
    return state.params, state.ema, state.opt_state


def _axis(leaf: Array) -> int | None:
    """Return the axis of the trainings: none for the counters of the optimizer, which are equal in all trainings.

    A program with different counters would compute both branches of each condition on a counter.
    """
    return None if jnp.issubdtype(leaf.dtype, jnp.integer) else 0
