"""Sums of sines: smooth motion at several frequencies."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.errors import check_range
from dynax.excitations.excitation import Excitation


@dataclass(frozen=True)
class Sines(Excitation):
    """A sum of sines with random phases, weights and log-uniform frequencies. The largest absolute value is 1."""

    waves: int = 4  # number of sines
    lowest_frequency: float = 0.1  # Hz
    highest_frequency: float = 3.0  # Hz

    def __post_init__(self):
        super().__post_init__()
        check_range("waves", self.waves, 1, 10_000)
        check_range("lowest_frequency", self.lowest_frequency, 0, open_low=True)
        check_range("highest_frequency", self.highest_frequency, self.lowest_frequency)

    def signal(
        self, rng: np.random.Generator, n: int, steps: int, dt: float, action_dim: int
    ) -> Float[np.ndarray, "n t u"]:
        draws = rng.uniform(0, 1, (n, 3, self.waves, action_dim))
        phase, weight, octave = np.moveaxis(draws, (1, 3), (0, 2))  # each (n, u, waves)
        frequency = self.lowest_frequency * (self.highest_frequency / self.lowest_frequency) ** octave
        # exp(w (i stride + j)) = exp(w i stride) exp(w j): two factors of about sqrt(t) values replace t exponentials
        stride = math.isqrt(steps - 1) + 1
        exponent = 2j * np.pi * dt * frequency[..., None] * np.arange(stride)  # (n, u, waves, stride)
        start = (weight * np.exp(2j * np.pi * phase))[..., None]
        path = np.matmul((start * np.exp(stride * exponent)).swapaxes(2, 3), np.exp(exponent)).imag  # (n, u, i, j)
        path = path.reshape(n, action_dim, stride**2)[..., :steps].swapaxes(1, 2)
        return path / np.maximum(np.abs(path).max(axis=1, keepdims=True), 1e-12)
