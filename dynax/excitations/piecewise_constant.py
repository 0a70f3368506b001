"""A piecewise constant signal (zero-order hold), as from a slow controller."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.errors import check_range
from dynax.excitations.excitation import Excitation, steps_of


@dataclass(frozen=True)
class PiecewiseConstant(Excitation):
    """A uniformly distributed value, constant for `hold_time`."""

    hold_time: float = 0.2  # duration of a value, s

    def __post_init__(self):
        super().__post_init__()
        check_range("hold_time", self.hold_time, 0, open_low=True)

    def signal(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, action_dim: int
    ) -> Float[np.ndarray, "n t u"]:
        hold = min(steps, steps_of(self.hold_time, dt))
        return np.repeat(rng.uniform(-1, 1, (n, -(-steps // hold), action_dim)), hold, axis=1)[:, :steps]
