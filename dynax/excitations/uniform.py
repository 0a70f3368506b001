"""White noise: the widest band, and the least motion, since it averages to nothing over a few steps."""

from dataclasses import dataclass

import numpy as np

from dynax.excitations.excitation import Excitation


@dataclass(frozen=True)
class Uniform(Excitation):
    """A value drawn uniformly for every control step."""

    def signal(self, rng: np.random.Generator, n: int, steps: int, dt: float, nu: int) -> np.ndarray:
        return rng.uniform(-1, 1, (n, steps, nu))
