"""What an excitation is: a random signal in [-1, 1], scaled to the range of the actuators.

Axes: n trajectories, t control steps, u actuators.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Excitation(ABC):
    """A family of action signals. The fields of a subclass are the options of its group in `conf/excitation`.

    Times are in seconds, so that one setting serves every control step.
    """

    @property
    def name(self) -> str:
        """The excitation's name: that of the file which defines it."""
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def signal(self, rng: np.random.Generator, n: int, steps: int, dt: float, nu: int) -> np.ndarray:
        """`n` signals (n, t, u) in [-1, 1], an array of their own, at a control step of `dt` s.

        Each trajectory's random numbers are drawn before the next one's, so that the first of many are the same as
        those of a few.
        """

    def __call__(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, low: np.ndarray, high: np.ndarray
    ) -> np.ndarray:
        """Actions (n, t, u), float64, within `low` (u,) and `high` (u,)."""
        actions = self.signal(rng, n, steps, dt, len(low))
        actions *= (high - low) / 2
        actions += (high + low) / 2
        return np.clip(actions, low, high, out=actions)


def steps_of(seconds: float, dt: float) -> int:
    """The whole number of control steps nearest to a time, at least one."""
    return max(1, round(seconds / dt))
