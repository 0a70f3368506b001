"""An epoch of several trainings, and the compiled program that runs it.

Axes: J trainings, U updates of an epoch.
"""

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from dynax.training.epochs import PieceLength, Progress, TrainState, order
from dynax.training.numbers import with_numbers
from dynax.training.placement import Placement
from dynax.training.shards import Shards
from dynax.training.stages import FirstOrder, Stage
from dynax.training.training import Training
from dynax.training.updates import updates_of


class GroupProgram:
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


class GroupEpoch:
    """An epoch of J trainings.

    Args:
        program: the compiled updates.
        members: numbers of the trainings in their group.
        trainings: the trainings, at the same position of the same epoch.
        numbers: the settings that differ between the trainings, (J,) each.
    """

    def __init__(
        self, program: GroupProgram, members: list[int], trainings: Sequence[Training], numbers: dict[str, np.ndarray]
    ):
        self.members = members
        self._program, self._states = program, [training.state for training in trainings]
        place, size = program.placement, program.size
        starts = [training.position or Progress(0, np.zeros(size.updates, np.float32)) for training in trainings]
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
        with program.length.timed(self._position, program.size.updates) as last:
            self._moving, self._errors = program.run(
                self._numbers, self._moving, self._errors, self._epoch, program.samples, *self._order,
                self._position, last,
            )  # fmt: skip
            jax.block_until_ready(self._errors)
        self._position = last

    def results(self) -> dict[int, tuple[TrainState, Progress]]:
        """Return the state of each training and its position in the epoch after the last piece, by member."""
        moving, errors = jax.device_get((self._moving, self._errors))
        results = {}
        for j, (i, state) in enumerate(zip(self.members, self._states, strict=True)):
            own = jax.tree.map(lambda x, axis, j=j: jnp.array(x if axis is None else x[j]), moving, self._program.axes)
            params, ema, opt_state = own
            position = Progress(jnp.int32(self._position), jnp.array(errors[j]))
            results[i] = state.replace(params=params, ema=ema, opt_state=opt_state), position
        return results


def _moving(state: TrainState) -> PyTree:
    return state.params, state.ema, state.opt_state


def _axis(leaf: Array) -> int | None:
    """Return the axis of the trainings: none for the counters of the optimizer, which are equal in all trainings.

    A program with different counters would compute both branches of each condition on a counter.
    """
    return None if jnp.issubdtype(leaf.dtype, jnp.integer) else 0
