"""Where trajectories come from: a robot, what drives it, and a seed.

Random numbers come in blocks of `BLOCK` trajectories, each with a stream of its own: trajectory i is the same whatever
the number of trajectories, the size of a chunk or the number simulated at once.

Axes: n trajectories, t control steps, s state coordinates [qpos, qvel], u actuators.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

import numpy as np

from dynax.data.simulate import Simulator, diverged, simulate, simulator
from dynax.data.trajectories import Trajectories
from dynax.envs import Env
from dynax.errors import UserError
from dynax.excitations import Excitation

BLOCK = 32
AHEAD = 2  # batches
ATTEMPTS = 20  # draws of a trajectory before its robot counts as one that cannot be simulated

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Source:
    """An endless sequence of trajectories, the same for the same seed."""

    env: Env
    excitation: Excitation
    seed: int
    steps: int  # control steps of a trajectory

    def trajectories(self, start: int, stop: int, backend: str) -> tuple[Trajectories, int]:
        """The trajectories `start` to `stop`, and how many of them had to be drawn again.

        A simulator of fixed step can lose a robot that moves fast enough; such a trajectory says nothing of the robot,
        and another takes its place. Raises `UserError` where that does not help.
        """
        return self._simulated(start, *self.draw(start, stop), partial(simulate, self.env, backend=backend))

    def batches(self, n: int, size: int, backend: str) -> Iterator[tuple[Trajectories, int]]:
        """The first `n` trajectories as `trajectories` has them, `size` at a time.

        While the caller is busy with some, `AHEAD` others are drawn and simulated at once: where one of those waits for
        its draws, or for its last trajectories, the cores work on the other.
        """
        spans = [(start, min(start + size, n)) for start in range(0, n, size)]
        free: SimpleQueue[Simulator] = SimpleQueue()  # a simulator is one thread's at a time

        def made(span: tuple[int, int]) -> tuple[Trajectories, int]:
            run = free.get()
            try:
                return self._simulated(span[0], *self.draw(*span), run)
            finally:
                free.put(run)

        with ExitStack() as stack:
            for _ in range(AHEAD):
                free.put(stack.enter_context(simulator(self.env, backend, size)))
            yield from prefetch(made, spans, AHEAD)

    def _simulated(
        self, start: int, states: np.ndarray, actions: np.ndarray, run: Simulator
    ) -> tuple[Trajectories, int]:
        """The trajectories from `start` on that were drawn as `states` and `actions`, or others in their places."""
        paths = run(states, actions)
        lost, redrawn = np.flatnonzero(diverged(paths)).tolist(), 0
        for attempt in range(1, ATTEMPTS):
            if not lost:
                break
            redrawn += len(lost)
            for i in lost:
                states[i : i + 1], actions[i : i + 1] = self.draw(start + i, start + i + 1, attempt)
            paths[lost] = run(states[lost], actions[lost])
            lost = [i for i in lost if diverged(paths[i : i + 1])]
        if lost:
            raise UserError(
                f"the simulation of {self.env.name} diverges: "
                f"trajectory {start + lost[0]} did {ATTEMPTS} times out of {ATTEMPTS}; "
                "a smaller timestep, a constraint solver that converges, shorter trajectories, "
                "or milder actions and resets would help"
            )
        return Trajectories(paths, actions), redrawn

    def draw(self, start: int, stop: int, attempt: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Initial states (n, s) and actions (n, t, u) of the trajectories `start` to `stop`."""
        first, last = start // BLOCK, -(-stop // BLOCK)
        blocks = [self._block(b, attempt) for b in range(first, last)]
        rows = slice(start - first * BLOCK, stop - first * BLOCK)
        states, actions = (np.concatenate(parts)[rows] for parts in zip(*blocks, strict=True))
        return states, actions

    def _block(self, block: int, attempt: int) -> tuple[np.ndarray, np.ndarray]:
        key = (block, attempt)
        resets, signals = (
            np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(*key, k))) for k in range(2)
        )
        low, high = self.env.action_bounds - self.env.default_action
        actions = self.excitation(signals, BLOCK, self.steps, self.env.dt, low, high)
        nu = self.env.mj_model.nu
        actions[..., nu:] += self.env.default_action[nu:]  # that of an actuator is zero
        return self.env.sample_states(resets, BLOCK), actions


def prefetch(make: Callable[[S], T], of: Iterable[S], count: int) -> Iterator[T]:
    """What `make` makes of each item, in order; `count` of them are being made while the caller is busy with one."""
    with ThreadPoolExecutor(count) as others:
        coming: deque[Future[T]] = deque()
        for item in of:
            coming.append(others.submit(make, item))
            if len(coming) > count:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
