"""Test trajectories: simulated by C MuJoCo in float64, independently of the training data and of their backend."""

import logging
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.data.source import TrajectorySource
from dynax.data.trajectories import Trajectories
from dynax.envs.env import Env
from dynax.excitations.passive import Passive
from dynax.excitations.piecewise_constant import PiecewiseConstant
from dynax.excitations.uniform import Uniform

log = logging.getLogger(__name__)

STREAM = 1  # mixed into the seed, so that test sets and datasets with the same seed have different initial states
ACTIONS = {"piecewise_constant": PiecewiseConstant(0.2), "uniform": Uniform(), "passive": Passive()}


@dataclass(frozen=True, eq=False)
class TestSet:
    """Test trajectories. Their first `warmup` steps are before time zero and form the histories of models."""

    __test__ = False  # not a test case, in spite of the name

    trajectories: Trajectories
    warmup: int  # control steps

    def __len__(self) -> int:
        return len(self.trajectories)

    def read(self, start: int, stop: int) -> "TestSet":
        """Return the trajectories `start` to `stop` (exclusive)."""
        states, actions = self.trajectories.states[start:stop], self.trajectories.actions[start:stop]
        return TestSet(Trajectories(states, actions), self.warmup)

    @property
    def steps(self) -> int:
        """Number of control steps from time zero on."""
        return self.trajectories.actions.shape[1] - self.warmup

    @property
    def truth(self) -> Float[np.ndarray, "N steps S"]:
        """True states from time zero on, (N, T + 1, S)."""
        return self.trajectories.states[:, self.warmup :]

    @property
    def actions(self) -> Float[np.ndarray, "N T A"]:
        """Actions from time zero on."""
        return self.trajectories.actions[:, self.warmup :]

    def inputs(self, history: int) -> tuple[Float[np.ndarray, "N {history} S"], Float[np.ndarray, "N steps A"]]:
        """Return the inputs of a rollout that starts at time zero.

        Args:
            history: number of states that the model needs, at most `warmup + 1`.

        Returns:
            The last `history` states up to time zero, and the `history - 1 + T` actions from the first of these states
            on.
        """
        first = self.warmup + 1 - history
        return self.trajectories.states[:, first : self.warmup + 1], self.trajectories.actions[:, first:]


@dataclass(frozen=True, eq=False)
class TestSource:
    """A test set that is simulated when it is read, so that no more than a portion of it is in memory.

    The trajectories do not depend on the sizes of the portions.
    """

    __test__ = False

    source: TrajectorySource
    count: int  # trajectories
    warmup: int  # control steps before time zero

    @classmethod
    def of(cls, env: Env, n: int, seconds: float, seed: int, actions: str, warmup: int) -> "TestSource":
        """Return a source of test trajectories; `make_testset` documents the arguments."""
        steps = warmup + max(1, round(seconds / env.dt))
        stream_seed = int(np.random.SeedSequence((seed, STREAM)).generate_state(1)[0])
        return cls(TrajectorySource(env, ACTIONS[actions], stream_seed, steps), n, warmup)

    def __len__(self) -> int:
        return self.count

    @property
    def steps(self) -> int:
        """Number of control steps from time zero on."""
        return self.source.steps - self.warmup

    def read(self, start: int, stop: int) -> TestSet:
        """Simulate the trajectories `start` to `stop` (exclusive).

        Raises:
            UserError: if the simulation diverges. A single diverging trajectory is drawn again and logged.
        """
        trajectories, redrawn = self.source.trajectories(start, stop, "native")
        if redrawn:
            name = self.source.env.name
            log.warning("%d test trajectories of %s diverged in the simulator and were drawn again", redrawn, name)
        return TestSet(trajectories, self.warmup)


def make_testset(env: Env, n: int, seconds: float, seed: int, actions: str, warmup: int) -> TestSet:
    """Simulate a test set.

    Args:
        env: the robot.
        n: number of trajectories.
        seconds: length of the test after the warm-up, s.
        seed: seed of the initial states and actions.
        actions: `piecewise_constant` (each value lasts 0.2 s), `uniform` (a new value in every control step) or
            `passive`.
        warmup: control steps before time zero.

    Raises:
        UserError: if the simulation diverges. A single diverging trajectory is drawn again and logged.
    """
    return TestSource.of(env, n, seconds, seed, actions, warmup).read(0, n)
