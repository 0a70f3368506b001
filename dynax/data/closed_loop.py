"""Trajectories under a policy: a function from states to actions, mixed with an excitation.

The action of a control step is the weighted mean of the action of the policy and that of the excitation. C MuJoCo
advances all trajectories together, and the policy acts once per period.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float

from dynax.data.simulate import Simulator, diverged, simulate, simulator
from dynax.data.source import BLOCK, TrajectorySource
from dynax.data.trajectories import Trajectories
from dynax.errors import config_section

STREAM = 2  # number of the random stream of a policy; a source uses the streams 0 and 1

# (states since the last call (n, k, s), executed actions since the last call (n, k or 0, u)) -> next actions (n, u)
Act = Callable[[np.ndarray, np.ndarray], np.ndarray]


class BatchPolicy(Protocol):
    """A function from states to actions, for many trajectories at once."""

    repeat: int  # control steps for which the action of the policy is constant
    group: int | None  # trajectories of one call; None is any number

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything that determines the actions, as JSON data for the manifest of a dataset."""
        ...

    def start(self, slots: Sequence[int], streams: Sequence[np.random.SeedSequence]) -> Act:
        """Begin trajectories, and return the function that acts once per period.

        Args:
            slots: slot of each trajectory in its group, from 0 to `group` (exclusive). Without groups, its number.
            streams: random stream of each trajectory.
        """
        ...


@dataclass(frozen=True, eq=False)
class ClosedLoopSource(TrajectorySource):
    """A source whose actions are those of a policy, mixed with the excitation. C MuJoCo simulates the trajectories."""

    policy: BatchPolicy = field(kw_only=True)
    noise: float = field(kw_only=True)  # weight of the excitation in an action, 0 to 1

    @property
    def description(self) -> dict[str, Any]:
        return {"policy": {**self.policy.identity, "noise": self.noise}}

    def trajectories(self, start: int, stop: int, backend: str) -> tuple[Trajectories, int]:
        """Simulate the trajectories `start` to `stop` (exclusive); see `TrajectorySource.trajectories`."""
        return self._simulate(start, *self.draw(start, stop), partial(simulate, self.env, backend="native"))

    def batches(self, n: int, size: int, backend: str) -> Iterator[tuple[Trajectories, int]]:
        """Yield the first `n` trajectories in batches of `size`, each with its number of repeated draws.

        Nothing is prepared in advance, because a policy may use all cores, and need not be safe in threads.
        """
        with simulator(self.env, "native", size) as run:
            for start in range(0, n, size):
                yield self._simulate(start, *self.draw(start, min(start + size, n)), run)

    def _paths(
        self, numbers: Sequence[int], attempt: int, states: np.ndarray, actions: np.ndarray, run: Simulator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Simulate trajectories with given numbers. The given actions are those of the excitation."""
        size = self.policy.group
        groups = np.array(numbers) // size if size else np.zeros(len(numbers), int)
        paths = np.full((len(states), self.steps + 1, self.env.state_dim), np.nan)
        executed = actions.copy()
        for group in np.unique(groups):
            rows = np.flatnonzero(groups == group).tolist()
            chosen = [numbers[row] for row in rows]
            slots = [number % size if size else number for number in chosen]
            streams = [self._stream(number, attempt) for number in chosen]
            act = self.policy.start(slots, streams)
            paths[rows], executed[rows] = self._closed_loop(states[rows], actions[rows], act, run)
        return paths, executed

    def _stream(self, number: int, attempt: int) -> np.random.SeedSequence:
        return np.random.SeedSequence(self.seed, spawn_key=(number // BLOCK, attempt, STREAM, number % BLOCK))

    def _closed_loop(
        self, states: Float[np.ndarray, "n s"], noise: Float[np.ndarray, "n t u"], act: Act, run: Simulator
    ) -> tuple[Float[np.ndarray, "n t1 s"], Float[np.ndarray, "n t u"]]:
        """Return the states and the executed actions. The states of a diverged trajectory are NaN."""
        env, repeat = self.env, self.policy.repeat
        paths, executed = np.full((len(states), self.steps + 1, env.state_dim), np.nan), noise.copy()
        paths[:, 0], previous = states, 0
        for now in range(0, self.steps, repeat):
            end = min(now + repeat, self.steps)
            seen = paths[:, previous + 1 if now else 0 : now + 1]
            valid = ~diverged(seen)
            seen = np.where(valid[:, None, None], seen, env.space.default_state)  # a policy receives no NaN
            with config_section("collect"):
                wanted = np.clip(act(seen, executed[:, previous:now]), *env.action_bounds)
            executed[:, now:end] = (1 - self.noise) * wanted[:, None] + self.noise * noise[:, now:end]
            if valid.any():
                paths[valid, now + 1 : end + 1] = run(paths[valid, now], executed[valid, now:end])[:, 1:]
            previous = now
        return paths, executed
