"""The contract of an excitation: a random signal in [-1, 1], scaled to the range of the actions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.config.options import check_fields
from dynax.config.registries import EXCITATIONS


@dataclass(frozen=True)
class Excitation(ABC):
    """A family of action signals. The fields of a subclass are the options of its group in `conf/excitation`.

    Times are in seconds, so that the options do not depend on the control step.
    """

    def __post_init__(self):
        check_fields(self)

    @property
    def name(self) -> str:
        """The registered name of the excitation."""
        return EXCITATIONS.name_of(type(self))

    @abstractmethod
    def signal(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, action_dim: int
    ) -> Float[np.ndarray, "n t u"]:
        """Draw signals in [-1, 1].

        A subclass draws all random numbers of one trajectory before those of the next. The first trajectories then do
        not depend on the number of trajectories.

        Args:
            rng: random number generator.
            n: number of trajectories.
            steps: number of control steps, t.
            dt: duration of a control step, s.
            action_dim: number of entries of an action, u.

        Returns:
            A new array, which the caller may change.
        """

    def __call__(
        self,
        rng: np.random.Generator,
        n: int,
        steps: int,
        dt: float,
        low: Float[np.ndarray, " u"],
        high: Float[np.ndarray, " u"],
    ) -> Float[np.ndarray, "n t u"]:
        """Draw actions, float64, between `low` and `high`. See `signal` for the other arguments."""
        actions = self.signal(rng, n, steps, dt, len(low))
        actions *= (high - low) / 2
        actions += (high + low) / 2
        return np.clip(actions, low, high, out=actions)


def steps_of(seconds: float, dt: float) -> int:
    """Return the number of control steps nearest to a time, at least one."""
    return max(1, round(seconds / dt))
