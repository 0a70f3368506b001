"""Sums of sines: smooth motion at several frequencies at once."""

import math
from dataclasses import dataclass

import numpy as np

from dynax.errors import check_range
from dynax.excitations.excitation import Excitation


@dataclass(frozen=True)
class Sines(Excitation):
    """`waves` sines of random phase, weight and (log-uniform) frequency, their sum scaled to reach a bound once."""

    waves: int = 4
    lowest_frequency: float = 0.1  # Hz
    highest_frequency: float = 3.0  # Hz

    def __post_init__(self):
        check_range("excitation.waves", self.waves, 1)
        check_range("excitation.lowest_frequency", self.lowest_frequency, 0, open_low=True)
        check_range("excitation.highest_frequency", self.highest_frequency, self.lowest_frequency)

    def signal(self, rng: np.random.Generator, n: int, steps: int, dt: float, nu: int) -> np.ndarray:
        phase, weight, octave = np.moveaxis(rng.uniform(0, 1, (n, 3, self.waves, nu)), (1, 3), (0, 2))  # each (n, u, w)
        frequency = self.lowest_frequency * (self.highest_frequency / self.lowest_frequency) ** octave
        stride = math.isqrt(steps - 1) + 1  # a sine at a time i stride + j is a product of i's and j's: fewer of them
        turns = 2j * np.pi * dt * frequency[..., None] * np.arange(stride)  # (n, u, w, i or j)
        start = (weight * np.exp(2j * np.pi * phase))[..., None]
        path = np.matmul((start * np.exp(stride * turns)).swapaxes(2, 3), np.exp(turns)).imag  # (n, u, i, j)
        path = path.reshape(n, nu, stride**2)[..., :steps].swapaxes(1, 2)
        return path / np.maximum(np.abs(path).max(axis=1, keepdims=True), 1e-12)
