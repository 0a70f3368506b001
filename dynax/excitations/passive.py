"""Nothing: the robot is left to itself."""

from dataclasses import dataclass

import numpy as np

from dynax.excitations.excitation import Excitation


@dataclass(frozen=True)
class Passive(Excitation):
    """A control of zero, or the nearest the actuator allows."""

    def signal(self, rng: np.random.Generator, n: int, steps: int, dt: float, nu: int) -> np.ndarray:
        return np.zeros((n, steps, nu))

    def __call__(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, low: np.ndarray, high: np.ndarray
    ) -> np.ndarray:
        return np.clip(self.signal(rng, n, steps, dt, len(low)), low, high)
