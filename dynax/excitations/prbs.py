"""Pseudo-random binary sequence, whose spectrum is flat up to the clock frequency (Ljung 1999, section 13.3)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.errors import check_range
from dynax.excitations.excitation import Excitation, steps_of


@dataclass(frozen=True)
class Prbs(Excitation):
    """The lowest or the highest action, drawn with equal probability every `clock_period`."""

    clock_period: float = 0.1  # time between two draws, s

    def __post_init__(self):
        super().__post_init__()
        check_range("clock_period", self.clock_period, 0, open_low=True)

    def signal(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, action_dim: int
    ) -> Float[np.ndarray, "n t u"]:
        period = min(steps, steps_of(self.clock_period, dt))
        draws = rng.uniform(-1, 1, (n, -(-steps // period), action_dim))
        return np.repeat(np.where(draws < 0, -1.0, 1.0), period, axis=1)[:, :steps]
