"""White noise. Its band is the widest, and its motion the smallest, because it averages to zero over a few steps."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.excitations.excitation import Excitation


@dataclass(frozen=True)
class Uniform(Excitation):
    """A new uniformly distributed value for every control step."""

    def signal(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, action_dim: int
    ) -> Float[np.ndarray, "n t u"]:
        return rng.uniform(-1, 1, (n, steps, action_dim))
