"""Ornstein-Uhlenbeck noise: a random walk that returns to the middle of the action range."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.errors import check_range
from dynax.excitations.excitation import Excitation


@dataclass(frozen=True)
class Ou(Excitation):
    """The stationary process dx = -x/tau dt + s sqrt(2/tau) dW, sampled exactly, then clipped to the action range.

    x_{t+1} = a x_t + s sqrt(1 - a^2) e_t with a = exp(-dt/tau) and e_t standard normal (Gillespie 1996, eq. 3.1).
    """

    time_constant: float = 0.3  # correlation time tau, s
    std: float = 0.6  # standard deviation s, in halves of the action range

    def __post_init__(self):
        super().__post_init__()
        check_range("time_constant", self.time_constant, 0, open_low=True)
        check_range("std", self.std, 0, open_low=True)

    def signal(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, action_dim: int
    ) -> Float[np.ndarray, "n t u"]:
        decay = np.exp(-dt / self.time_constant)
        path = rng.normal(0, self.std, (n, steps, action_dim))
        path[:, 1:] *= np.sqrt(1 - decay**2)
        lag = 1
        while lag < steps:  # a prefix sum: each pass doubles the number of earlier values in each sum
            path[:, lag:] += decay**lag * path[:, :-lag]
            lag *= 2
        return np.clip(path, -1, 1)
