"""Every excitation in equal shares: data that cover the state space, and the default."""

from dataclasses import dataclass

import numpy as np

from dynax.errors import UserError, check_range
from dynax.excitations.excitation import Excitation
from dynax.excitations.ou import Ou
from dynax.excitations.piecewise_constant import PiecewiseConstant
from dynax.excitations.prbs import Prbs
from dynax.excitations.sines import Sines
from dynax.excitations.uniform import Uniform


@dataclass(frozen=True)
class Mixed(Excitation):
    """One kind a trajectory, in random order: white noise, a staircase for each of `hold_times`, PRBS, OU, sines.

    The order is one random permutation of the kinds after another. Apart from `hold_times`, each has its own defaults.
    """

    hold_times: tuple[float, ...] = (0.05, 0.2)  # s

    def __post_init__(self):
        if not self.hold_times:
            raise UserError("excitation.hold_times=[] must name at least one time, s")
        for seconds in self.hold_times:
            check_range("excitation.hold_times", seconds, 0, open_low=True)

    @property
    def kinds(self) -> tuple[Excitation, ...]:
        return (Uniform(), *(PiecewiseConstant(seconds) for seconds in self.hold_times), Prbs(), Ou(), Sines())

    def signal(self, rng: np.random.Generator, n: int, steps: int, dt: float, nu: int) -> np.ndarray:
        kinds = self.kinds
        order, *streams = rng.spawn(1 + len(kinds))  # a stream a kind: none depends on how many of the others there are
        rounds = np.tile(np.arange(len(kinds)), (-(-n // len(kinds)), 1))
        chosen = order.permuted(rounds, axis=1).ravel()[:n]
        signals = np.empty((n, steps, nu))
        for k, (kind, stream) in enumerate(zip(kinds, streams, strict=True)):
            rows = np.flatnonzero(chosen == k)
            signals[rows] = kind.signal(stream, len(rows), steps, dt, nu)
        return signals
