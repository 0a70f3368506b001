"""Test trajectories, simulated by C MuJoCo in float64: neither the data nor the simulator a model was trained with.

Axes: N trajectories, W warm-up steps, T test steps, S state, A action.
"""

import logging
from dataclasses import dataclass

import numpy as np

from dynax.data.source import Source
from dynax.data.trajectories import Trajectories
from dynax.envs.env import Env
from dynax.excitations.passive import Passive
from dynax.excitations.piecewise_constant import PiecewiseConstant
from dynax.excitations.uniform import Uniform

log = logging.getLogger(__name__)

STREAM = 1  # mixed into the seed, so that a test set never starts where a dataset of the same seed does
ACTIONS = {"piecewise_constant": PiecewiseConstant(0.2), "uniform": Uniform(), "passive": Passive()}


@dataclass(frozen=True, eq=False)
class TestSet:
    """Trajectories whose first `warmup` steps lie before time zero, for models that need a history."""

    trajectories: Trajectories
    warmup: int

    @property
    def truth(self) -> np.ndarray:
        """States (N, T + 1, S) from time zero on."""
        return self.trajectories.states[:, self.warmup :]

    @property
    def actions(self) -> np.ndarray:
        """Actions (N, T, A) from time zero on."""
        return self.trajectories.actions[:, self.warmup :]

    def given(self, history: int) -> tuple[np.ndarray, np.ndarray]:
        """What a model of `history` states is given at time zero: states (N, h, S), actions (N, h - 1 + T, A)."""
        first = self.warmup + 1 - history
        return self.trajectories.states[:, first : self.warmup + 1], self.trajectories.actions[:, first:]


def make_testset(env: Env, n: int, seconds: float, seed: int, actions: str, warmup: int) -> TestSet:
    """`n` trajectories of `seconds` after `warmup` control steps, under `actions` `held` (0.2 s), `iid` or `passive`.

    Those that the simulator itself loses before the end are drawn again, and counted in the log.
    """
    steps = warmup + max(1, round(seconds / env.dt))
    own = int(np.random.SeedSequence((seed, STREAM)).generate_state(1)[0])
    trajectories, redrawn = Source(env, ACTIONS[actions], own, steps).trajectories(0, n, "native")
    if redrawn:
        log.warning(
            "%d test trajectories of %s diverged in the simulator itself and were drawn again", redrawn, env.name
        )
    return TestSet(trajectories, warmup)
