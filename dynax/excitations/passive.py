"""No excitation: the default action of the robot."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.excitations.excitation import Excitation


@dataclass(frozen=True)
class Passive(Excitation):
    """A difference of zero from the default action, or the nearest value within the action range."""

    def signal(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, action_dim: int
    ) -> Float[np.ndarray, "n t u"]:
        return np.zeros((n, steps, action_dim))

    def __call__(
        self,
        rng: np.random.Generator,
        n: int,
        steps: int,
        dt: float,
        low: Float[np.ndarray, " u"],
        high: Float[np.ndarray, " u"],
    ) -> Float[np.ndarray, "n t u"]:
        return np.clip(self.signal(rng, n, steps, dt, len(low)), low, high)
