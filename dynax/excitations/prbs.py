"""Pseudo-random binary sequence: full power, flat up to the clock's frequency (Ljung, System Identification, 13.3)."""

from dataclasses import dataclass

import numpy as np

from dynax.errors import check_range
from dynax.excitations.excitation import Excitation, steps_of


@dataclass(frozen=True)
class Prbs(Excitation):
    """The lowest or the highest action, by the toss of a coin every `clock_period`."""

    clock_period: float = 0.1  # s

    def __post_init__(self):
        check_range("excitation.clock_period", self.clock_period, 0, open_low=True)

    def signal(self, rng: np.random.Generator, n: int, steps: int, dt: float, nu: int) -> np.ndarray:
        period = steps_of(self.clock_period, dt)
        coins = rng.uniform(-1, 1, (n, -(-steps // period), nu))
        return np.repeat(np.where(coins < 0, -1.0, 1.0), period, axis=1)[:, :steps]
