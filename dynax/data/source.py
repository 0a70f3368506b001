"""A source of trajectories: a robot, an excitation and a seed.

Random numbers are drawn in blocks of `BLOCK` trajectories, and every block has its own random stream. Trajectory i
therefore depends neither on the number of trajectories nor on the size of a chunk or of a batch.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

import numpy as np
from jaxtyping import Float

from dynax.data.divergence import cause_of_divergence
from dynax.data.prefetch import prefetch
from dynax.data.simulate import Simulator, diverged, simulate, simulator
from dynax.data.trajectories import Trajectories
from dynax.envs import Env
from dynax.errors import UserError
from dynax.excitations import Excitation
from dynax.excitations.passive import Passive

BLOCK = 32  # trajectories that share a random stream
PREFETCHED_BATCHES = 2  # batches that are simulated while the caller processes one
FAST_DRAWS = 10  # draws of one trajectory with full initial velocities; each later draw is slower
SLOWER = 0.5  # factor of the initial velocities from one slower draw to the next
MAX_DRAWS = 20  # draws of one trajectory; if all of them diverge, the robot cannot be simulated


@dataclass(frozen=True, eq=False)
class TrajectorySource:
    """An endless sequence of trajectories, which the seed determines."""

    env: Env
    excitation: Excitation
    seed: int
    steps: int  # control steps per trajectory

    @property
    def description(self) -> dict[str, Any]:
        """Entries of the manifest besides those of the robot, the excitation, the seed and the length."""
        return {}

    def trajectories(self, start: int, stop: int, backend: str) -> tuple[Trajectories, int]:
        """Simulate the trajectories `start` to `stop` (exclusive) on `backend`.

        MuJoCo's fixed-step integrators can diverge if the robot moves fast. A diverged trajectory is drawn again.

        Returns:
            The trajectories and the number of repeated draws.

        Raises:
            UserError: if all `MAX_DRAWS` draws of a trajectory diverge.
        """
        return self._simulate(start, *self.draw(start, stop), partial(simulate, self.env, backend=backend))

    def batches(self, n: int, size: int, backend: str) -> Iterator[tuple[Trajectories, int]]:
        """Yield the first `n` trajectories in batches of `size`, each with its number of repeated draws.

        Two threads prepare the next batches. While one of them draws numbers or waits for its last trajectories, the
        other one uses the cores.
        """
        spans = [(start, min(start + size, n)) for start in range(0, n, size)]
        idle: SimpleQueue[Simulator] = SimpleQueue()  # a simulator serves one thread at a time

        def make(span: tuple[int, int]) -> tuple[Trajectories, int]:
            run = idle.get()
            try:
                return self._simulate(span[0], *self.draw(*span), run)
            finally:
                idle.put(run)

        with ExitStack() as stack:
            for _ in range(PREFETCHED_BATCHES):
                idle.put(stack.enter_context(simulator(self.env, backend, size)))
            yield from prefetch(make, spans, PREFETCHED_BATCHES)

    def draw(
        self, start: int, stop: int, attempt: int = 0
    ) -> tuple[Float[np.ndarray, "n s"], Float[np.ndarray, "n t u"]]:
        """Draw initial states and actions of the trajectories `start` to `stop` (exclusive).

        After `FAST_DRAWS` draws that diverged, the initial velocities decrease from draw to draw.

        Args:
            attempt: number of earlier draws of these trajectories that diverged.
        """
        first, last = start // BLOCK, -(-stop // BLOCK)
        blocks = [self._draw_block(block, attempt) for block in range(first, last)]
        rows = slice(start - first * BLOCK, stop - first * BLOCK)
        states, actions = (np.concatenate(parts)[rows] for parts in zip(*blocks, strict=True))
        return states, actions

    def _draw_block(self, block: int, attempt: int) -> tuple[Float[np.ndarray, "n s"], Float[np.ndarray, "n t u"]]:
        streams = [np.random.SeedSequence(self.seed, spawn_key=(block, attempt, k)) for k in range(2)]
        reset_rng, action_rng = map(np.random.default_rng, streams)
        default, (low, high) = self.env.default_action, self.env.action_bounds
        moved = slice(0 if isinstance(self.excitation, Passive) else self.env.mj_model.nu, None)
        low, high = low.copy(), high.copy()
        for bound in (low, high):
            bound[moved] -= default[moved]  # of mocap poses, and of controls that do not leave their default
        actions = self.excitation(action_rng, BLOCK, self.steps, self.env.dt, low, high)
        actions[..., moved] += default[moved]
        states, nq = self.env.sample_states(reset_rng, BLOCK), self.env.mj_model.nq
        states[:, nq : nq + self.env.mj_model.nv] *= SLOWER ** max(0, attempt - FAST_DRAWS + 1)
        return states, actions

    def _simulate(
        self, start: int, states: np.ndarray, actions: np.ndarray, run: Simulator
    ) -> tuple[Trajectories, int]:
        """Simulate trajectories from `start` on, and draw those that diverge again, in place."""
        paths, executed = self._paths(range(start, start + len(states)), 0, states, actions, run)
        failed, redrawn = np.flatnonzero(diverged(paths)).tolist(), 0
        for attempt in range(1, MAX_DRAWS):
            if not failed:
                break
            redrawn += len(failed)
            for i in failed:
                states[i : i + 1], actions[i : i + 1] = self.draw(start + i, start + i + 1, attempt)
            numbers = [start + i for i in failed]
            paths[failed], executed[failed] = self._paths(numbers, attempt, states[failed], actions[failed], run)
            failed = [i for i in failed if diverged(paths[i : i + 1])]
        if failed:
            i = failed[0]
            cause = cause_of_divergence(self.env, states[i], executed[i])
            raise UserError(
                f"the simulation of {self.env.name} diverges: trajectory {start + i} diverged in "
                f"{MAX_DRAWS} of {MAX_DRAWS} draws. {cause}. Decrease the timestep, let the constraint solver "
                "converge, shorten the trajectories, or use smaller actions and initial velocities"
            )
        return Trajectories(paths, executed), redrawn

    def _paths(
        self, numbers: Sequence[int], attempt: int, states: np.ndarray, actions: np.ndarray, run: Simulator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the states and the executed actions of trajectories with given numbers."""
        return run(states, actions), actions
