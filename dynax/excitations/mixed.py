"""All random excitations in equal shares: the default, whose data cover a large part of the state space."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.errors import UserError, check_range
from dynax.excitations.excitation import Excitation
from dynax.excitations.ou import Ou
from dynax.excitations.piecewise_constant import PiecewiseConstant
from dynax.excitations.prbs import Prbs
from dynax.excitations.sines import Sines
from dynax.excitations.uniform import Uniform


@dataclass(frozen=True)
class Mixed(Excitation):
    """One excitation per trajectory: uniform, piecewise constant for each of `hold_times`, PRBS, OU noise, or sines.

    The order is a sequence of random permutations, so that the shares are equal. All other options have the defaults
    of their excitation.
    """

    hold_times: tuple[float, ...] = (0.05, 0.2)  # hold times of the piecewise constant excitations, s

    def __post_init__(self):
        super().__post_init__()
        if not self.hold_times:
            raise UserError("hold_times=[] must contain at least one time in seconds", "hold_times")
        for seconds in self.hold_times:
            check_range("hold_times", seconds, 0, open_low=True)

    @property
    def parts(self) -> tuple[Excitation, ...]:
        """The excitations, each with an equal share of the trajectories."""
        return (Uniform(), *(PiecewiseConstant(seconds) for seconds in self.hold_times), Prbs(), Ou(), Sines())

    def signal(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, action_dim: int
    ) -> Float[np.ndarray, "n t u"]:
        parts = self.parts
        order, *streams = rng.spawn(1 + len(parts))  # one stream per part, so that parts do not depend on each other
        cycles = np.tile(np.arange(len(parts)), (-(-n // len(parts)), 1))
        chosen = order.permuted(cycles, axis=1).ravel()[:n]
        signals = np.empty((n, steps, action_dim))
        for k, (part, stream) in enumerate(zip(parts, streams, strict=True)):
            rows = np.flatnonzero(chosen == k)
            signals[rows] = part.signal(stream, len(rows), steps, dt, action_dim)
        return signals
