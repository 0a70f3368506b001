"""Ornstein-Uhlenbeck noise: a push that wanders, with a memory of `time_constant`."""

from dataclasses import dataclass

import numpy as np

from dynax.errors import check_range
from dynax.excitations.excitation import Excitation


@dataclass(frozen=True)
class Ou(Excitation):
    """The stationary process dx = -x/tau dt + s sqrt(2/tau) dW, sampled exactly, then cut to the actuators' range.

    x_{t+1} = a x_t + s sqrt(1 - a^2) e_t with a = exp(-dt/tau) and e_t standard normal (Gillespie 1996, eq. 3.1).
    """

    time_constant: float = 0.3  # tau, s
    std: float = 0.6  # s, in halves of the action range

    def __post_init__(self):
        check_range("excitation.time_constant", self.time_constant, 0, open_low=True)
        check_range("excitation.std", self.std, 0, open_low=True)

    def signal(self, rng: np.random.Generator, n: int, steps: int, dt: float, nu: int) -> np.ndarray:
        keep = np.exp(-dt / self.time_constant)
        path = rng.normal(0, self.std, (n, steps, nu))
        path[:, 1:] *= np.sqrt(1 - keep**2)
        past = 1
        while past < steps:  # how many of the values before it each has taken in doubles every time
            path[:, past:] += keep**past * path[:, :-past]
            past *= 2
        return np.clip(path, -1, 1)
